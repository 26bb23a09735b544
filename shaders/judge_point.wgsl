// What becomes of the point that was just evaluated: J = scale · Σℓ + penalty and max |dJ| go to a ring of records, and the
// solver stops when it has converged or can go no further. Also what becomes of a line search that failed.
// One workgroup; it adds up the partial sums of cross_entropy_step and finish_gradient in a fixed order.

// Threads in the workgroup, a power of two.
override THREADS: u32;
// J must fall by this share of itself to count as progress,
override LEAST_FALL: f32;
// or max |dJ| to this share of its smallest value.
override LEAST_DESCENT: f32;
// Iterations without either.
override PATIENCE: f32;

struct Parameters {
  loss_rows: u32,
  gradient_rows: u32,
  ring_rows: u32,
  loss_offset: u32,     // quads
  gradient_offset: u32, // quads
  state_offset: u32,    // states
  ring_offset: u32,     // quads
  attempt: f32,         // line searches so far, this one included
  most_iterations: f32,
  scale: f32,
  penalty_factor: f32, // what the first sum of `gradient` is multiplied by to be the penalty
  tolerance: f32,
}

@group(0) @binding(0) var<storage, read> losses: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> ring: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

const CONVERGED = 1.0;
const MAX_ITERATIONS = 2.0;
const PRECISION = 3.0;
const DIVERGED = 4.0;

var<workgroup> loss_sums: array<vec4f, THREADS>;
var<workgroup> gradient_sums: array<vec4f, THREADS>;

fn merged(one: vec4f, other: vec4f) -> vec4f {
  return vec4f(one.x + other.x, max(one.y, other.y), one.zw + other.zw);
}

fn stop(s: u32, status: f32) {
  states[s].status = status;
  states[s].running = 0.0;
  states[s].fresh = 0.0;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  if (workgroup.y * launched.x + workgroup.x > 0u) { return; }
  var losses_here = vec4f(0.0);
  for (var row = thread; row < parameters.loss_rows; row += THREADS) {
    losses_here += losses[parameters.loss_offset + row];
  }
  loss_sums[thread] = losses_here;
  var gradient_here = vec4f(0.0);
  for (var row = thread; row < parameters.gradient_rows; row += THREADS) {
    gradient_here = merged(gradient_here, gradient[parameters.gradient_offset + row]);
  }
  gradient_sums[thread] = gradient_here;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) {
      loss_sums[thread] += loss_sums[thread + width];
      gradient_sums[thread] = merged(gradient_sums[thread], gradient_sums[thread + width]);
    }
  }
  if (thread > 0u) { return; }

  let s = parameters.state_offset;
  states[s].taken = 0.0;
  states[s].fresh = 0.0;
  if (states[s].running == 0.0 || states[s].trials > 0.0) { return; }
  states[s].fresh = 1.0;
  if (states[s].failed == 1.0) {
    // No descent that float32 can see: once more from the plain gradient, then it is the end.
    if (states[s].pairs == 0.0) { stop(s, PRECISION); }
    return;
  }
  let sums = gradient_sums[0];
  let fit = parameters.scale * loss_sums[0].x;
  let loss = fit + parameters.penalty_factor * sums.x;
  if (loss_sums[0].w + sums.w > 0.0 || !finite(loss) || !finite(sums.z)) {
    stop(s, DIVERGED);
    return;
  }
  let iteration = states[s].iteration + 1.0;
  states[s].iteration = iteration;
  states[s].taken = 1.0;
  states[s].fit = fit;
  ring[parameters.ring_offset + u32(iteration) % parameters.ring_rows] = vec4f(iteration, parameters.attempt, loss, sums.y);
  let least = states[s].least_loss;
  let falls = loss < least - LEAST_FALL * abs(loss);
  let descends = sums.y < LEAST_DESCENT * states[s].least_gradient;
  if (falls) { states[s].least_loss = loss; }
  if (descends) { states[s].least_gradient = sums.y; }
  if (falls || descends) { states[s].since = iteration; }
  if (sums.y <= parameters.tolerance) { stop(s, CONVERGED); }
  else if (iteration - states[s].since >= PATIENCE) { stop(s, PRECISION); }
  else if (iteration >= parameters.most_iterations) { stop(s, MAX_ITERATIONS); }
}
