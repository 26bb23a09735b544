// Many steps of SGD or Adam on a linear softmax model in one launch, by one workgroup: for batches too small to pay for launches.
// For each batch of rows B in turn:   z_i = x_i·W + b,   dz_i = r_i · (p_i − t_i),   g = (Σ_B x_i ⊗ dz_i, Σ_B dz_i) / Σ_B r_i + l2·W
//   SGD: v ← momentum·v + g;  θ ← θ − rate·v, or θ − rate·(g + momentum·v) with Nesterov
//   Adam: m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − rate · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)
//
// The intercept is the weight of one more feature that is 1. Going forward, lanes share a row's features and add up their sums in
// workgroup memory; softmax and loss take a thread a row; then a thread that owns four features × a group of classes sums the
// batch's gradient in registers and moves its weights at once. Between steps, weights and moments wait in `packed`, where the
// lanes' weights lie side by side. Targets and protections are those of linear_step.

// Threads in a workgroup.
override THREADS: u32;
// Threads that share the features of a row going forward, a power of two.
override LANES: u32;
// Lanes that add up their sums in the same place, one after the other; a power of two.
override SEGMENT: u32;
// Quads of rows that all threads take at once going forward, and how many times that is done for a batch.
override QUADS_AT_ONCE: u32;
override ROUNDS: u32;
// Quads of rows in a batch.
override ROW_QUADS: u32;
// Quads of classes: in a row of W, in a thread's group going forward and going backward: 1 … 4; and the groups there are.
override CLASS_QUADS: u32;
override FORWARD_QUADS: u32;
override FORWARD_GROUPS: u32;
override GRADIENT_QUADS: u32;
override GRADIENT_GROUPS: u32;
// 4 × 4 values of workgroup memory for the lanes' sums: QUADS_AT_ONCE · LANES / SEGMENT · CLASS_QUADS, and 4 at least.
override SHARES: u32;
// Elements of X: 0 f32, 1 bytes, 2 f16.
override FORMAT: u32;
// Values of X are element · scale + offset; otherwise the elements themselves.
override DECODE: bool;
override HAS_BIAS: bool;
override SOFT: bool;
override HAS_ROW_WEIGHT: bool;
// 0 SGD, 1 SGD with momentum, 2 with Nesterov's look ahead, 3 Adam.
override RULE: u32;

struct Parameters {
  rows: u32,            // rows of all steps
  batch: u32,           // rows of a step; the last may have fewer
  steps: u32,
  features: u32,
  classes: u32,
  quads: u32,           // of features, the intercept's among them
  x_offset: u32,        // quads to the first row of X
  x_stride: u32,        // quads from row to row
  theta_offset: u32,    // quads to W
  theta_rows: u32,
  penalised: u32,       // the first rows of θ, to which l2 applies
  moment_offset: u32,   // quads to the velocity or m; v comes after m
  packed_offset: u32,   // quads
  target_offset: u32,   // SOFT: quads to the targets of row 0; else index of the label of row 0
  target_stride: u32,
  weight_offset: u32,   // index of the weight of row 0
  order_offset: u32,    // index of the first row number
  loss_offset: u32,     // quads to the ring of losses
  loss_slots: u32,      // how many there are
  loss_first: u32,      // slot of the first step
  number: u32,          // t of the first step, from 1
  ignored: i32,         // label of rows to leave out
  not_a_number: u32,    // the bits of NaN, which WGSL cannot spell
  smoothing: f32,       // ε
  scale: f32,
  offset: f32,
  l2: f32,
  momentum: f32,
  beta1: f32,
  beta2: f32,
  rest1: f32,           // 1 − β₁, from the host: in float32 the difference would lose what makes β₂ differ from 1
  rest2: f32,           // 1 − β₂
  log1: f32,            // ln β₁
  log2: f32,            // ln β₂
  epsilon: f32,
  unused: f32,
  rates: array<vec4f, 7>, // learning rate of each step, four to a vector; the last holds for all further steps
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> losses: array<vec4f>;
// [θ, m, v][feature of a quad][quad of classes][quad of features]
@group(0) @binding(7) var<storage, read_write> packed: array<vec4f>;
@group(0) @binding(8) var<uniform> parameters: Parameters;

// Most negative finite number: WGSL promises nothing about infinities.
const LOWEST = -0x1.fffffep+127f;
const HIGHEST = 0x1.fffffep+127f;
// Nothing is done more often: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
// In place of where a row begins: it counts for nothing.
const ABSENT = 0xffffffffu;
// Learning rates in the parameters.
const RATES = 28u;
// Threads that begin the sum of the rows' losses.
const SUMMERS = 16u;

// Where each row of the batch begins in X, by four.
var<workgroup> starts: array<vec4u, ROW_QUADS>;
// [four rows][quad of classes], a vector a row: logits, then powers of e, at last dz.
var<workgroup> z: array<mat4x4f, ROW_QUADS * CLASS_QUADS>;
// [four rows][segment of lanes][quad of classes], a vector a row: shares of the logits; then a vector for the loss of each row.
var<workgroup> shares: array<mat4x4f, SHARES>;

fn word_of_x(index: u32) -> u32 { return x[index >> 2u][index & 3u]; }

// What row r has there in vector r: one word of bytes, two of halves, four of floats.
struct Raw { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn fetch_row(start: u32, quad: u32) -> vec4u {
  let at = start + quad;
  if (FORMAT == 0u) { return x[at]; }
  if (FORMAT == 2u) { return vec4u(word_of_x(2u * at), word_of_x(2u * at + 1u), 0u, 0u); }
  return vec4u(word_of_x(at), 0u, 0u, 0u);
}

// Beyond the features there is nothing to read, and nothing of what is read is used.
fn fetch(start: vec4u, quad: u32) -> Raw {
  let inside = min(quad, (parameters.features - 1u) / 4u);
  return Raw(fetch_row(start.x, inside), fetch_row(start.y, inside), fetch_row(start.z, inside), fetch_row(start.w, inside));
}

fn value_of(raw: vec4u, quad: u32) -> vec4f {
  var value: vec4f;
  if (FORMAT == 0u) {
    value = bitcast<vec4f>(raw);
  } else if (FORMAT == 2u) {
    value = vec4f(unpack2x16float(raw.x), unpack2x16float(raw.y));
  } else {
    // As signed integers, which convert in one instruction where unsigned ones take several.
    value = vec4f(vec4i(vec4u(raw.x, raw.x >> 8u, raw.x >> 16u, raw.x >> 24u) & vec4u(0xffu)));
  }
  if (DECODE) { value = value * parameters.scale + parameters.offset; }
  if (quad * 4u + 4u > parameters.features) {
    let column = vec4u(quad * 4u) + FOUR;
    var beyond = vec4u(0u);
    if (HAS_BIAS) { beyond = select(vec4u(0u), vec4u(bitcast<u32>(1.0f)), column == vec4u(parameters.features)); }
    value = bitcast<vec4f>(select(beyond, bitcast<vec4u>(value), column < vec4u(parameters.features)));
  }
  return value;
}

// Vector r: four features of row r.
fn decoded(raw: Raw, quad: u32) -> mat4x4f {
  return mat4x4f(value_of(raw.a, quad), value_of(raw.b, quad), value_of(raw.c, quad), value_of(raw.d, quad));
}

fn kept(value: vec4f, absent: bool) -> vec4f {
  return bitcast<vec4f>(select(bitcast<vec4u>(value), vec4u(0u), vec4<bool>(absent)));
}

// Vector f: feature f of four rows. A row that counts for nothing has no features, even where they are not finite.
fn counted(raw: Raw, start: vec4u, quad: u32) -> mat4x4f {
  var m = decoded(raw, quad);
  if (FORMAT != 1u) {
    m = mat4x4f(kept(m[0], start.x == ABSENT), kept(m[1], start.y == ABSENT),
                kept(m[2], start.z == ABSENT), kept(m[3], start.w == ABSENT));
  }
  return transpose(m);
}

// Where rows begin, as far as they can be read.
fn readable(start: vec4u) -> vec4u { return select(start, vec4u(parameters.x_offset), start == vec4u(ABSENT)); }

// Four features' weights for a quad of classes: vector e belongs to the feature.
fn weights(quad: u32, class_quad: u32) -> mat4x4f {
  let step = CLASS_QUADS * parameters.quads;
  let at = parameters.packed_offset + min(class_quad, CLASS_QUADS - 1u) * parameters.quads + quad;
  return mat4x4f(packed[at], packed[at + step], packed[at + 2u * step], packed[at + 3u * step]);
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

// Puts down, or adds, a lane's shares of the logits of four rows.
fn put(at: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  if (adding) { shares[at + class_quad] += m; } else { shares[at + class_quad] = m; }
}

// z − m for z ≤ m, at least −128: halved first, so that the difference of two huge numbers stays finite. exp(−128) is 0.
fn below(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * max(0.5 * values - 0.5 * maximum, vec4f(-64.0));
}

// m − z for z ≤ m, at most the highest float.
fn gap(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * min(0.5 * maximum - 0.5 * values, vec4f(0.5 * HIGHEST));
}

fn is_class(quad: u32) -> vec4<bool> { return vec4u(quad * 4u) + FOUR < vec4u(parameters.classes); }

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(vec4u(quad * 4u) + FOUR) == vec4i(label));
  }
  let t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.classes);
  return select(vec4f(0.0), t, is_class(quad));
}

// The number of a row of this launch. Those beyond the batch are read as the launch's first, and left out by softmax_row.
fn row_at(first: u32, row_of_batch: u32, rows: u32) -> u32 {
  return order[parameters.order_offset + select(0u, first + row_of_batch, row_of_batch < rows)];
}

// Turns the logits of one row of the batch into dz. Returns (loss, weight in the mean's denominator, 0, 1 if faulty).
fn softmax_row(first_row: u32, row_of_batch: u32, rows: u32) -> vec4f {
  let row = row_at(first_row, row_of_batch, rows);
  let first = row_of_batch / 4u * CLASS_QUADS;
  let of_four = row_of_batch % 4u;
  var counts = row_of_batch < rows;
  var label = 0i;
  var weight = 1.0;
  var fault = false;
  if (!SOFT) {
    let at = parameters.target_offset + row;
    label = bitcast<i32>(targets[at >> 2u][at & 3u]);
    counts = counts && label != parameters.ignored;
    fault = label < 0 || label >= i32(parameters.classes);
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
    let values = select(vec4f(LOWEST), z[first + quad][of_four], is_class(quad));
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
    maximum = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
  }
  var sum = 0.0;
  var distance = 0.0;
  var total = 0.0;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = select(vec4f(LOWEST), z[first + quad][of_four], is_class(quad));
    let t = target_weights(row, label, quad);
    distance += dot(t, gap(values, maximum));
    total += dot(t, vec4f(1.0));
    let e = select(vec4f(0.0), exp(below(values, maximum)), is_class(quad));
    sum += dot(e, vec4f(1.0));
    z[first + quad][of_four] = e;
  }
  fault = fault && counts;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let gradient = weight * (total * (z[first + quad][of_four] / sum) - target_weights(row, label, quad));
    let written = select(vec4f(0.0), gradient, is_class(quad) & vec4<bool>(counts));
    z[first + quad][of_four] = bitcast<vec4f>(
      select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), is_class(quad) & vec4<bool>(fault)));
  }
  if (!counts) {
    starts[row_of_batch / 4u][of_four] = ABSENT;
    return vec4f(0.0);
  }
  let loss = weight * (total * log(sum) + distance);
  let finite = !fault && (bitcast<u32>(loss) & 0x7fffffffu) <= 0x7f7fffffu;
  // What is not finite would hide what the other rows add up to.
  if (finite) { return vec4f(loss, weight, 0.0, 0.0); }
  return vec4f(0.0, 0.0, 0.0, 1.0);
}

// 1 / (1 − eˡ) for l = t · ln β < 0: near 0 by the series of eˡ − 1, where the difference would cancel.
fn correction(l: f32) -> f32 {
  let series = l * (1.0 + l / 2.0 * (1.0 + l / 3.0 * (1.0 + l / 4.0 * (1.0 + l / 5.0 * (1.0 + l / 6.0 * (1.0 + l / 7.0 * (1.0 + l / 8.0)))))));
  return -1.0 / select(exp(max(l, -80.0)) - 1.0, series, l > -0.5);
}

// What is the same for all weights in a step.
struct Change { total: vec4f, rate: f32, correction1: f32, correction2: f32 }

// Moves the weights of one feature and a quad of classes by the sum of their gradients.
fn move_weights(quad: u32, feature: u32, class_quad: u32, sum: vec4f, change: Change) {
  let row = quad * 4u + feature;
  if (row >= parameters.theta_rows || class_quad >= CLASS_QUADS) { return; }
  let at = parameters.packed_offset + (feature * CLASS_QUADS + class_quad) * parameters.quads + quad;
  let section = 4u * CLASS_QUADS * parameters.quads;
  let empty = change.total.y == 0.0 && change.total.w == 0.0;
  // Padding stays zero, also where what is beside it is not finite.
  var gradient = select(vec4f(0.0), sum / change.total.y, is_class(class_quad) & vec4<bool>(!empty));
  let weight = packed[at];
  if (row < parameters.penalised) { gradient += parameters.l2 * weight; }
  if (RULE == 0u) {
    packed[at] = weight - change.rate * gradient;
  } else if (RULE == 3u) {
    let m = parameters.beta1 * packed[at + section] + parameters.rest1 * gradient;
    let v = parameters.beta2 * packed[at + 2u * section] + parameters.rest2 * gradient * gradient;
    packed[at + section] = m;
    packed[at + 2u * section] = v;
    packed[at] = weight - change.rate * (m * change.correction1) / (sqrt(v * change.correction2) + parameters.epsilon);
  } else {
    let v = parameters.momentum * packed[at + section] + gradient;
    packed[at + section] = v;
    var step = v;
    if (RULE == 2u) { step = gradient + parameters.momentum * v; }
    packed[at] = weight - change.rate * step;
  }
}

fn move_all(quad: u32, class_quad: u32, sums: mat4x4f, change: Change) {
  move_weights(quad, 0u, class_quad, sums[0], change);
  move_weights(quad, 1u, class_quad, sums[1], change);
  move_weights(quad, 2u, class_quad, sums[2], change);
  move_weights(quad, 3u, class_quad, sums[3], change);
}

fn gradient_at(row_quad: u32, class_quad: u32) -> mat4x4f {
  return z[row_quad * CLASS_QUADS + min(class_quad, CLASS_QUADS - 1u)];
}

// Brings θ and the moments into `packed`, or back to where they live.
fn repack(thread: u32, returning: bool) {
  let section = 4u * CLASS_QUADS * parameters.quads;
  for (var i = 0u; i < MOST_STEPS; i++) {
    let item = i * THREADS + thread;
    if (item >= section) { break; }
    let place = item / parameters.quads;
    let row = item % parameters.quads * 4u + place / CLASS_QUADS;
    let natural = row * CLASS_QUADS + place % CLASS_QUADS;
    let at = parameters.packed_offset + item;
    let moment = parameters.moment_offset + natural;
    let moment_step = parameters.theta_rows * CLASS_QUADS;
    if (row < parameters.theta_rows) {
      if (returning) {
        theta[parameters.theta_offset + natural] = packed[at];
        if (RULE > 0u) { moments[moment] = packed[at + section]; }
        if (RULE == 3u) { moments[moment + moment_step] = packed[at + 2u * section]; }
      } else {
        packed[at] = theta[parameters.theta_offset + natural];
        if (RULE > 0u) { packed[at + section] = moments[moment]; }
        if (RULE == 3u) { packed[at + 2u * section] = moments[moment + moment_step]; }
      }
    } else if (!returning) {
      packed[at] = vec4f(0.0);
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let group = thread / LANES;
  let row_quad_of_round = group % QUADS_AT_ONCE;
  let forward_class = group / QUADS_AT_ONCE * FORWARD_QUADS;
  let works_forward = group < QUADS_AT_ONCE * FORWARD_GROUPS;
  let segments = LANES / SEGMENT;
  let own_shares = (row_quad_of_round * segments + lane / SEGMENT) * CLASS_QUADS;

  repack(thread, false);
  // All weights are packed before anybody needs them.
  storageBarrier();

  for (var step = 0u; step < MOST_STEPS; step++) {
    if (step >= parameters.steps) { break; }
    let first_row = step * parameters.batch;
    let rows = min(parameters.batch, parameters.rows - first_row);
    for (var i = 0u; i < (4u * ROW_QUADS + THREADS - 1u) / THREADS; i++) {
      let row = i * THREADS + thread;
      if (row < 4u * ROW_QUADS) {
        starts[row / 4u][row % 4u] = parameters.x_offset + row_at(first_row, row, rows) * parameters.x_stride;
      }
    }
    // All threads know where the rows begin before they read them.
    workgroupBarrier();

    for (var round = 0u; round < ROUNDS; round++) {
      var a0 = mat4x4f(); var a1 = mat4x4f(); var a2 = mat4x4f(); var a3 = mat4x4f();
      let row_quad = round * QUADS_AT_ONCE + row_quad_of_round;
      let busy = works_forward && row_quad < ROW_QUADS;
      if (busy) {
        let start = starts[row_quad];
        var next = fetch(start, lane);
        for (var turn = 0u; turn < MOST_STEPS; turn++) {
          let quad = turn * LANES + lane;
          if (quad >= parameters.quads) { break; }
          let features = decoded(next, quad);
          next = fetch(start, quad + LANES);
          a0 = accumulate(a0, weights(quad, forward_class), features);
          if (FORWARD_QUADS > 1u) { a1 = accumulate(a1, weights(quad, forward_class + 1u), features); }
          if (FORWARD_QUADS > 2u) { a2 = accumulate(a2, weights(quad, forward_class + 2u), features); }
          if (FORWARD_QUADS > 3u) { a3 = accumulate(a3, weights(quad, forward_class + 3u), features); }
        }
      }
      for (var turn = 0u; turn < SEGMENT; turn++) {
        if (busy && lane % SEGMENT == turn) {
          put(own_shares, forward_class, turn > 0u, a0);
          if (FORWARD_QUADS > 1u) { put(own_shares, forward_class + 1u, turn > 0u, a1); }
          if (FORWARD_QUADS > 2u) { put(own_shares, forward_class + 2u, turn > 0u, a2); }
          if (FORWARD_QUADS > 3u) { put(own_shares, forward_class + 3u, turn > 0u, a3); }
        }
        // A lane has added its share before the next one does, and all have before they are summed up.
        workgroupBarrier();
      }
      for (var i = 0u; i < (4u * QUADS_AT_ONCE * CLASS_QUADS + THREADS - 1u) / THREADS; i++) {
        let item = i * THREADS + thread;
        let place = item / 4u;
        let to = round * QUADS_AT_ONCE * CLASS_QUADS + place;
        if (place < QUADS_AT_ONCE * CLASS_QUADS && to < ROW_QUADS * CLASS_QUADS) {
          var at = place / CLASS_QUADS * segments * CLASS_QUADS + place % CLASS_QUADS;
          var sum = shares[at][item % 4u];
          for (var s = 1u; s < LANES / SEGMENT; s++) {
            at += CLASS_QUADS;
            sum += shares[at][item % 4u];
          }
          z[to][item % 4u] = sum;
        }
      }
      // The shares have been read before the next round or the rows' losses take their place, and the logits are complete.
      workgroupBarrier();
    }

    for (var turn = 0u; turn < (ROW_QUADS + SHARES - 1u) / SHARES; turn++) {
      for (var i = 0u; i < (4u * SHARES + THREADS - 1u) / THREADS; i++) {
        let place = i * THREADS + thread;
        let row = turn * 4u * SHARES + place;
        if (place < 4u * SHARES && row < 4u * ROW_QUADS) {
          let summary = softmax_row(first_row, row, rows);
          if (turn == 0u) { shares[place / 4u][place % 4u] = summary; } else { shares[place / 4u][place % 4u] += summary; }
        }
      }
    }
    // dz is complete, and so are the rows' losses and the marks of absent rows, before they are used.
    workgroupBarrier();
    let held = 4u * min(ROW_QUADS, SHARES);
    var total = vec4f(0.0);
    if (thread < min(SUMMERS, THREADS)) {
      for (var i = 0u; i < (held + min(SUMMERS, THREADS) - 1u) / min(SUMMERS, THREADS); i++) {
        let at = i * min(SUMMERS, THREADS) + thread;
        if (at < held) { total += shares[at / 4u][at % 4u]; }
      }
    }
    // The first threads have read their losses before any of them is overwritten.
    workgroupBarrier();
    if (thread < min(SUMMERS, THREADS)) { shares[thread / 4u][thread % 4u] = total; }
    // The sums are written before everybody adds them up.
    workgroupBarrier();
    total = vec4f(0.0);
    for (var i = 0u; i < min(SUMMERS, THREADS); i++) { total += shares[i / 4u][i % 4u]; }
    if (thread == 0u) { losses[parameters.loss_offset + (parameters.loss_first + step) % parameters.loss_slots] = total; }

    let of_rates = min(step, RATES - 1u);
    var change = Change(total, parameters.rates[of_rates / 4u][of_rates % 4u], 1.0, 1.0);
    if (RULE == 3u) {
      let number = f32(parameters.number + step);
      change.correction1 = correction(number * parameters.log1);
      change.correction2 = correction(number * parameters.log2);
    }
    for (var slab = 0u; slab < MOST_STEPS; slab++) {
      let item = slab * THREADS + thread;
      if (item >= parameters.quads * GRADIENT_GROUPS) { break; }
      let quad = item % parameters.quads;
      let class_quad = item / parameters.quads * GRADIENT_QUADS;
      var g0 = mat4x4f(); var g1 = mat4x4f(); var g2 = mat4x4f(); var g3 = mat4x4f();
      var next_start = starts[0];
      var next = fetch(readable(next_start), quad);
      for (var i = 0u; i < ROW_QUADS; i++) {
        let features = counted(next, next_start, quad);
        next_start = starts[min(i + 1u, ROW_QUADS - 1u)];
        next = fetch(readable(next_start), quad);
        g0 = accumulate(g0, gradient_at(i, class_quad), features);
        if (GRADIENT_QUADS > 1u) { g1 = accumulate(g1, gradient_at(i, class_quad + 1u), features); }
        if (GRADIENT_QUADS > 2u) { g2 = accumulate(g2, gradient_at(i, class_quad + 2u), features); }
        if (GRADIENT_QUADS > 3u) { g3 = accumulate(g3, gradient_at(i, class_quad + 3u), features); }
      }
      move_all(quad, class_quad, g0, change);
      if (GRADIENT_QUADS > 1u) { move_all(quad, class_quad + 1u, g1, change); }
      if (GRADIENT_QUADS > 2u) { move_all(quad, class_quad + 2u, g2, change); }
      if (GRADIENT_QUADS > 3u) { move_all(quad, class_quad + 3u, g3, change); }
    }
    // The weights have moved before the next step needs them,
    storageBarrier();
    // and this step's rows, dz and losses have been read before the next step's take their place.
    workgroupBarrier();
  }
  repack(thread, true);
}
