// θ ← θ + t·D when that point was taken, then D ← Σ_r coefficients[r] · stack[r] when a fresh direction is wanted.
// One thread owns a quad. Workgroups leave one (⟨W, D_W⟩, ‖D_W‖², gᵀD, 0) each, to be added up by who reads them.
//
// SPARSE: D is 0 where g is, leaves no corner of l1·‖W‖₁ in the direction that g points in, and ends where a weight becomes 0, so that
// ‖W‖₁ is linear along it for steps up to 1 (after Andrew & Gao 2007). Then what is left is (slope of the penalty at W along D,
// ‖D_W‖², gᵀD, weights that go towards 0).

// Threads in a workgroup, a power of two.
override THREADS: u32;
// There is an l1 penalty.
override SPARSE: bool;

struct Parameters {
  vectors: u32,             // vectors in the stack
  quads: u32,               // quads in each
  penalised: u32,           // quads of θ that are penalised
  slices: u32,              // workgroups that share the quads
  state_offset: u32,        // quads
  stack_offset: u32,        // quads
  coefficients_offset: u32, // quads
  theta_offset: u32,        // quads
  direction_offset: u32,    // quads
  out_offset: u32,          // quads
  gradient_offset: u32,     // quads
  l1: f32,
  l2: f32,
}

// The first quads are (running, step, trials, taken) and (status, iteration, fresh, pairs).
@group(0) @binding(0) var<storage, read> state: array<vec4f>;
@group(0) @binding(1) var<storage, read> stack: array<vec4f>;
@group(0) @binding(2) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> direction: array<vec4f>;
// g: the last vector of the stack, or one that lies apart.
@group(0) @binding(5) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

var<workgroup> staged: array<vec4f, THREADS>;

// The part of a step that leaves a corner by descent, or goes no further than to 0.
fn within_orthant(step: vec4f, w: vec4f, g: vec4f) -> vec4f {
  let leaving = select(vec4f(0.0), step, sign(step) * sign(g) < vec4f(0.0));
  let staying = select(min(step, -w), max(step, -w), w > vec4f(0.0));
  return select(staying, leaving, w == vec4f(0.0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices) { return; }
  let now = state[parameters.state_offset];
  let fresh = state[parameters.state_offset + 1u].z == 1.0;
  let follows = now.w == 1.0 && now.y != 0.0;
  if (!fresh && !follows) { return; }
  var result = vec4f(0.0);
  for (var quad = id * THREADS + thread; quad < parameters.quads; quad += parameters.slices * THREADS) {
    var weights = theta[parameters.theta_offset + quad];
    if (follows) {
      weights += now.y * direction[parameters.direction_offset + quad];
      theta[parameters.theta_offset + quad] = weights;
    }
    if (fresh) {
      var sum = vec4f(0.0);
      for (var r = 0u; r < parameters.vectors; r++) {
        let factor = coefficients[parameters.coefficients_offset + (r >> 2u)][r & 3u];
        // Vectors without a share may hold anything.
        if (factor != 0.0) { sum += factor * stack[parameters.stack_offset + r * parameters.quads + quad]; }
      }
      let g = gradient[parameters.gradient_offset + quad];
      let penalised = quad < parameters.penalised;
      if (SPARSE) {
        if (penalised) { sum = within_orthant(sum, weights, g); }
        sum = select(sum, vec4f(0.0), g == vec4f(0.0));
      }
      direction[parameters.direction_offset + quad] = sum;
      result.z += dot(g, sum);
      if (SPARSE && penalised) {
        // From a corner |w| grows whichever way the weight goes.
        let growth = select(sign(weights) * sum, abs(sum), weights == vec4f(0.0));
        let shrinking = select(vec4f(0.0), vec4f(1.0), sign(weights) * sign(sum) < vec4f(0.0));
        result += vec4f(parameters.l2 * dot(weights, sum) + parameters.l1 * dot(growth, vec4f(1.0)), dot(sum, sum),
                        0.0, dot(shrinking, vec4f(1.0)));
      } else if (penalised) {
        result += vec4f(dot(weights, sum), dot(sum, sum), 0.0, 0.0);
      }
    }
  }
  if (!fresh) { return; }
  staged[thread] = result;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] += staged[thread + width]; }
  }
  if (thread == 0u) { partials[parameters.out_offset + id] = staged[0]; }
}
