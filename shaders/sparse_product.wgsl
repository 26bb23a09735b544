// out[line] (+)= alpha · Σ_p values[p] · B[indices[p]] + bias      p from starts[line] on, B: f32 [m × columns]
//
// Lines are the rows of a sparse X, and B is W: X·W. Or they are its columns, and B is G: Xᵀ·G, where every line is summed by
// its owner in the order of X's rows, without atomics. With a list, line i is written to row lines[i], so that empty columns
// take no thread and those of like length stand together.
// One item is one quad of one line. LANES threads share it: each takes every LANES-th value, and lane 0 adds up the lanes.
// What lies outside this launch's block of B or of `out` is left to the launches for the other blocks.

// Threads in a workgroup, a multiple of LANES.
override THREADS: u32;
// Threads that share one item; 1 needs no barrier.
override LANES: u32;
// Lines are named by a list; otherwise line i is row i.
override LISTED: bool;

struct Parameters {
  first: u32,          // first line of this launch
  count: u32,          // lines of this launch
  quads: u32,          // quads in a row of `out`
  values_offset: u32,  // elements to values[0]
  indices_offset: u32, // likewise
  starts_offset: u32,
  lines_offset: u32,
  b_first: u32,        // first row of B in this block
  b_rows: u32,         // rows of B in this block
  b_offset: u32,       // quads to the block's first row
  b_stride: u32,       // quads from row to row
  out_first: u32,      // likewise
  out_rows: u32,
  out_offset: u32,
  out_stride: u32,
  bias_offset: u32,    // quads to the bias row
  has_bias: u32,       // 1: add the bias
  accumulate: u32,     // 1: add to what `out` holds
  alpha: f32,
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> lines: array<u32>;
@group(0) @binding(4) var<storage, read> b: array<vec4f>;
@group(0) @binding(5) var<storage, read> bias: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

// The lanes' sums.
var<workgroup> shared_sums: array<vec4f, THREADS>;

// No line is longer: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  // Neighbouring threads have neighbouring quads of a line; lanes lie `items_here` threads apart.
  let items_here = THREADS / LANES;
  let lane = thread / items_here;
  let item = (workgroup.y * launched.x + workgroup.x) * items_here + thread % items_here;
  let quad = item % parameters.quads;
  let position = parameters.first + item / parameters.quads;
  var line = position;
  var sum = vec4f(0.0);
  // Threads beyond the last item have nothing to sum, but wait at the barrier like the others.
  var mine = item / parameters.quads < parameters.count;
  if (mine) {
    if (LISTED) { line = lines[parameters.lines_offset + position]; }
    line -= parameters.out_first;
    mine = line < parameters.out_rows;
  }
  if (mine) {
    let begin = starts[parameters.starts_offset + position] + lane;
    let end = starts[parameters.starts_offset + position + 1u];
    for (var step = 0u; step < MOST_STEPS; step++) {
      let p = begin + step * LANES;
      if (p >= end) { break; }
      let row = indices[parameters.indices_offset + p] - parameters.b_first;
      if (row < parameters.b_rows) {
        sum += values[parameters.values_offset + p] * b[parameters.b_offset + row * parameters.b_stride + quad];
      }
    }
  }
  if (LANES > 1u) {
    shared_sums[thread] = sum;
    // Lane 0 adds up what the other lanes have shared.
    workgroupBarrier();
    if (lane == 0u) {
      for (var l = 1u; l < LANES; l++) { sum += shared_sums[l * items_here + thread]; }
    }
  }
  if (!mine || lane > 0u) { return; }
  // Padding of B and of the bias is zero, so that of `out` is.
  var value = parameters.alpha * sum;
  if (parameters.has_bias == 1u) { value += bias[parameters.bias_offset + quad]; }
  let at = parameters.out_offset + line * parameters.out_stride + quad;
  if (parameters.accumulate == 1u) { value += out[at]; }
  out[at] = value;
}
