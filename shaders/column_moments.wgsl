// Σr, the weighted mean m = Σ r·x / Σr and Σ r·(x − m)² of every column, in one pass over X: each thread goes through some rows of
// four columns (Welford 1962, West 1979) and leaves its three quads; a second launch, MERGE, brings those together in their order
// (Chan, Golub & LeVeque 1983). Nothing is squared before a mean is taken off, so columns far from zero lose nothing, and a column
// that is constant has a sum of squares of exactly 0.

// Threads in a workgroup.
override THREADS: u32;
// Element type of X: 0 f32, 1 u8, 2 f16.
override FORMAT: u32;
// Rows count by their weight; else 1 each.
override HAS_WEIGHT: bool;
// Read what the first launches left, and write the result.
override MERGE: bool;

struct Parameters {
  rows: u32,           // rows of X in this launch; merging, parts in all
  quads: u32,          // quads of columns
  columns: u32,
  x_offset: u32,       // quads to the first row
  x_stride: u32,       // quads from one row to the next
  weight_offset: u32,  // values to the first row's weight
  parts: u32,          // threads that share the rows of a column, interleaved
  first_part: u32,     // parts of the launches before
  out_offset: u32,     // quads
  out_stride: u32,     // quads from one row of the result to the next
  scale: f32,          // a value of X is element · scale + offset
  offset: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read> row_weight: array<f32>;
// Three quads a part and quad of columns; the result when merging.
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

const MOST_STEPS = 0x40000000u;

struct Moments { mean: vec4f, squares: vec4f, weight: f32 }

fn word(index: u32) -> u32 { return x[index >> 2u][index & 3u]; }

fn value_at(at: u32) -> vec4f {
  var value: vec4f;
  if (FORMAT == 0u) {
    value = bitcast<vec4f>(x[at]);
  } else if (FORMAT == 2u) {
    value = vec4f(unpack2x16float(word(2u * at)), unpack2x16float(word(2u * at + 1u)));
  } else {
    let bytes = word(at);
    value = vec4f(vec4u(bytes, bytes >> 8u, bytes >> 16u, bytes >> 24u) & vec4u(0xffu));
  }
  return value * parameters.scale + parameters.offset;
}

fn moments_of_rows(quad: u32, part: u32) -> Moments {
  var sum = Moments(vec4f(0.0), vec4f(0.0), 0.0);
  for (var i = 0u; i < MOST_STEPS; i++) {
    let row = part + i * parameters.parts;
    if (row >= parameters.rows) { break; }
    var weight = 1.0;
    if (HAS_WEIGHT) { weight = row_weight[parameters.weight_offset + row]; }
    // Absent, whatever its values are.
    if (weight == 0.0) { continue; }
    let value = value_at(parameters.x_offset + row * parameters.x_stride + quad);
    // The first value is the mean itself, not a quotient near it.
    if (sum.weight == 0.0) {
      sum = Moments(value, vec4f(0.0), weight);
      continue;
    }
    sum.weight += weight;
    let before = value - sum.mean;
    sum.mean += before * (weight / sum.weight);
    sum.squares += weight * before * (value - sum.mean);
  }
  return sum;
}

fn merged_parts(quad: u32) -> Moments {
  var sum = Moments(vec4f(0.0), vec4f(0.0), 0.0);
  for (var part = 0u; part < MOST_STEPS; part++) {
    if (part >= parameters.rows) { break; }
    let at = parameters.x_offset + 3u * (part * parameters.quads + quad);
    let weight = bitcast<f32>(x[at + 2u].x);
    if (weight == 0.0) { continue; }
    let mean = bitcast<vec4f>(x[at]);
    let squares = bitcast<vec4f>(x[at + 1u]);
    if (sum.weight == 0.0) {
      sum = Moments(mean, squares, weight);
      continue;
    }
    let total = sum.weight + weight;
    let share = weight / total;
    let apart = mean - sum.mean;
    sum.squares += squares + apart * apart * (sum.weight * share);
    sum.mean += apart * share;
    sum.weight = total;
  }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let item = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  let quad = item % parameters.quads;
  let part = item / parameters.quads;
  if (part >= parameters.parts) { return; }
  if (!MERGE) {
    let found = moments_of_rows(quad, part);
    let at = parameters.out_offset + 3u * ((parameters.first_part + part) * parameters.quads + quad);
    out[at] = found.mean;
    out[at + 1u] = found.squares;
    out[at + 2u] = vec4f(found.weight);
    return;
  }
  let total = merged_parts(quad);
  // Padding stays zero: a byte's is its offset.
  let inside = vec4u(4u * quad) + vec4u(0u, 1u, 2u, 3u) < vec4u(parameters.columns);
  let at = parameters.out_offset + quad;
  out[at] = select(vec4f(0.0), total.mean, inside);
  out[at + parameters.out_stride] = select(vec4f(0.0), total.squares, inside);
  out[at + 2u * parameters.out_stride] = select(vec4f(0.0), vec4f(total.weight), inside);
}
