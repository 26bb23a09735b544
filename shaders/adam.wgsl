// g ← g + l2·θ (penalised quads only);  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;
// θ ← θ − rate · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + ε)     (Kingma & Ba 2015). One thread owns one quad of θ.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  quads: u32,       // quads of θ
  penalised: u32,   // the first quads of θ, to which l2 applies; the intercept comes after them
  gradient_offset: u32, // quads
  mean_offset: u32,
  variance_offset: u32,
  weights_offset: u32,
  rate: f32,        // learning rate
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction1: f32, // 1 / (1 − β₁ᵗ)
  correction2: f32, // 1 / (1 − β₂ᵗ)
  l2: f32,
  rest1: f32,       // 1 − β₁, from the host: in float32 the difference would lose what makes β₂ differ from 1
  rest2: f32,       // 1 − β₂
}

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> variance: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  let at_weights = parameters.weights_offset + quad;
  let at_mean = parameters.mean_offset + quad;
  let at_variance = parameters.variance_offset + quad;
  var g = gradient[parameters.gradient_offset + quad];
  if (quad < parameters.penalised) { g += parameters.l2 * weights[at_weights]; }
  let m = parameters.beta1 * mean[at_mean] + parameters.rest1 * g;
  let v = parameters.beta2 * variance[at_variance] + parameters.rest2 * g * g;
  mean[at_mean] = m;
  variance[at_variance] = v;
  let root = sqrt(v * parameters.correction2);
  weights[at_weights] -= parameters.rate * (m * parameters.correction1) / (root + parameters.epsilon);
}
