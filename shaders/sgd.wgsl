// g ← g + l2·θ (penalised quads only);  v ← momentum·v + g;  θ ← θ − rate·(g + momentum·v) with Nesterov, else θ − rate·v
// (Sutskever et al. 2013, as PyTorch writes it). One thread owns one quad of θ.

// Threads in a workgroup.
override THREADS: u32;
override NESTEROV: bool;

struct Parameters {
  quads: u32,      // quads of θ
  penalised: u32,  // the first quads of θ, to which l2 applies; the intercept comes after them
  gradient_offset: u32, // quads
  velocity_offset: u32,
  weights_offset: u32,
  rate: f32,       // learning rate
  momentum: f32,   // 0: plain gradient descent
  l2: f32,
}

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  let at_weights = parameters.weights_offset + quad;
  let at_velocity = parameters.velocity_offset + quad;
  var g = gradient[parameters.gradient_offset + quad];
  if (quad < parameters.penalised) { g += parameters.l2 * weights[at_weights]; }
  let v = parameters.momentum * velocity[at_velocity] + g;
  velocity[at_velocity] = v;
  var step = v;
  if (NESTEROV) { step = g + parameters.momentum * v; }
  weights[at_weights] -= parameters.rate * step;
}
