// P[g] = (Σ_i x_i ⊗ dz_i, Σ_i dz_i, (Σ_i ℓ_i, Σ_i weight_i, 0, faulty rows)) over the rows of workgroup g: loss and gradient
// of a linear softmax model in one launch, X [n×d] read from memory once.      z_i = x_i·W + b,   dz_i = r_i · (T_i·p_i − t_i)
//
// A workgroup takes a block of rows at a time, in three parts, each of them a file of the folder linear_step:
//   forward   lanes share each row's features, and leave the logits in workgroup memory
//   softmax   a thread takes a row, and puts dz in place of its logits
//   gradient  a thread owns some features and finds the block's rows in the cache; its sums wait in memory from block to block,
//             so that registers are free for the forward part
// `features` has how X is read, and one of `lanes_in_turns` and `lanes_by_subgroups` how lanes add up their logits. The loader
// joins all of them to one module. linear_finish adds the P[g] up in order. Targets t and their weights are those of
// cross_entropy, and so are the protections: a row with a label that is no class, or with a logit or weight that is not finite,
// is counted as faulty and makes the gradient NaN; a row that counts for nothing is left out whatever it holds.

// Threads in a workgroup: CLASS_GROUPS × LANES × those that take different rows going forward.
override THREADS: u32;
// Threads that share the features of a row going forward, a power of two.
override LANES: u32;
// Lanes that leave the sum of their logits in one place, a power of two.
override SEGMENT: u32;
// Quads of rows that a thread takes going forward: 1 or 2.
override ROW_QUADS: u32;
// Quads of features that a thread owns going backward: 1 or 2.
override FEATURE_QUADS: u32;
// Threads that share the sum over a block's rows of the same features; 1 where there are more features than threads.
override ROW_GROUPS: u32;
// Rows that there is room for in a block: 4 · ROW_QUADS · THREADS / (LANES · CLASS_GROUPS).
override ROWS: u32;
// Quads of classes in a row of W, and those that a thread owns: 1 … 4.
override CLASS_QUADS: u32;
override OWN_QUADS: u32;
// Classes in the last quad of a thread's own: 1 … 4.
override LAST_CLASSES: u32;
// Groups that the classes are split into: 1, or 2 beyond 16 classes.
override CLASS_GROUPS: u32;
// Threads that share the sum of one quad of dz.
override BIAS_SEGMENTS: u32;
// 4 × 4 values of workgroup memory: ROWS / 4 · LANES / SEGMENT · CLASS_QUADS, and what the other parts need.
override SHARED: u32;
// Elements of X: FLOATS, BYTES or HALVES.
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
  blocks: u32,
  block_rows: u32,     // rows in each: a multiple of 4, ROWS or fewer
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

// What FORMAT may be.
const FLOATS = 0u;
const BYTES = 1u;
const HALVES = 2u;
// No sum is longer: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
// In place of where a row begins: it counts for nothing.
const ABSENT = 0xffffffffu;
// Places in which lanes leave shares of the logits of the same rows.
override SHARES = LANES / SEGMENT;

// Where each row of the block begins in X, by four.
var<workgroup> starts: array<vec4u, ROWS / 4u>;
// [four rows][share][quad of classes], a vector a row: shares of the logits; then, in share 0, powers of e and at last dz.
// Before that, what the lanes need of W; after it, what row groups add up. One index leads to four vectors, and is checked once.
var<workgroup> z: array<mat4x4f, SHARED>;

// What a thread has of four rows, or features, for each of its classes: a quad of classes in q0, …, a vector a class.
struct ClassQuads { q0: mat4x4f, q1: mat4x4f, q2: mat4x4f, q3: mat4x4f }

// sum + Σ_e m[e] · factors[e], in this order.
fn plus_products(sum: vec4f, m: mat4x4f, factors: vec4f) -> vec4f {
  return sum + m[0] * factors.x + m[1] * factors.y + m[2] * factors.z + m[3] * factors.w;
}

// The number of a row of this launch, counted in all of X.
fn row_at(index: u32) -> u32 {
  if (ORDERED) { return order[parameters.order_offset + min(index, parameters.rows - 1u)]; }
  return parameters.x_first + min(index, parameters.rows - 1u);
}

fn find_rows(block: u32, thread: u32) {
  for (var i = 0u; i < (ROWS + THREADS - 1u) / THREADS; i++) {
    let row_of_block = i * THREADS + thread;
    if (row_of_block < ROWS) {
      // Rows that are not bound here are read as the first one, and left out by softmax_row.
      let local = row_at(block * parameters.block_rows + row_of_block) - parameters.x_first;
      starts[row_of_block / 4u][row_of_block % 4u] = parameters.x_offset + select(0u, local, local < parameters.x_rows) * parameters.x_stride;
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let own_partial = parameters.partial_offset + workgroup.x * parameters.partial_stride;
  var dz_sum = vec4f(0.0);
  var summary = vec4f(0.0);

  for (var round = 0u; round < MOST_STEPS; round++) {
    let block = round * launched.x + workgroup.x;
    if (block >= parameters.blocks) { break; }
    find_rows(block, thread);
    // All threads know where the rows begin before they read them.
    workgroupBarrier();
    put_logits(thread);
    // All lanes have left their shares before they are read as logits.
    workgroupBarrier();
    for (var i = 0u; i < (ROWS + THREADS - 1u) / THREADS; i++) {
      let row_of_block = i * THREADS + thread;
      if (row_of_block < ROWS) { summary += softmax_row(block, row_of_block); }
    }
    // dz is complete, and so are the marks of absent rows, before they are used.
    workgroupBarrier();
    dz_sum += share_of_dz_sum(thread);
    add_gradient(own_partial, thread, round > 0u);
    // The block's dz and starts have been read before the next block's take their place.
    workgroupBarrier();
  }

  let after_weights = own_partial + parameters.features * CLASS_QUADS;
  z[thread / 4u][thread % 4u] = dz_sum;
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
