// Many steps of SGD or Adam on a linear softmax model in one launch, by one workgroup: for batches too small to pay for launches.
// For each batch of rows B in turn:   z_i = x_i·W + b,   dz_i = r_i · (p_i − t_i),   g = (Σ_B x_i ⊗ dz_i, Σ_B dz_i) / Σ_B r_i + l2·W
// and θ moves as update/rules has it. With AVERAGED the mean of θ after step s, s + 1, …, t goes along:  θ̄ ← θ/n + (1 − 1/n)·θ̄,  n = t − s + 1.
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
// 1 SGD, 2 SGD with momentum, 3 with Nesterov's look ahead, 4 Adam.
override RULE: u32;
// Matrices of the shape of θ that the rule remembers, and that stand below each other in `moments`: the velocity, or m and v.
override MOMENTS: u32;
// Below them stands θ̄.
override AVERAGED: bool;

struct Parameters {
  rows: u32,            // rows of all steps
  batch: u32,           // rows of a step; the last may have fewer
  features: u32,
  classes: u32,
  quads: u32,           // of features, the intercept's among them
  x_offset: u32,        // quads to the first row of X
  x_stride: u32,        // quads from row to row
  theta_offset: u32,    // quads to W
  theta_rows: u32,
  penalised: u32,       // the first rows of θ, to which l2 and weight decay apply
  moment_offset: u32,   // quads to the first of the moments
  packed_offset: u32,   // quads
  target_offset: u32,   // SOFT: quads to the targets of row 0; else index of the label of row 0
  target_stride: u32,
  weight_offset: u32,   // index of the weight of row 0
  order_offset: u32,    // index of the first row number
  loss_offset: u32,     // quads to the ring of losses
  loss_slots: u32,      // how many there are
  loss_first: u32,      // slot of the first step
  number: u32,          // t of the first step, from 1
  average_first: u32,   // t of the first step whose weights are averaged
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
  weight_decay: f32,    // λ
  rates: array<vec4f, 7>, // learning rate of each step, four to a vector; the last holds for all further steps
}

@group(0) @binding(0) var<storage, read> x: array<vec4u>;
@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> moments: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> losses: array<vec4f>;
// [θ, moments, θ̄][feature of a quad][quad of classes][quad of features]
@group(0) @binding(7) var<storage, read_write> packed: array<vec4f>;
@group(0) @binding(8) var<uniform> parameters: Parameters;

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

// The number of a row of this launch. Those beyond the batch are read as the launch's first, and left out by softmax_row.
fn row_at(first: u32, row_of_batch: u32, rows: u32) -> u32 {
  return order[parameters.order_offset + select(0u, first + row_of_batch, row_of_batch < rows)];
}

fn find_rows(first_row: u32, rows: u32, thread: u32) {
  for (var i = 0u; i < (4u * ROW_QUADS + THREADS - 1u) / THREADS; i++) {
    let row = i * THREADS + thread;
    if (row < 4u * ROW_QUADS) {
      starts[row / 4u][row % 4u] = parameters.x_offset + row_at(first_row, row, rows) * parameters.x_stride;
    }
  }
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

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  repack(thread, false);
  // All weights are packed before anybody needs them.
  storageBarrier();

  for (var step = 0u; step < MOST_STEPS; step++) {
    let first_row = step * parameters.batch;
    if (first_row >= parameters.rows) { break; }
    let rows = min(parameters.batch, parameters.rows - first_row);
    find_rows(first_row, rows, thread);
    // All threads know where the rows begin before they read them.
    workgroupBarrier();
    forward(thread);
    let total = softmax(first_row, rows, thread);
    if (thread == 0u) { losses[parameters.loss_offset + (parameters.loss_first + step) % parameters.loss_slots] = total; }
    move_by_gradient(thread, change_of(step, total));
    // The weights have moved before the next step needs them,
    storageBarrier();
    // and this step's rows, dz and losses have been read before the next step's take their place.
    workgroupBarrier();
  }
  repack(thread, true);
}
