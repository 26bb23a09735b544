// Σ_i r[i] · w[y[i]] over the rows that count: what a weighted mean divides by.
//
// Each workgroup takes a run of rows and leaves one quad (Σ, 0, 0, weights that are not finite), to be added up by who reads
// them. Weights that are not finite are found by their bits and left out; a label that is `ignored` or no class counts for nothing.

// Threads in a workgroup, a power of two.
override THREADS: u32;
// Without labels w counts for nothing.
override HAS_LABELS: bool;
override HAS_CLASS_WEIGHT: bool;
override HAS_ROW_WEIGHT: bool;

struct Parameters {
  rows: u32,
  rows_per_part: u32,       // rows that fall to one workgroup
  parts: u32,               // workgroups that have rows
  classes: u32,
  label_offset: u32,        // index of the first label
  class_weight_offset: u32, // values
  row_weight_offset: u32,   // values
  out_offset: u32,          // quads
  ignored: i32,             // label of rows to leave out
}

@group(0) @binding(0) var<storage, read> labels: array<i32>;
@group(0) @binding(1) var<storage, read> class_weight: array<f32>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// (Σ, faults) of each thread.
var<workgroup> sums: array<vec2f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let part = workgroup.y * launched.x + workgroup.x;
  if (part >= parameters.parts) { return; }
  let end = min(parameters.rows, (part + 1u) * parameters.rows_per_part);
  var sum = vec2f(0.0);
  for (var row = part * parameters.rows_per_part + thread; row < end; row += THREADS) {
    var weight = 1.0;
    if (HAS_ROW_WEIGHT) { weight = row_weight[parameters.row_weight_offset + row]; }
    if (HAS_LABELS) {
      let label = labels[parameters.label_offset + row];
      if (label == parameters.ignored || label < 0 || label >= i32(parameters.classes)) {
        weight = 0.0;
      } else if (HAS_CLASS_WEIGHT) {
        weight *= class_weight[parameters.class_weight_offset + u32(label)];
      }
    }
    if ((bitcast<u32>(weight) & 0x7fffffffu) > 0x7f7fffffu) { sum.y += 1.0; } else { sum.x += weight; }
  }
  sums[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { sums[thread] += sums[thread + width]; }
  }
  if (thread == 0u) { out[parameters.out_offset + part] = vec4f(sums[0].x, 0.0, 0.0, sums[0].y); }
}
