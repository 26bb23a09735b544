// The two-loop recursion of L-BFGS on inner products alone (Liu & Nocedal 1989; Chen, Wang & Zhou 2014): the direction −H·g as
// coefficients of the stacked vectors, H₀ = γI with γ = sᵀy / yᵀy of the newest pair. Takes the newest pair in when it has
// curvature, forgets all pairs when no descent is left, and sets up the line search.
// One workgroup. Thread j keeps s_jᵀq, then y_jᵀr, while the loops go through the pairs. Where no fresh direction is wanted
// the threads go along and write nothing.

// Threads in the workgroup, at least PAIRS.
override THREADS: u32;
// m, pairs that the memory holds.
override PAIRS: u32;
// A pair is kept when sᵀy > this · ‖s‖ · ‖y‖.
override LEAST_CURVATURE: f32;

// Loops go by these numbers, not by overrides: some compilers unroll loops of known length, which takes them minutes here.
struct Parameters {
  pairs: u32,               // m
  chunks: u32,              // rows of partial products
  trials: u32,              // trial steps in a launch, at most
  gram_stride: u32,         // values from row to row
  products_offset: u32,     // quads
  gram_offset: u32,         // values
  state_offset: u32,        // states
  coefficients_offset: u32, // values
  coefficients_length: u32, // values, padding included
  highest: f32,             // stands for "none yet"
}

// For each stacked vector v: sᵀv, yᵀv, gᵀv.
@group(0) @binding(0) var<storage, read> products: array<vec4f>;
// s_iᵀy_j, then y_iᵀy_j; a pair counts when its own s_iᵀy_i is positive.
@group(0) @binding(1) var<storage, read_write> gram: array<f32>;
@group(0) @binding(3) var<storage, read_write> coefficients: array<f32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

var<workgroup> sums: array<vec4f, 2 * PAIRS + 1>;
var<workgroup> sy: array<f32, PAIRS * PAIRS>;
var<workgroup> yy: array<f32, PAIRS * PAIRS>;
var<workgroup> alpha: array<f32, PAIRS>;
// α − β
var<workgroup> factor: array<f32, PAIRS>;

// 2^min(0, −2·⌊log₂ √squares⌋), from the bits of the number: logarithms are not exact at powers of two.
fn steepest_length(squares: f32) -> f32 {
  let exponent = i32((bitcast<u32>(sqrt(squares)) >> 23u) & 0xffu) - 127;
  return bitcast<f32>(u32(clamp(-2 * exponent, -126, 0) + 127) << 23u);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  if (workgroup.y * launched.x + workgroup.x > 0u) { return; }
  let m = parameters.pairs;
  let s = parameters.state_offset;
  let fresh = states[s].fresh == 1.0;
  let forget = states[s].failed == 1.0;
  let slot = u32(states[s].slot);
  for (var r = thread; r < 2u * m + 1u; r += THREADS) {
    var sum = vec4f(0.0);
    for (var chunk = 0u; chunk < parameters.chunks; chunk++) {
      sum += products[parameters.products_offset + chunk * (2u * m + 1u) + r];
    }
    sums[r] = sum;
  }
  for (var e = thread; e < m * m; e += THREADS) {
    let at = parameters.gram_offset + (e / m) * parameters.gram_stride + e % m;
    sy[e] = gram[at];
    yy[e] = gram[at + m * parameters.gram_stride];
  }
  // All sums and products are in place before the newest pair's are put among them.
  workgroupBarrier();
  let own = thread;
  if (own < m) {
    let curvature = sums[slot].y;
    let least = LEAST_CURVATURE * sqrt(sums[slot].x) * sqrt(sums[m + slot].y);
    let sound = finite(curvature) && finite(least) && curvature > least;
    if (own != slot) {
      sy[own * m + slot] = sums[own].y;
      sy[slot * m + own] = sums[m + own].x;
      yy[slot * m + own] = sums[m + own].y;
    } else {
      sy[slot * m + slot] = select(0.0, curvature, sound);
    }
    yy[own * m + slot] = sums[m + own].y;
    if (forget) { sy[own * m + own] = 0.0; }
  }
  // The products are complete before the loops read those of all pairs.
  workgroupBarrier();

  var projection = 0.0;
  if (own < m) { projection = sums[own].z; }
  for (var age = 0u; age < m; age++) {
    let i = (slot + m - age) % m;
    let square = sy[i * m + i];
    if (own == i) { alpha[i] = select(0.0, projection / select(1.0, square, square > 0.0), square > 0.0); }
    // α of this pair is written before all take its share off their projections.
    workgroupBarrier();
    if (own < m && alpha[i] != 0.0) { projection -= alpha[i] * sy[own * m + i]; }
  }
  var gamma = 0.0;
  var pairs = 0.0;
  for (var age = 0u; age < m; age++) {
    let i = (slot + m - age) % m;
    let square = sy[i * m + i];
    if (square > 0.0) {
      if (pairs == 0.0) { gamma = square / yy[i * m + i]; }
      pairs += 1.0;
    }
  }
  if (own < m) {
    projection = gamma * sums[m + own].z;
    for (var i = 0u; i < m; i++) {
      if (alpha[i] != 0.0) { projection -= gamma * alpha[i] * yy[own * m + i]; }
    }
  }
  for (var age = 0u; age < m; age++) {
    let i = (slot + 1u + age) % m;
    let square = sy[i * m + i];
    if (own == i) { factor[i] = select(0.0, alpha[i] - projection / select(1.0, square, square > 0.0), square > 0.0); }
    // The factor of this pair is written before all add its share to their projections.
    workgroupBarrier();
    if (own < m && factor[i] != 0.0) { projection += factor[i] * sy[i * m + own]; }
  }
  var slope = -gamma * sums[2u * m].z;
  for (var i = 0u; i < m; i++) {
    if (alpha[i] != 0.0) { slope += gamma * alpha[i] * sums[m + i].z; }
    if (factor[i] != 0.0) { slope -= factor[i] * sums[i].z; }
  }
  let descends = pairs > 0.0 && finite(slope) && slope < 0.0;
  if (!fresh) { return; }

  for (var r = thread; r < parameters.coefficients_length; r += THREADS) {
    var value = 0.0;
    if (r == 2u * m) {
      value = -steepest_length(sums[2u * m].z);
      if (descends) { value = -gamma; }
    } else if (descends && r < m) {
      value = -factor[r];
    } else if (descends && r < 2u * m) {
      value = gamma * alpha[r - m];
    }
    coefficients[parameters.coefficients_offset + r] = value;
  }
  for (var e = thread; e < m * m; e += THREADS) {
    let to = parameters.gram_offset + (e / m) * parameters.gram_stride + e % m;
    gram[to] = select(sy[e], 0.0, !descends && e / m == e % m);
    gram[to + m * parameters.gram_stride] = yy[e];
  }
  if (thread > 0u) { return; }
  states[s].pairs = select(0.0, pairs, descends);
  // A pair that does not count is written over.
  if (descends && sy[slot * m + slot] > 0.0) { states[s].slot = f32((slot + 1u) % m); }
  states[s].failed = 0.0;
  states[s].low = 0.0;
  states[s].high = parameters.highest;
  states[s].best_step = 0.0;
  states[s].best_slope = parameters.highest;
  states[s].launches = 0.0;
  // Of the plain gradient's length nothing is known: the curvature at 0 tells the first step.
  states[s].trials = select(1.0, f32(parameters.trials), descends);
  for (var trial = 0u; trial < parameters.trials; trial++) {
    states[s].steps[trial] = select(0.0, spread(trial), descends);
  }
}
