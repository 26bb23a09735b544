// P[g] = (Σ_i x_i ⊗ dz_i, Σ_i dz_i, (Σ_i ℓ_i, Σ_i weight_i, 0, faulty rows)) over the rows of workgroup g: loss and gradient
// of a linear softmax model in one launch, X [n×d] read from memory once.      z_i = x_i·W + b,   dz_i = r_i · (T_i·p_i − t_i)
//
// A workgroup takes a block of rows at a time: forward, lanes sharing each row's features; softmax and loss, a thread a row, in
// workgroup memory; then the gradient, where a thread owns 4·FEATURE_QUADS features × a group of classes and finds the block's
// rows in the cache. Its sums wait in memory from block to block, so that registers are free for the forward part.
// linear_finish adds the P[g] up in order. Targets t and their weights are those of cross_entropy, and so are the protections:
// a row with a label that is no class, or with a logit or weight that is not finite, is counted as faulty and makes the
// gradient NaN; a row that counts for nothing is left out whatever it holds.

// Threads in a workgroup: CLASS_GROUPS × row groups × LANES.
override THREADS: u32;
// Threads that share the features of a row going forward, a power of two.
override LANES: u32;
// Lanes that add up their sums in the same place, one after the other; a power of two.
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
// Threads that share the sum of one quad of dz.
override BIAS_SEGMENTS: u32;
// 4 × 4 values of workgroup memory: ROWS / 4 · LANES / SEGMENT · CLASS_QUADS, and THREADS / 4 at least.
override SHARED: u32;
// Elements of X: 0 f32, 1 f16, 2 bytes.
override FORMAT: u32;
// Quads of features that a thread fetches at once going forward: sixteen bytes where rows begin at multiples of that, else 1.
override WIDE: u32;
// All lanes fetch so many times between two stagings of W in workgroup memory; 0: W is read where it is.
override STAGED: u32;
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
  class_weight_offset: u32, // index of the first
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
// The words of X once more, by one; the class weights where there are any.
@group(0) @binding(5) var<storage, read> words: array<u32>;
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

// Where each row of the block begins in X, by four.
var<workgroup> starts: array<vec4u, ROWS / 4u>;
// [four rows][segment of lanes][quad of classes], a vector a row: shares of the logits; then, in segment 0, powers of e and at
// last dz. Before that, [quad of features][quad of classes], a vector a feature: what the lanes need of W. One index then leads
// to four vectors, and is checked once.
var<workgroup> z: array<mat4x4f, SHARED>;

// Features of four rows as they stand in memory: four bytes of row r in a[r]; else what row r has in a, b, c or d.
struct Raw { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn word_of_x(index: u32) -> u32 {
  if (HAS_CLASS_WEIGHT) { return x[index >> 2u][index & 3u]; }
  return words[index];
}

fn half_words(index: u32) -> vec4u {
  return vec4u(word_of_x(2u * index), word_of_x(2u * index + 1u), 0u, 0u);
}

fn class_weight(class_index: u32) -> f32 {
  return bitcast<f32>(words[parameters.class_weight_offset + class_index]);
}

// From where the rows begin.
fn fetch(start: vec4u, quad: u32) -> Raw {
  let at = start + quad;
  if (FORMAT == 0u) { return Raw(x[at.x], x[at.y], x[at.z], x[at.w]); }
  if (FORMAT == 1u) { return Raw(half_words(at.x), half_words(at.y), half_words(at.z), half_words(at.w)); }
  return Raw(vec4u(word_of_x(at.x), word_of_x(at.y), word_of_x(at.z), word_of_x(at.w)), vec4u(0u), vec4u(0u), vec4u(0u));
}

// Sixteen bytes a row.
fn fetch_wide(start: vec4u, quad: u32) -> Raw {
  if (WIDE == 1u) { return fetch(start, quad); }
  let at = (start + quad) / WIDE;
  return Raw(x[at.x], x[at.y], x[at.z], x[at.w]);
}

fn next_quad_first(words: vec4u) -> vec4u {
  if (FORMAT == 1u) { return words.zwxy; }
  return words.yzwx;
}

fn value_of(raw: vec4u, word: u32, quad: u32) -> vec4f {
  var value: vec4f;
  if (FORMAT == 0u) {
    value = bitcast<vec4f>(raw);
  } else if (FORMAT == 1u) {
    value = vec4f(unpack2x16float(raw.x), unpack2x16float(raw.y));
  } else {
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

// Vector r: four features of row r, the first that a wide fetch brought.
fn decoded_wide(raw: Raw, quad: u32) -> mat4x4f {
  if (WIDE == 1u) { return decoded(raw, quad); }
  return mat4x4f(value_of(raw.a, raw.a.x, quad), value_of(raw.b, raw.b.x, quad),
                 value_of(raw.c, raw.c.x, quad), value_of(raw.d, raw.d.x, quad));
}

// Vector r: four features of row r.
fn decoded(raw: Raw, quad: u32) -> mat4x4f {
  return mat4x4f(value_of(raw.a, raw.a.x, quad), value_of(raw.b, raw.a.y, quad),
                 value_of(raw.c, raw.a.z, quad), value_of(raw.d, raw.a.w, quad));
}

fn kept(value: vec4f, absent: bool) -> vec4f {
  return bitcast<vec4f>(select(bitcast<vec4u>(value), vec4u(0u), vec4<bool>(absent)));
}

// Vector f: feature f of four rows. A row that counts for nothing has no features, even where they are not finite.
fn counted(raw: Raw, start: vec4u, quad: u32) -> mat4x4f {
  var m = decoded(raw, quad);
  if (FORMAT != 2u) {
    m = mat4x4f(kept(m[0], start.x == ABSENT), kept(m[1], start.y == ABSENT),
                kept(m[2], start.z == ABSENT), kept(m[3], start.w == ABSENT));
  }
  return transpose(m);
}

// Where rows begin, as far as they can be read.
fn readable(start: vec4u) -> vec4u {
  if (FORMAT == 2u) { return start; }
  return select(start, vec4u(parameters.x_offset), start == vec4u(ABSENT));
}

// Four features' weights for a quad of classes: vector e belongs to the feature.
fn weights_at(feature_quad: u32, class_quad: u32) -> mat4x4f {
  var row = vec4u(feature_quad * 4u) + FOUR;
  if (RAGGED) { row = min(row, vec4u(parameters.features - 1u)); }
  let at = parameters.theta_offset + row * CLASS_QUADS + min(class_quad, CLASS_QUADS - 1u);
  return mat4x4f(theta[at.x], theta[at.y], theta[at.z], theta[at.w]);
}

// The weights that all lanes need of W until the next staging, so that lanes read neighbouring memory.
fn stage(thread: u32, first: u32, feature_quads: u32) {
  for (var i = 0u; i < (STAGED * LANES * WIDE * CLASS_QUADS + THREADS - 1u) / THREADS; i++) {
    let number = i * THREADS + thread;
    let quad = number / CLASS_QUADS;
    if (number < STAGED * LANES * WIDE * CLASS_QUADS && first + quad < feature_quads) {
      let class_quad = number % CLASS_QUADS;
      let turn = quad / (LANES * WIDE) * WIDE + quad % WIDE;
      z[(turn * CLASS_QUADS + class_quad) * LANES + quad / WIDE % LANES] = weights_at(first + quad, class_quad);
    }
  }
}

fn weights(quad: u32, class_quad: u32, staged: u32) -> mat4x4f {
  if (STAGED > 0u) { return z[staged + min(class_quad, CLASS_QUADS - 1u) * LANES]; }
  return weights_at(quad, class_quad);
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

// Puts down, or adds, a thread's shares of the logits of four rows.
fn put(at: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  if (adding) { z[at] += m; } else { z[at] = m; }
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
  if (HAS_CLASS_WEIGHT) { t *= vec4f(class_weight(column.x), class_weight(column.y), class_weight(column.z), class_weight(column.w)); }
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
  let first = (row_of_block / 4u) * (LANES / SEGMENT) * CLASS_QUADS;
  let of_four = row_of_block % 4u;
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
      share_of_mean = class_weight(u32(label));
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
    var sum = z[first + quad][of_four];
    for (var s = 1u; s < LANES / SEGMENT; s++) { sum += z[first + s * CLASS_QUADS + quad][of_four]; }
    if (!DECODE) { sum *= parameters.scale; }
    if (HAS_BIAS) { sum += bias[parameters.bias_offset + quad]; }
    let values = select(vec4f(LOWEST), sum, vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
    maximum = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
    z[first + quad][of_four] = values;
  }
  var sum = 0.0;
  var distance = 0.0;
  var total = 0.0;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = z[first + quad][of_four];
    let t = target_weights(row, label, quad);
    distance += dot(t, gap(values, maximum));
    total += dot(t, vec4f(1.0));
    let e = select(vec4f(0.0), exp(below(values, maximum)), vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    sum += dot(e, vec4f(1.0));
    z[first + quad][of_four] = e;
  }
  fault = fault && counts;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let gradient = weight * (total * (z[first + quad][of_four] / sum) - target_weights(row, label, quad));
    let inside = vec4u(quad * 4u) + FOUR < vec4u(parameters.classes);
    let written = select(vec4f(0.0), gradient, inside & vec4<bool>(counts));
    z[first + quad][of_four] = bitcast<vec4f>(
      select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), inside & vec4<bool>(fault)));
  }
  if (!counts) {
    // Bytes are finite, and dz is 0.
    if (FORMAT != 2u) { starts[row_of_block / 4u][row_of_block % 4u] = ABSENT; }
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
  return z[row_quad * ((LANES / SEGMENT) * CLASS_QUADS) + min(class_quad, CLASS_QUADS - 1u)];
}

// Writes four features' sums for a quad of classes where they wait between blocks and in the end, or adds to what is there.
fn add_sums(first: u32, feature_quad: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  let at = first + feature_quad * 4u * CLASS_QUADS + class_quad;
  let rest = parameters.features - min(parameters.features, feature_quad * 4u);
  if (rest > 0u) { add_sum(at, adding, m[0]); }
  if (rest > 1u) { add_sum(at + CLASS_QUADS, adding, m[1]); }
  if (rest > 2u) { add_sum(at + 2u * CLASS_QUADS, adding, m[2]); }
  if (rest > 3u) { add_sum(at + 3u * CLASS_QUADS, adding, m[3]); }
}

fn add_sum(at: u32, adding: bool, value: vec4f) {
  if (adding) { partials[at] += value; } else { partials[at] = value; }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let group = thread / LANES;
  let row_groups = THREADS / (LANES * CLASS_GROUPS);
  let own_row = (group % row_groups) * 4u * ROW_QUADS;
  let own_class = (group / row_groups) * WHOLE_QUADS;
  let row_step = (LANES / SEGMENT) * CLASS_QUADS;
  let own_logits = own_row / 4u * row_step + (lane / SEGMENT) * CLASS_QUADS + own_class;
  let feature_quads = (parameters.features + 3u) / 4u;
  let own_partial = parameters.partial_offset + workgroup.x * parameters.partial_stride;
  let items = (feature_quads + FEATURE_QUADS - 1u) / FEATURE_QUADS * CLASS_GROUPS;
  let bias_quad = thread % CLASS_QUADS;
  let bias_segment = thread / CLASS_QUADS;
  var scale = 1.0;
  if (!DECODE) { scale = parameters.scale; }
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
        starts[row_of_block / 4u][row_of_block % 4u] = parameters.x_offset + select(0u, local, local < parameters.x_rows) * parameters.x_stride;
      }
    }
    // All threads know where the rows begin before they read them.
    workgroupBarrier();

    // Logits: a for the first quad of rows, b for the second. What comes next is fetched before what is there is used.
    {
      var a0 = mat4x4f(); var a1 = mat4x4f(); var a2 = mat4x4f(); var a3 = mat4x4f(); var a_half = mat4x2f();
      var b0 = mat4x4f(); var b1 = mat4x4f(); var b2 = mat4x4f(); var b3 = mat4x4f(); var b_half = mat4x2f();
      let at = starts[own_row / 4u];
      var more = at;
      if (ROW_QUADS > 1u) { more = starts[own_row / 4u + 1u]; }
      // Where the last fetch of a row begins.
      let last = (feature_quads - 1u) / WIDE * WIDE;
      var next_a = fetch_wide(at, min(lane * WIDE, last));
      var next_b = next_a;
      if (ROW_QUADS > 1u) { next_b = fetch_wide(more, min(lane * WIDE, last)); }
      for (var step = 0u; step < MOST_STEPS; step++) {
        if (step * LANES * WIDE >= feature_quads) { break; }
        if (STAGED > 0u && step % max(STAGED, 1u) == 0u) {
          // Nobody overwrites the weights that a slower thread still reads.
          workgroupBarrier();
          stage(thread, step * LANES * WIDE, feature_quads);
          // All weights are there before they are read.
          workgroupBarrier();
        }
        let first = (step * LANES + lane) * WIDE;
        var now_a = next_a;
        var now_b = next_b;
        next_a = fetch_wide(at, min(first + LANES * WIDE, last));
        if (ROW_QUADS > 1u) { next_b = fetch_wide(more, min(first + LANES * WIDE, last)); }
        for (var j = 0u; j < WIDE; j++) {
          let quad = first + j;
          if (quad < feature_quads) {
            let staged = ((step % max(STAGED, 1u)) * WIDE + j) * CLASS_QUADS * LANES + lane;
            let x0 = decoded_wide(now_a, quad);
            var x1 = mat4x4f();
            if (ROW_QUADS > 1u) { x1 = decoded_wide(now_b, quad); }
            if (WHOLE_QUADS > 0u) {
              let w = weights(quad, own_class, staged);
              a0 = accumulate(a0, w, x0);
              if (ROW_QUADS > 1u) { b0 = accumulate(b0, w, x1); }
            }
            if (WHOLE_QUADS > 1u) {
              let w = weights(quad, own_class + 1u, staged);
              a1 = accumulate(a1, w, x0);
              if (ROW_QUADS > 1u) { b1 = accumulate(b1, w, x1); }
            }
            if (WHOLE_QUADS > 2u) {
              let w = weights(quad, own_class + 2u, staged);
              a2 = accumulate(a2, w, x0);
              if (ROW_QUADS > 1u) { b2 = accumulate(b2, w, x1); }
            }
            if (WHOLE_QUADS > 3u) {
              let w = weights(quad, own_class + 3u, staged);
              a3 = accumulate(a3, w, x0);
              if (ROW_QUADS > 1u) { b3 = accumulate(b3, w, x1); }
            }
            if (HALF_QUAD) {
              let w = weights(quad, own_class + WHOLE_QUADS, staged);
              a_half = accumulate_half(a_half, w, x0);
              if (ROW_QUADS > 1u) { b_half = accumulate_half(b_half, w, x1); }
            }
          }
          now_a = Raw(next_quad_first(now_a.a), next_quad_first(now_a.b), next_quad_first(now_a.c), next_quad_first(now_a.d));
          if (ROW_QUADS > 1u) {
            now_b = Raw(next_quad_first(now_b.a), next_quad_first(now_b.b), next_quad_first(now_b.c), next_quad_first(now_b.d));
          }
        }
      }
      // Staged weights have been read before logits take their place.
      if (STAGED > 0u) { workgroupBarrier(); }
      for (var turn = 0u; turn < SEGMENT; turn++) {
        if (lane % SEGMENT == turn) {
          let adding = turn > 0u;
          if (WHOLE_QUADS > 0u) { put(own_logits, own_class, adding, a0); }
          if (WHOLE_QUADS > 1u) { put(own_logits + 1u, own_class + 1u, adding, a1); }
          if (WHOLE_QUADS > 2u) { put(own_logits + 2u, own_class + 2u, adding, a2); }
          if (WHOLE_QUADS > 3u) { put(own_logits + 3u, own_class + 3u, adding, a3); }
          if (HALF_QUAD) { put(own_logits + WHOLE_QUADS, own_class + WHOLE_QUADS, adding, whole(a_half)); }
          if (ROW_QUADS > 1u) {
            let second = own_logits + row_step;
            if (WHOLE_QUADS > 0u) { put(second, own_class, adding, b0); }
            if (WHOLE_QUADS > 1u) { put(second + 1u, own_class + 1u, adding, b1); }
            if (WHOLE_QUADS > 2u) { put(second + 2u, own_class + 2u, adding, b2); }
            if (WHOLE_QUADS > 3u) { put(second + 3u, own_class + 3u, adding, b3); }
            if (HALF_QUAD) { put(second + WHOLE_QUADS, own_class + WHOLE_QUADS, adding, whole(b_half)); }
          }
        }
        // A lane has added its share before the next one does, and all have before the logits are read.
        workgroupBarrier();
      }
    }
    for (var i = 0u; i < (ROWS + THREADS - 1u) / THREADS; i++) {
      let row_of_block = i * THREADS + thread;
      if (row_of_block < ROWS) { summary += softmax_row(block, row_of_block); }
    }
    // dz is complete, and so are the marks of absent rows, before they are used.
    workgroupBarrier();

    if (bias_segment < BIAS_SEGMENTS) {
      for (var i = 0u; i < (ROWS + BIAS_SEGMENTS - 1u) / BIAS_SEGMENTS; i++) {
        let row_of_block = i * BIAS_SEGMENTS + bias_segment;
        if (row_of_block < ROWS) { bias_sum += z[row_of_block / 4u * row_step + bias_quad][row_of_block % 4u]; }
      }
    }
    // Features' sums: g for the first quad of features, h for the second.
    for (var slab = 0u; slab < MOST_STEPS; slab++) {
      let item = slab * THREADS + thread;
      if (item >= items) { break; }
      var g0 = mat4x4f(); var g1 = mat4x4f(); var g2 = mat4x4f(); var g3 = mat4x4f(); var g_half = mat4x2f();
      var h0 = mat4x4f(); var h1 = mat4x4f(); var h2 = mat4x4f(); var h3 = mat4x4f(); var h_half = mat4x2f();
      let quad = item / CLASS_GROUPS * FEATURE_QUADS;
      let next_quad = min(quad + 1u, feature_quads - 1u);
      let class_quad = item % CLASS_GROUPS * WHOLE_QUADS;
      var next_at = starts[0];
      var next_g = fetch(readable(next_at), quad);
      var next_h = next_g;
      if (FEATURE_QUADS > 1u) { next_h = fetch(readable(next_at), next_quad); }
      for (var step = 0u; step < ROWS / 4u; step++) {
        let at = next_at;
        let x0 = counted(next_g, at, quad);
        var x1 = mat4x4f();
        next_at = starts[min(step + 1u, ROWS / 4u - 1u)];
        next_g = fetch(readable(next_at), quad);
        if (FEATURE_QUADS > 1u) {
          x1 = counted(next_h, at, next_quad);
          next_h = fetch(readable(next_at), next_quad);
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
      if (WHOLE_QUADS > 0u) { add_sums(own_partial, quad, class_quad, round > 0u, scale * g0); }
      if (WHOLE_QUADS > 1u) { add_sums(own_partial, quad, class_quad + 1u, round > 0u, scale * g1); }
      if (WHOLE_QUADS > 2u) { add_sums(own_partial, quad, class_quad + 2u, round > 0u, scale * g2); }
      if (WHOLE_QUADS > 3u) { add_sums(own_partial, quad, class_quad + 3u, round > 0u, scale * g3); }
      if (HALF_QUAD) { add_sums(own_partial, quad, class_quad + WHOLE_QUADS, round > 0u, scale * whole(g_half)); }
      if (FEATURE_QUADS > 1u) {
        if (WHOLE_QUADS > 0u) { add_sums(own_partial, quad + 1u, class_quad, round > 0u, scale * h0); }
        if (WHOLE_QUADS > 1u) { add_sums(own_partial, quad + 1u, class_quad + 1u, round > 0u, scale * h1); }
        if (WHOLE_QUADS > 2u) { add_sums(own_partial, quad + 1u, class_quad + 2u, round > 0u, scale * h2); }
        if (WHOLE_QUADS > 3u) { add_sums(own_partial, quad + 1u, class_quad + 3u, round > 0u, scale * h3); }
        if (HALF_QUAD) { add_sums(own_partial, quad + 1u, class_quad + WHOLE_QUADS, round > 0u, scale * whole(h_half)); }
      }
    }
    // The block's dz and starts have been read before the next block's take their place.
    workgroupBarrier();
  }

  let after_weights = own_partial + parameters.features * CLASS_QUADS;
  z[thread / 4u][thread % 4u] = bias_sum;
  // Every thread's sum is written before they are added up.
  workgroupBarrier();
  if (HAS_BIAS && thread < CLASS_QUADS) {
    var sum = vec4f(0.0);
    for (var s = 0u; s < BIAS_SEGMENTS; s++) { 
      let at = s * CLASS_QUADS + thread;
      sum += z[at / 4u][at % 4u];
    }
    partials[after_weights + thread] = sum;
  }
  // The sums of dz have been read before the losses take their place.
  workgroupBarrier();
  z[thread / 4u][thread % 4u] = summary;
  // Every thread's losses are written before they are added up.
  workgroupBarrier();
  var sum = vec4f(0.0);
  if (thread < 16u) {
    for (var i = 0u; i < (THREADS + 15u) / 16u; i++) {
      let at = i * 16u + thread;
      if (at < THREADS) { sum += z[at / 4u][at % 4u]; }
    }
  }
  // Each of the first threads has read its share before any of them is overwritten.
  workgroupBarrier();
  if (thread < 16u) { z[thread / 4u][thread % 4u] = sum; }
  // The shares of shares are written before the first thread reads them.
  workgroupBarrier();
  if (thread == 0u) {
    for (var i = 1u; i < min(16u, THREADS); i++) { sum += z[i / 4u][i % 4u]; }
    partials[after_weights + select(0u, CLASS_QUADS, HAS_BIAS)] = sum;
  }
}
