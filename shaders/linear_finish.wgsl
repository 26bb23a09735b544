// g = Σ_p P[p] / Σ weight + l2·W: adds up what the workgroups of linear_step left, in a fixed order, and writes the gradient or
// moves θ by it at once, as update/rules has it, and leaves the loss beside it. Where the weights sum to 0 no row counts, and the gradient is that of the penalty.

// Threads in a workgroup: a power of two.
override THREADS: u32;
// Threads that share the sum of one quad, a power of two; 1 needs no workgroup memory.
override SEGMENTS: u32;
// What becomes of the gradient: 0 written, 2 SGD, 3 SGD with Nesterov's look ahead, 4 Adam.
override RULE: u32;
// Divide by the sum of the weights.
override MEAN: bool;
// The loss is written as one value, NaN when a row is faulty; else as (Σ loss, Σ weight, 0, faulty rows).
override LOSS_VALUE: bool;

struct Parameters {
  rates: Rates,
  quads: u32,           // quads of θ
  penalised: u32,       // the first quads of θ, to which l2 and weight decay apply; the intercept comes after them
  partials: u32,        // how many there are
  partial_offset: u32,  // quads to the first
  partial_stride: u32,  // quads from one to the next
  theta_offset: u32,    // quads
  first_offset: u32,    // quads to the gradient, the velocity or m
  second_offset: u32,   // quads to v, or to where the gradient goes on from quad `split` on
  split: u32,
  loss_offset: u32,     // quads
  not_a_number: u32,    // the bits of NaN, which WGSL cannot spell
  classes: u32,
  class_quads: u32,     // quads in a row of θ
}

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> loss: array<vec4f>;
@group(0) @binding(5) var<uniform> parameters: Parameters;

var<workgroup> sums: array<vec4f, THREADS>;

const MOST_STEPS = 0x40000000u;

// What workgroup p left at `at`; nothing beyond the last.
fn partial(at: u32, p: u32) -> vec4f {
  let inside = p < parameters.partials;
  let value = partials[parameters.partial_offset + select(0u, p, inside) * parameters.partial_stride + at];
  return select(vec4f(0.0), value, inside);
}

// What the workgroups left there, from `begin` on every `step`-th: four at a time, so that their loads do not wait for each other.
fn sum_of(at: u32, begin: u32, step: u32) -> vec4f {
  var sum = vec4f(0.0);
  for (var i = 0u; i < MOST_STEPS; i++) {
    let p = begin + i * 4u * step;
    if (p >= parameters.partials) { break; }
    let first = partial(at, p) + partial(at, p + step);
    sum += first + (partial(at, p + 2u * step) + partial(at, p + 3u * step));
  }
  return sum;
}

// The sum over the workgroup's threads, by halves: `stride` threads lie between those that share a sum, the first has it.
fn add_up(thread: u32, value: vec4f, stride: u32) -> vec4f {
  sums[thread] = value;
  for (var width = THREADS / 2u; width >= stride; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { sums[thread] += sums[thread + width]; }
  }
  // The first threads' sums are complete before others read them.
  workgroupBarrier();
  let sum = sums[thread % stride];
  // Every thread has its copy before the memory is used again.
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  const SUMMARY = 1u;
  let per_group = THREADS / SEGMENTS;
  let quad = (workgroup.y * launched.x + workgroup.x) * per_group + thread % per_group;
  let last = parameters.partial_stride - SUMMARY;
  let inside = quad < parameters.quads;
  var total: vec4f;
  var gradient = vec4f(0.0);
  if (SEGMENTS == 1u) {
    total = sum_of(last, 0u, 1u);
    if (inside) { gradient = sum_of(quad, 0u, 1u); }
  } else {
    total = sum_of(last, thread, THREADS);
    if (inside) { gradient = sum_of(quad, thread / per_group, SEGMENTS); }
    total = add_up(thread, total, 1u);
    gradient = add_up(thread, gradient, per_group);
  }
  if (!inside || thread >= per_group) { return; }

  var divisor = 1.0;
  if (MEAN) { divisor = total.y; }
  let empty = MEAN && total.y == 0.0 && total.w == 0.0;
  if (quad == 0u) {
    var left = total;
    if (LOSS_VALUE) {
      let value = select(total.x / divisor, 0.0, empty);
      left = vec4f(bitcast<f32>(select(bitcast<u32>(value), parameters.not_a_number, total.w > 0.0)), 0.0, 0.0, 0.0);
    }
    loss[parameters.loss_offset] = left;
  }
  // Padding stays zero, also where what is beside it is not finite.
  let column = vec4u(quad % parameters.class_quads * 4u) + vec4u(0u, 1u, 2u, 3u);
  gradient = select(vec4f(0.0), gradient / divisor, (column < vec4u(parameters.classes)) & vec4<bool>(!empty));
  let at = parameters.theta_offset + quad;
  let is_penalised = quad < parameters.penalised;
  let own = parameters.first_offset + quad;
  if (RULE == 0u) {
    if (is_penalised) { gradient += parameters.rates.l2 * theta[at]; }
    if (quad < parameters.split) { first[own] = gradient; } else { second[parameters.second_offset + quad - parameters.split] = gradient; }
  } else {
    let of_v = parameters.second_offset + quad;
    var v = vec4f(0.0);
    if (RULE == ADAM) { v = second[of_v]; }
    let moved = moved_by(parameters.rates, is_penalised, theta[at], first[own], v, gradient);
    first[own] = moved.first;
    if (RULE == ADAM) { second[of_v] = moved.second; }
    theta[at] = moved.weight;
  }
}
