// g ← f · (g + l2·θ) (l2 on penalised quads only), f = limit / max(‖g + l2·θ‖₂, limit): no longer than `limit`, in the same direction
// (Pascanu, Mikolov & Bengio 2013). A gradient that is not finite is penalised only.
//
// Squares of what is below 2⁻⁵⁰ or above 2⁵⁰ are summed apart, scaled by powers of two, so that none of them vanishes or grows past
// the highest float (Blue 1978). Few quads are summed and scaled by one workgroup; of many, one launch leaves the sums of each
// workgroup, and in the next one every workgroup adds all of these up, in the same order, and scales its quads.

// Threads in a workgroup, a power of two.
override THREADS: u32;
// 0: sums and scales, 1: leaves its sum, 2: scales by the sums that are there.
override PART: u32;

struct Parameters {
  quads: u32,           // quads of θ
  penalised: u32,       // the first quads of θ, to which l2 applies; the intercept comes after them
  per_group: u32,       // quads of a workgroup
  groups: u32,
  weights_offset: u32,  // quads
  gradient_offset: u32, // quads
  sums_offset: u32,     // quads
  l2: f32,
  limit: f32,           // > 0 and finite
}

@group(0) @binding(0) var<storage, read> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> gradient: array<vec4f>;
// Of each workgroup: (Σ of small squares · 2¹⁴⁰, Σ of squares, Σ of large squares · 2⁻¹⁴⁰, values that are not finite).
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

const SMALL = 0x1p-50f;
const LARGE = 0x1p50f;
const UP = 0x1p70f;
const DOWN = 0x1p-70f;

var<workgroup> staged: array<vec4f, THREADS>;

fn penalised(quad: u32) -> vec4f {
  let g = gradient[parameters.gradient_offset + quad];
  if (quad >= parameters.penalised) { return g; }
  return g + parameters.l2 * weights[parameters.weights_offset + quad];
}

fn squares(g: vec4f) -> vec4f {
  let size = abs(g);
  // By bits: comparisons with NaN cannot be relied upon on real devices.
  let sound = (bitcast<vec4u>(g) & vec4u(0x7fffffffu)) <= vec4u(0x7f7fffffu);
  let is_small = size < vec4f(SMALL);
  let is_large = size > vec4f(LARGE);
  let small = select(vec4f(0.0), size * UP, is_small & sound);
  let middle = select(size, vec4f(0.0), is_small | is_large | !sound);
  let large = select(vec4f(0.0), size * DOWN, is_large & sound);
  let faults = select(vec4f(1.0), vec4f(0.0), sound);
  return vec4f(dot(small, small), dot(middle, middle), dot(large, large), dot(faults, vec4f(1.0)));
}

// (‖g‖ · s, s): the norm, by a power of two s in which it is no longer than float32 holds.
fn norm_of(sum: vec4f) -> vec2f {
  if (sum.z > 0.0) {
    let beside = sqrt(sum.y) * DOWN;
    return vec2f(sqrt(sum.z + beside * beside), DOWN);
  }
  if (sum.y > 0.0) {
    let beside = sqrt(sum.x) * DOWN;
    return vec2f(sqrt(sum.y + beside * beside), 1.0);
  }
  return vec2f(sqrt(sum.x), UP);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.groups) { return; }
  let begin = id * parameters.per_group;
  let end = min(parameters.quads, begin + parameters.per_group);
  var sum = vec4f(0.0);
  if (PART == 2u) {
    for (var group = thread; group < parameters.groups; group += THREADS) { sum += sums[parameters.sums_offset + group]; }
  } else {
    for (var quad = begin + thread; quad < end; quad += THREADS) { sum += squares(penalised(quad)); }
  }
  staged[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] += staged[thread + width]; }
  }
  if (PART == 1u) {
    if (thread == 0u) { sums[parameters.sums_offset + id] = staged[0]; }
    return;
  }
  // The sum over all threads is complete before they read it.
  workgroupBarrier();
  let norm = norm_of(staged[0]);
  // No norm in units of 2⁻⁷⁰ is as long as 2⁵⁷, which keeps the product finite.
  var limit = parameters.limit;
  if (norm.y > 1.0) { limit = min(limit, 0x1p57f); }
  let is_short = norm.x <= limit * norm.y;
  let stays = is_short || staged[0].w > 0.0;
  for (var quad = begin + thread; quad < end; quad += THREADS) {
    let g = penalised(quad);
    var left = g;
    // Divided first: the limit may be so small beside the norm that their quotient is 0.
    if (!stays) { left = parameters.limit * (g * norm.y / norm.x); }
    gradient[parameters.gradient_offset + quad] = left;
  }
}
