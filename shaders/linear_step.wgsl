// P[g] = (Σ_i x_i ⊗ dz_i, Σ_i dz_i, (Σ_i ℓ_i, Σ_i weight_i, 0, faulty rows)) over the rows of workgroup g: loss and gradient
// of a linear softmax model in one launch, X [n×d] read from memory once.      z_i = x_i·W + b,   dz_i = r_i · (T_i·p_i − t_i)
//
// A workgroup takes a block of rows at a time: forward, lanes sharing each row's features; softmax and loss, a thread a row, in
// workgroup memory; then the gradient, where a thread owns 4·FEATURE_QUADS features × a group of classes and finds the block's
// rows in the cache. The gradient stays in registers from block to block while there is one slab of features to a thread.
// linear_finish adds the P[g] up in order. Targets t and their weights are those of cross_entropy, and so are the protections:
// a row with a label that is no class, or with a logit or weight that is not finite, is counted as faulty and makes the
// gradient NaN; a row that counts for nothing is left out whatever it holds.

// Threads in a workgroup: CLASS_GROUPS × row groups × LANES.
override THREADS: u32;
// Threads that share the features of a row going forward, a power of two.
override LANES: u32;
// Lanes whose sums one thread adds up, a power of two.
override SEGMENT: u32;
// Quads of rows that a thread takes going forward: 1 or 2.
override ROW_QUADS: u32;
// Quads of features that a thread owns going backward: 1 or 2.
override FEATURE_QUADS: u32;
// Rows in a block: 4 · ROW_QUADS · THREADS / (LANES · CLASS_GROUPS).
override ROWS: u32;
// Quads of classes: in a row of W, and of those in a thread's group: so many whole ones, 0 … 4, and perhaps half of one.
override CLASS_QUADS: u32;
override WHOLE_QUADS: u32;
override HALF_QUAD: bool;
// Groups that the classes are split into: 1, or 2 beyond 16 classes.
override CLASS_GROUPS: u32;
// One slab: a thread owns the same features of every block. Otherwise their sums wait in memory between blocks.
override ONE_SLAB: bool;
// Threads that share the sum of one quad of dz.
override BIAS_SEGMENTS: u32;
// Elements of X: 0 f32, 1 f16, 2 bytes.
override FORMAT: u32;
// Values of X are element · scale + offset, each of them; otherwise element · scale, and sums are scaled instead.
override DECODE: bool;
// The number of features is no multiple of 4: the last quad's rest means nothing.
override RAGGED: bool;
override HAS_BIAS: bool;
// Rows are order[first], order[first + 1], …
override ORDERED: bool;
override SOFT: bool;
override HAS_CLASS_WEIGHT: bool;
override HAS_ROW_WEIGHT: bool;

struct Parameters {
  rows: u32,           // rows of this launch
  blocks: u32,         // of ROWS rows
  features: u32,
  classes: u32,
  x_offset: u32,       // quads to the first row of X that is bound
  x_stride: u32,       // quads from row to row
  x_first: u32,        // number of that row; rows of the order that are not bound here are left out
  x_rows: u32,         // rows that are bound
  theta_offset: u32,   // quads to W
  bias_offset: u32,    // quads to b
  target_offset: u32,  // SOFT: quads to the targets of row 0; else index of the label of row 0
  target_stride: u32,
  weight_offset: u32,  // index of the weight of row 0
  class_weight_offset: u32, // quads
  order_offset: u32,   // index of the first row number
  partial_offset: u32, // quads to the first of P
  partial_stride: u32, // quads from one of P to the next
  ignored: i32,        // label of rows to leave out
  not_a_number: u32,   // the bits of NaN, which WGSL cannot spell
  smoothing: f32,      // ε
  scale: f32,
  offset: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read> theta: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> targets: array<vec4u>;
@group(0) @binding(4) var<storage, read> row_weight: array<f32>;
@group(0) @binding(5) var<storage, read> class_weight: array<vec4f>;
@group(0) @binding(6) var<storage, read> order: array<u32>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(8) var<uniform> parameters: Parameters;

// Most negative finite number: WGSL promises nothing about infinities.
const LOWEST = -0x1.fffffep+127f;
const HIGHEST = 0x1.fffffep+127f;
// No sum is longer: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
// In place of where a row begins: it counts for nothing.
const ABSENT = 0xffffffffu;

// Where each row of the block begins in X.
var<workgroup> starts: array<u32, ROWS>;
// [row][segment of lanes][quad of classes]: shares of the logits; then, in segment 0, powers of e and at last dz.
var<workgroup> z: array<vec4f, ROWS * (LANES / SEGMENT) * CLASS_QUADS>;
// Two of a value for each thread: one is written while the other is read.
var<workgroup> shares: array<vec4f, 2 * THREADS>;

// Four features of a row, from where the row begins.
fn features_at(start: u32, quad: u32) -> vec4f {
  let index = start + quad;
  var value: vec4f;
  if (FORMAT == 0u) {
    value = bitcast<vec4f>(x[index]);
  } else if (FORMAT == 1u) {
    let half_index = (index & 1u) * 2u;
    let low = x[index >> 1u][half_index];
    let high = x[index >> 1u][half_index + 1u];
    value = vec4f(unpack2x16float(low), unpack2x16float(high));
  } else {
    let word = x[index >> 2u][index & 3u];
    // As signed integers, which convert in one instruction where unsigned ones take several.
    value = vec4f(vec4i(vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu)));
  }
  if (DECODE) { value = value * parameters.scale + parameters.offset; }
  if (RAGGED) {
    let inside = vec4u(quad * 4u) + FOUR < vec4u(parameters.features);
    value = bitcast<vec4f>(select(vec4u(0u), bitcast<vec4u>(value), inside));
  }
  return value;
}

// A row that counts for nothing has no features, even where they are not finite.
fn counted_features(start: u32, quad: u32) -> vec4f {
  if (FORMAT == 2u) { return features_at(select(start, parameters.x_offset, start == ABSENT), quad); }
  let value = features_at(select(start, parameters.x_offset, start == ABSENT), quad);
  return bitcast<vec4f>(select(bitcast<vec4u>(value), vec4u(0u), vec4<bool>(start == ABSENT)));
}

// Four features' weights for a quad of classes: vector e belongs to the feature.
fn weights_at(feature_quad: u32, class_quad: u32) -> mat4x4f {
  var row = vec4u(feature_quad * 4u) + FOUR;
  if (RAGGED) { row = min(row, vec4u(parameters.features - 1u)); }
  let at = parameters.theta_offset + row * CLASS_QUADS + min(class_quad, CLASS_QUADS - 1u);
  return mat4x4f(theta[at.x], theta[at.y], theta[at.z], theta[at.w]);
}

// sum + Σ_e m[e] · factors[e], in this order.
fn plus_products(sum: vec4f, m: mat4x4f, factors: vec4f) -> vec4f {
  return sum + m[0] * factors.x + m[1] * factors.y + m[2] * factors.z + m[3] * factors.w;
}

// Vector v of the result: that of `sum` plus m times vector v of `factors`.
fn accumulate(sum: mat4x4f, m: mat4x4f, factors: mat4x4f) -> mat4x4f {
  return mat4x4f(plus_products(sum[0], m, factors[0]), plus_products(sum[1], m, factors[1]),
                 plus_products(sum[2], m, factors[2]), plus_products(sum[3], m, factors[3]));
}

fn plus_half_products(sum: vec2f, m: mat4x4f, factors: vec4f) -> vec2f {
  return sum + m[0].xy * factors.x + m[1].xy * factors.y + m[2].xy * factors.z + m[3].xy * factors.w;
}

fn accumulate_half(sum: mat4x2f, m: mat4x4f, factors: mat4x4f) -> mat4x2f {
  return mat4x2f(plus_half_products(sum[0], m, factors[0]), plus_half_products(sum[1], m, factors[1]),
                 plus_half_products(sum[2], m, factors[2]), plus_half_products(sum[3], m, factors[3]));
}

fn whole(m: mat4x2f) -> mat4x4f {
  return mat4x4f(vec4f(m[0], 0.0, 0.0), vec4f(m[1], 0.0, 0.0), vec4f(m[2], 0.0, 0.0), vec4f(m[3], 0.0, 0.0));
}

// Where a thread's share of the logits belongs.
struct Place {
  thread: u32,
  row: u32,         // the first of its rows in the block
  class_quad: u32,  // the first of its quads of classes
}

// Adds up a quad of one row over the lanes that share the row.
fn share(place: Place, parity: u32, row: u32, quad: u32, value: vec4f) {
  if (LANES == 1u) {
    let class_quad = place.class_quad + quad;
    if (class_quad < CLASS_QUADS) { z[(place.row + row) * CLASS_QUADS + class_quad] = value; }
    return;
  }
  let half = parity * THREADS;
  shares[half + place.thread] = value;
  // All lanes have written before their sum is taken. The other half is read no more: its readers have passed the last barrier.
  workgroupBarrier();
  if (place.thread < THREADS / SEGMENT) {
    // Threads begin at different lanes, so that they ask different banks of the memory.
    var sum = vec4f(0.0);
    for (var i = 0u; i < SEGMENT; i++) {
      sum += shares[half + place.thread * SEGMENT + ((i + place.thread) & (SEGMENT - 1u))];
    }
    let segments = LANES / SEGMENT;
    let group = place.thread / segments;
    let row_groups = THREADS / (LANES * CLASS_GROUPS);
    let class_quad = (group / row_groups) * WHOLE_QUADS + quad;
    let of_block = (group % row_groups) * 4u * ROW_QUADS + row;
    if (class_quad < CLASS_QUADS) { z[(of_block * segments + place.thread % segments) * CLASS_QUADS + class_quad] = sum; }
  }
}

fn share_rows(place: Place, first: u32, quad: u32, m: mat4x4f) {
  share(place, 0u, first, quad, m[0]);
  share(place, 1u, first + 1u, quad, m[1]);
  share(place, 0u, first + 2u, quad, m[2]);
  share(place, 1u, first + 3u, quad, m[3]);
}

// z − m for z ≤ m, at least −128: halved first, so that the difference of two huge numbers stays finite. exp(−128) is 0.
fn below(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * max(0.5 * values - 0.5 * maximum, vec4f(-64.0));
}

// m − z for z ≤ m, at most the highest float.
fn gap(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * min(0.5 * maximum - 0.5 * values, vec4f(0.5 * HIGHEST));
}

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  let column = vec4u(quad * 4u) + FOUR;
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(column) == vec4i(label));
  }
  var t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.classes);
  if (HAS_CLASS_WEIGHT) { t *= class_weight[parameters.class_weight_offset + quad]; }
  return select(vec4f(0.0), t, column < vec4u(parameters.classes));
}

// The number of a row of this launch, counted in all of X.
fn row_at(index: u32) -> u32 {
  if (ORDERED) { return order[parameters.order_offset + min(index, parameters.rows - 1u)]; }
  return parameters.x_first + min(index, parameters.rows - 1u);
}

// Turns the logits of one row of the block into dz. Returns (loss, weight in the mean's denominator, 0, 1 if faulty).
fn softmax_row(block: u32, row_of_block: u32) -> vec4f {
  let index = block * ROWS + row_of_block;
  let row = row_at(index);
  let first = row_of_block * (LANES / SEGMENT) * CLASS_QUADS;
  var counts = index < parameters.rows && row - parameters.x_first < parameters.x_rows;
  var label = 0i;
  var weight = 1.0;
  var share_of_mean = 1.0;
  var fault = false;
  if (!SOFT) {
    let at = parameters.target_offset + row;
    label = bitcast<i32>(targets[at >> 2u][at & 3u]);
    let known = label >= 0 && label < i32(parameters.classes);
    counts = counts && label != parameters.ignored;
    fault = !known;
    if (HAS_CLASS_WEIGHT && known) {
      share_of_mean = class_weight[parameters.class_weight_offset + (u32(label) >> 2u)][u32(label) & 3u];
    }
  }
  if (HAS_ROW_WEIGHT) {
    weight = row_weight[parameters.weight_offset + row];
    // By bits: `!=` is false for NaN on real devices, and the row would pass for one that does not count.
    let size = bitcast<u32>(weight) & 0x7fffffffu;
    counts = counts && size != 0u;
    fault = fault || size > 0x7f7fffffu;
  }

  var maximum = LOWEST;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    var sum = z[first + quad];
    for (var s = 1u; s < LANES / SEGMENT; s++) { sum += z[first + s * CLASS_QUADS + quad]; }
    if (!DECODE) { sum *= parameters.scale; }
    if (HAS_BIAS) { sum += bias[parameters.bias_offset + quad]; }
    let values = select(vec4f(LOWEST), sum, vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
    maximum = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
    z[first + quad] = values;
  }
  var sum = 0.0;
  var distance = 0.0;
  var total = 0.0;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = z[first + quad];
    let t = target_weights(row, label, quad);
    distance += dot(t, gap(values, maximum));
    total += dot(t, vec4f(1.0));
    let e = select(vec4f(0.0), exp(below(values, maximum)), vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    sum += dot(e, vec4f(1.0));
    z[first + quad] = e;
  }
  fault = fault && counts;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let gradient = weight * (total * (z[first + quad] / sum) - target_weights(row, label, quad));
    let inside = vec4u(quad * 4u) + FOUR < vec4u(parameters.classes);
    let kept = select(vec4f(0.0), gradient, inside & vec4<bool>(counts));
    z[first + quad] = bitcast<vec4f>(
      select(bitcast<vec4u>(kept), vec4u(parameters.not_a_number), inside & vec4<bool>(fault)));
  }
  if (!counts) {
    starts[row_of_block] = ABSENT;
    return vec4f(0.0);
  }
  let loss = weight * (total * log(sum) + distance);
  let finite = !fault && (bitcast<u32>(loss) & 0x7fffffffu) <= 0x7f7fffffu;
  // What is not finite would hide what the other rows add up to.
  if (finite) { return vec4f(loss, weight * share_of_mean, 0.0, 0.0); }
  return vec4f(0.0, 0.0, 0.0, 1.0);
}

// dz of four rows of the block for a quad of classes.
fn gradient_at(row_quad: u32, class_quad: u32) -> mat4x4f {
  let step = (LANES / SEGMENT) * CLASS_QUADS;
  let at = row_quad * 4u * step + min(class_quad, CLASS_QUADS - 1u);
  return mat4x4f(z[at], z[at + step], z[at + 2u * step], z[at + 3u * step]);
}

// Four features' sums for a quad of classes, where they wait between blocks and in the end.
fn sums_at(first: u32, feature_quad: u32, class_quad: u32) -> mat4x4f {
  let at = first + feature_quad * 4u * CLASS_QUADS + class_quad;
  return mat4x4f(partials[at], partials[at + CLASS_QUADS], partials[at + 2u * CLASS_QUADS], partials[at + 3u * CLASS_QUADS]);
}

fn write_sums(first: u32, feature_quad: u32, class_quad: u32, sums: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  let at = first + feature_quad * 4u * CLASS_QUADS + class_quad;
  let rest = parameters.features - min(parameters.features, feature_quad * 4u);
  if (rest > 0u) { partials[at] = sums[0]; }
  if (rest > 1u) { partials[at + CLASS_QUADS] = sums[1]; }
  if (rest > 2u) { partials[at + 2u * CLASS_QUADS] = sums[2]; }
  if (rest > 3u) { partials[at + 3u * CLASS_QUADS] = sums[3]; }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let group = thread / LANES;
  let row_groups = THREADS / (LANES * CLASS_GROUPS);
  let place = Place(thread, (group % row_groups) * 4u * ROW_QUADS, (group / row_groups) * WHOLE_QUADS);
  let feature_quads = (parameters.features + 3u) / 4u;
  let own_partial = parameters.partial_offset + workgroup.x * parameters.partial_stride;
  let items = (feature_quads + FEATURE_QUADS - 1u) / FEATURE_QUADS * CLASS_GROUPS;
  let bias_quad = thread % CLASS_QUADS;
  let bias_segment = thread / CLASS_QUADS;

  // Features' sums: g for the first quad of features, h for the second.
  var g0 = mat4x4f(); var g1 = mat4x4f(); var g2 = mat4x4f(); var g3 = mat4x4f(); var g_half = mat4x2f();
  var h0 = mat4x4f(); var h1 = mat4x4f(); var h2 = mat4x4f(); var h3 = mat4x4f(); var h_half = mat4x2f();
  var bias_sum = vec4f(0.0);
  var summary = vec4f(0.0);

  for (var round = 0u; round < MOST_STEPS; round++) {
    let block = round * launched.x + workgroup.x;
    if (block >= parameters.blocks) { break; }
    for (var i = 0u; i < (ROWS + THREADS - 1u) / THREADS; i++) {
      let row_of_block = i * THREADS + thread;
      if (row_of_block < ROWS) {
        // Rows that are not bound here are read as the first one, and left out by softmax_row.
        let local = row_at(block * ROWS + row_of_block) - parameters.x_first;
        starts[row_of_block] = parameters.x_offset + select(0u, local, local < parameters.x_rows) * parameters.x_stride;
      }
    }
    // All threads know where the rows begin before they read them.
    workgroupBarrier();

    {
      var a0 = mat4x4f(); var a1 = mat4x4f(); var a2 = mat4x4f(); var a3 = mat4x4f(); var a_half = mat4x2f();
      var b0 = mat4x4f(); var b1 = mat4x4f(); var b2 = mat4x4f(); var b3 = mat4x4f(); var b_half = mat4x2f();
      let at = vec4u(starts[place.row], starts[place.row + 1u], starts[place.row + 2u], starts[place.row + 3u]);
      var more = at;
      if (ROW_QUADS > 1u) {
        more = vec4u(starts[place.row + 4u], starts[place.row + 5u], starts[place.row + 6u], starts[place.row + 7u]);
      }
      for (var step = 0u; step < MOST_STEPS; step++) {
        let quad = step * LANES + lane;
        if (quad >= feature_quads) { break; }
        let x0 = mat4x4f(features_at(at.x, quad), features_at(at.y, quad), features_at(at.z, quad), features_at(at.w, quad));
        var x1 = mat4x4f();
        if (ROW_QUADS > 1u) {
          x1 = mat4x4f(features_at(more.x, quad), features_at(more.y, quad), features_at(more.z, quad), features_at(more.w, quad));
        }
        if (WHOLE_QUADS > 0u) {
          let w = weights_at(quad, place.class_quad);
          a0 = accumulate(a0, w, x0);
          if (ROW_QUADS > 1u) { b0 = accumulate(b0, w, x1); }
        }
        if (WHOLE_QUADS > 1u) {
          let w = weights_at(quad, place.class_quad + 1u);
          a1 = accumulate(a1, w, x0);
          if (ROW_QUADS > 1u) { b1 = accumulate(b1, w, x1); }
        }
        if (WHOLE_QUADS > 2u) {
          let w = weights_at(quad, place.class_quad + 2u);
          a2 = accumulate(a2, w, x0);
          if (ROW_QUADS > 1u) { b2 = accumulate(b2, w, x1); }
        }
        if (WHOLE_QUADS > 3u) {
          let w = weights_at(quad, place.class_quad + 3u);
          a3 = accumulate(a3, w, x0);
          if (ROW_QUADS > 1u) { b3 = accumulate(b3, w, x1); }
        }
        if (HALF_QUAD) {
          let w = weights_at(quad, place.class_quad + WHOLE_QUADS);
          a_half = accumulate_half(a_half, w, x0);
          if (ROW_QUADS > 1u) { b_half = accumulate_half(b_half, w, x1); }
        }
      }
      if (WHOLE_QUADS > 0u) { share_rows(place, 0u, 0u, a0); if (ROW_QUADS > 1u) { share_rows(place, 4u, 0u, b0); } }
      if (WHOLE_QUADS > 1u) { share_rows(place, 0u, 1u, a1); if (ROW_QUADS > 1u) { share_rows(place, 4u, 1u, b1); } }
      if (WHOLE_QUADS > 2u) { share_rows(place, 0u, 2u, a2); if (ROW_QUADS > 1u) { share_rows(place, 4u, 2u, b2); } }
      if (WHOLE_QUADS > 3u) { share_rows(place, 0u, 3u, a3); if (ROW_QUADS > 1u) { share_rows(place, 4u, 3u, b3); } }
      if (HALF_QUAD) {
        share_rows(place, 0u, WHOLE_QUADS, whole(a_half));
        if (ROW_QUADS > 1u) { share_rows(place, 4u, WHOLE_QUADS, whole(b_half)); }
      }
    }
    // All shares of a row's logits are written before its thread adds them up.
    workgroupBarrier();
    for (var i = 0u; i < (ROWS + THREADS - 1u) / THREADS; i++) {
      let row_of_block = i * THREADS + thread;
      if (row_of_block < ROWS) { summary += softmax_row(block, row_of_block); }
    }
    // dz is complete, and so are the marks of absent rows, before they are used.
    workgroupBarrier();

    if (bias_segment < BIAS_SEGMENTS) {
      for (var i = 0u; i < (ROWS + BIAS_SEGMENTS - 1u) / BIAS_SEGMENTS; i++) {
        let row_of_block = i * BIAS_SEGMENTS + bias_segment;
        if (row_of_block < ROWS) { bias_sum += z[row_of_block * (LANES / SEGMENT) * CLASS_QUADS + bias_quad]; }
      }
    }
    for (var slab = 0u; slab < MOST_STEPS; slab++) {
      let item = slab * THREADS + thread;
      if (item >= items) { break; }
      let quad = item / CLASS_GROUPS * FEATURE_QUADS;
      let next_quad = min(quad + 1u, feature_quads - 1u);
      let class_quad = item % CLASS_GROUPS * WHOLE_QUADS;
      if (!ONE_SLAB) {
        g0 = mat4x4f(); g1 = mat4x4f(); g2 = mat4x4f(); g3 = mat4x4f(); g_half = mat4x2f();
        h0 = mat4x4f(); h1 = mat4x4f(); h2 = mat4x4f(); h3 = mat4x4f(); h_half = mat4x2f();
      }
      for (var step = 0u; step < ROWS / 4u; step++) {
        let at = vec4u(starts[step * 4u], starts[step * 4u + 1u], starts[step * 4u + 2u], starts[step * 4u + 3u]);
        let x0 = transpose(mat4x4f(counted_features(at.x, quad), counted_features(at.y, quad),
                                   counted_features(at.z, quad), counted_features(at.w, quad)));
        var x1 = mat4x4f();
        if (FEATURE_QUADS > 1u) {
          x1 = transpose(mat4x4f(counted_features(at.x, next_quad), counted_features(at.y, next_quad),
                                 counted_features(at.z, next_quad), counted_features(at.w, next_quad)));
        }
        if (WHOLE_QUADS > 0u) {
          let d = gradient_at(step, class_quad);
          g0 = accumulate(g0, d, x0);
          if (FEATURE_QUADS > 1u) { h0 = accumulate(h0, d, x1); }
        }
        if (WHOLE_QUADS > 1u) {
          let d = gradient_at(step, class_quad + 1u);
          g1 = accumulate(g1, d, x0);
          if (FEATURE_QUADS > 1u) { h1 = accumulate(h1, d, x1); }
        }
        if (WHOLE_QUADS > 2u) {
          let d = gradient_at(step, class_quad + 2u);
          g2 = accumulate(g2, d, x0);
          if (FEATURE_QUADS > 1u) { h2 = accumulate(h2, d, x1); }
        }
        if (WHOLE_QUADS > 3u) {
          let d = gradient_at(step, class_quad + 3u);
          g3 = accumulate(g3, d, x0);
          if (FEATURE_QUADS > 1u) { h3 = accumulate(h3, d, x1); }
        }
        if (HALF_QUAD) {
          let d = gradient_at(step, class_quad + WHOLE_QUADS);
          g_half = accumulate_half(g_half, d, x0);
          if (FEATURE_QUADS > 1u) { h_half = accumulate_half(h_half, d, x1); }
        }
      }
      let last = block + launched.x >= parameters.blocks;
      if (ONE_SLAB && !last) { continue; }
      var scale = 1.0;
      if (!DECODE) { scale = parameters.scale; }
      for (var f = 0u; f < FEATURE_QUADS; f++) {
        let second = f == 1u;
        let feature_quad = quad + f;
        var s0 = scale * g0; var s1 = scale * g1; var s2 = scale * g2; var s3 = scale * g3; var s4 = scale * whole(g_half);
        if (FEATURE_QUADS > 1u && second) { s0 = scale * h0; s1 = scale * h1; s2 = scale * h2; s3 = scale * h3; s4 = scale * whole(h_half); }
        if (feature_quad < feature_quads) {
          if (!ONE_SLAB && round > 0u) {
            if (WHOLE_QUADS > 0u) { s0 += sums_at(own_partial, feature_quad, class_quad); }
            if (WHOLE_QUADS > 1u) { s1 += sums_at(own_partial, feature_quad, class_quad + 1u); }
            if (WHOLE_QUADS > 2u) { s2 += sums_at(own_partial, feature_quad, class_quad + 2u); }
            if (WHOLE_QUADS > 3u) { s3 += sums_at(own_partial, feature_quad, class_quad + 3u); }
            if (HALF_QUAD) { s4 += sums_at(own_partial, feature_quad, class_quad + WHOLE_QUADS); }
          }
          if (WHOLE_QUADS > 0u) { write_sums(own_partial, feature_quad, class_quad, s0); }
          if (WHOLE_QUADS > 1u) { write_sums(own_partial, feature_quad, class_quad + 1u, s1); }
          if (WHOLE_QUADS > 2u) { write_sums(own_partial, feature_quad, class_quad + 2u, s2); }
          if (WHOLE_QUADS > 3u) { write_sums(own_partial, feature_quad, class_quad + 3u, s3); }
          if (HALF_QUAD) { write_sums(own_partial, feature_quad, class_quad + WHOLE_QUADS, s4); }
        }
      }
    }
    // The block's dz and starts have been read before the next block's take their place.
    workgroupBarrier();
  }

  shares[thread] = summary;
  shares[THREADS + thread] = bias_sum;
  // Every thread's sums are written before they are added up.
  workgroupBarrier();
  let after_weights = own_partial + parameters.features * CLASS_QUADS;
  if (thread < CLASS_QUADS) {
    var sum = vec4f(0.0);
    for (var s = 0u; s < BIAS_SEGMENTS; s++) { sum += shares[THREADS + s * CLASS_QUADS + thread]; }
    if (HAS_BIAS) { partials[after_weights + thread] = sum; }
  }
  var sum = vec4f(0.0);
  if (thread < 16u) {
    for (var i = 0u; i < (THREADS + 15u) / 16u; i++) {
      if (i * 16u + thread < THREADS) { sum += shares[i * 16u + thread]; }
    }
  }
  // Each of the first threads has read its share before any of them is overwritten.
  workgroupBarrier();
  if (thread < 16u) { shares[thread] = sum; }
  // The shares of shares are written before the first thread reads them.
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < min(16u, THREADS); i++) { sum += shares[i]; }
    partials[after_weights + select(0u, CLASS_QUADS, HAS_BIAS)] = sum;
  }
}
