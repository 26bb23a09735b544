// From Xᵀ·dZ to the gradient g that L-BFGS descends by, and the pair (s, y) of the step that led there:
//   G = raw + l2 · (θ + t·D) on the penalised rows      g[i] = G[i] − μ[i] · G[last] where features are centred
//   s = t·D      y = g − (the g before)
// SPARSE: G and g are the subgradients of least size of what they are otherwise plus l1 · ‖W‖₁; the smooth g, which y is made of, is
// kept behind g in the stack; and the penalty itself stands where Σ (θ + t·D)² does.
// One thread owns a quad. Workgroups leave one (Σ (θ + t·D)² over the penalised rows, max |G|, Σ g², faults) each.
// Nothing is done when the solver has stopped or its line search goes on.

// Threads in a workgroup, a power of two.
override THREADS: u32;
// There is an intercept in the last row, and column means to centre by.
override CENTRED: bool;
// There is an l1 penalty.
override SPARSE: bool;

struct Parameters {
  quads: u32,            // quads of a vector [p×k]
  stride: u32,           // quads in a row
  penalised: u32,        // quads that l2 applies to
  pairs: u32,            // pairs that the stack holds; of fewer than the solver remembers, the slot's remainder is taken
  slices: u32,           // workgroups that share the quads
  raw_offset: u32,       // quads
  theta_offset: u32,     // quads
  direction_offset: u32, // quads
  means_offset: u32,     // quads
  state_offset: u32,     // quads
  stack_offset: u32,     // quads
  out_offset: u32,       // quads
  l2: f32,
  l1: f32,
}

@group(0) @binding(0) var<storage, read> raw: array<vec4f>;
@group(0) @binding(1) var<storage, read> theta: array<vec4f>;
@group(0) @binding(2) var<storage, read> direction: array<vec4f>;
@group(0) @binding(3) var<storage, read> means: array<vec4f>;
// The first quad is (running, step, trials, taken); the fifth ends with the slot of the pair that is replaced.
@group(0) @binding(4) var<storage, read> state: array<vec4f>;
// All s, all y, and g; SPARSE: and the smooth g.
@group(0) @binding(5) var<storage, read_write> stack: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

var<workgroup> staged: array<vec4f, THREADS>;

fn merged(one: vec4f, other: vec4f) -> vec4f {
  return vec4f(one.x + other.x, max(one.y, other.y), one.zw + other.zw);
}

// The element of least size of g + l1 · ∂|w|.
fn least(g: vec4f, w: vec4f) -> vec4f {
  let at_corner = sign(g) * max(abs(g) - parameters.l1, vec4f(0.0));
  return select(g + parameters.l1 * sign(w), at_corner, w == vec4f(0.0));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices) { return; }
  let now = state[parameters.state_offset];
  if (now.x == 0.0 || now.z > 0.0) { return; }
  let slot = u32(state[parameters.state_offset + 4u].w) % parameters.pairs;
  let last = parameters.raw_offset + parameters.quads - parameters.stride;
  var result = vec4f(0.0);
  for (var quad = id * THREADS + thread; quad < parameters.quads; quad += parameters.slices * THREADS) {
    var s = vec4f(0.0);
    if (now.y != 0.0) { s = now.y * direction[parameters.direction_offset + quad]; }
    var gradient = raw[parameters.raw_offset + quad];
    var squares = 0.0;
    var weights = vec4f(0.0);
    if (quad < parameters.penalised) {
      weights = theta[parameters.theta_offset + quad] + s;
      squares = dot(weights, weights);
      if (SPARSE) { squares = 0.5 * parameters.l2 * squares + parameters.l1 * dot(abs(weights), vec4f(1.0)); }
      gradient += parameters.l2 * weights;
    }
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    let sound = (bitcast<vec4u>(gradient) & vec4u(0x7fffffffu)) <= vec4u(0x7f7fffffu);
    var left = gradient;
    if (SPARSE && quad < parameters.penalised) { left = least(gradient, weights); }
    let size = abs(select(vec4f(0.0), left, sound));
    let faults = dot(select(vec4f(1.0), vec4f(0.0), sound), vec4f(1.0));
    if (CENTRED && quad < parameters.penalised) {
      let row = quad / parameters.stride;
      let mean = means[parameters.means_offset + (row >> 2u)][row & 3u];
      gradient -= mean * raw[last + quad % parameters.stride];
    }
    var descended = gradient;
    if (SPARSE && quad < parameters.penalised) { descended = least(gradient, weights); }
    let own = dot(descended, descended);
    result = merged(result, vec4f(squares, max(max(size.x, size.y), max(size.z, size.w)), own, faults));
    let newest = parameters.stack_offset + 2u * parameters.pairs * parameters.quads + quad;
    var smooth_part = newest;
    if (SPARSE) { smooth_part += parameters.quads; }
    stack[parameters.stack_offset + slot * parameters.quads + quad] = s;
    stack[parameters.stack_offset + (parameters.pairs + slot) * parameters.quads + quad] = gradient - stack[smooth_part];
    stack[smooth_part] = gradient;
    if (SPARSE) { stack[newest] = descended; }
  }
  staged[thread] = result;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The quads of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] = merged(staged[thread], staged[thread + width]); }
  }
  if (thread == 0u) { partials[parameters.out_offset + id] = staged[0]; }
}
