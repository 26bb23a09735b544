// out[i] = r[i] · w[y[i]], 0 for an ignored row: what each row contributes to the denominator of a weighted mean.

// Threads in a workgroup.
override THREADS: u32;
override HAS_CLASS_WEIGHT: bool;
override HAS_ROW_WEIGHT: bool;

struct Parameters {
  rows: u32,
  classes: u32,
  label_offset: u32,        // index of the first label
  class_weight_offset: u32, // values
  row_weight_offset: u32,   // values
  out_offset: u32,          // values
  ignored: i32,             // label of rows to leave out
}

@group(0) @binding(0) var<storage, read> labels: array<i32>;
@group(0) @binding(1) var<storage, read> class_weight: array<f32>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let row = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (row >= (parameters.rows + 3u) / 4u * 4u) { return; }
  // The padding of the last quad is written as zero.
  var weight = 0.0;
  if (row < parameters.rows) {
    let label = labels[parameters.label_offset + row];
    if (label != parameters.ignored && label >= 0 && label < i32(parameters.classes)) {
      weight = 1.0;
      if (HAS_CLASS_WEIGHT) { weight = class_weight[parameters.class_weight_offset + u32(label)]; }
      if (HAS_ROW_WEIGHT) { weight *= row_weight[parameters.row_weight_offset + row]; }
    }
  }
  out[parameters.out_offset + row] = weight;
}
