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
  quads_per_part: u32,      // quads of rows that fall to one workgroup
  parts: u32,               // workgroups that have rows
  classes: u32,
  label_offset: u32,        // quads
  class_weight_offset: u32, // values
  row_weight_offset: u32,   // quads
  out_offset: u32,          // quads
  ignored: i32,             // label of rows to leave out
}

@group(0) @binding(0) var<storage, read> labels: array<vec4i>;
@group(0) @binding(1) var<storage, read> class_weight: array<f32>;
@group(0) @binding(2) var<storage, read> row_weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// (Σ, faults) of each thread.
var<workgroup> sums: array<vec2f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let part = workgroup.y * launched.x + workgroup.x;
  if (part >= parameters.parts) { return; }
  let end = min((parameters.rows + 3u) / 4u, (part + 1u) * parameters.quads_per_part);
  var sum = vec2f(0.0);
  for (var quad = part * parameters.quads_per_part + thread; quad < end; quad += THREADS) {
    // The padding behind the last row counts for nothing.
    var counts = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(parameters.rows);
    var weight = vec4f(1.0);
    if (HAS_ROW_WEIGHT) { weight = row_weight[parameters.row_weight_offset + quad]; }
    if (HAS_LABELS) {
      let label = labels[parameters.label_offset + quad];
      counts = counts & (label != vec4i(parameters.ignored)) & (label >= vec4i(0)) & (label < vec4i(i32(parameters.classes)));
      if (HAS_CLASS_WEIGHT) {
        // Of a label that is no class any weight is read, and none is counted.
        let at = vec4u(clamp(label, vec4i(0), vec4i(i32(parameters.classes) - 1))) + parameters.class_weight_offset;
        weight *= vec4f(class_weight[at.x], class_weight[at.y], class_weight[at.z], class_weight[at.w]);
      }
    }
    let finite = (bitcast<vec4u>(weight) & vec4u(0x7fffffffu)) <= vec4u(0x7f7fffffu);
    sum += vec2f(dot(select(vec4f(0.0), weight, counts & finite), vec4f(1.0)),
                 dot(select(vec4f(1.0), vec4f(0.0), finite | !counts), vec4f(1.0)));
  }
  sums[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { sums[thread] += sums[thread + width]; }
  }
  if (thread == 0u) { out[parameters.out_offset + part] = vec4f(sums[0].x, 0.0, 0.0, sums[0].y); }
}
