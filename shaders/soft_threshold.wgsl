// θ ← sign(θ) · max(0, |θ| − threshold), the proximal step of an l1 penalty. SCALED: the threshold is divided by √(correction · v) + ε
// value by value, as Adam's step is. One thread owns one quad of θ.

// Threads in a workgroup.
override THREADS: u32;
override SCALED: bool;

struct Parameters {
  quads: u32,           // quads of θ that are penalised: its first
  variance_offset: u32, // quads
  weights_offset: u32,
  threshold: f32,       // step length · l1
  correction: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> variance: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  var most = vec4f(parameters.threshold);
  if (SCALED) {
    most /= sqrt(parameters.correction * variance[parameters.variance_offset + quad]) + parameters.epsilon;
  }
  // A difference, and no product with 0, so that what is no number stays none.
  let w = weights[parameters.weights_offset + quad];
  weights[parameters.weights_offset + quad] = w - clamp(w, -most, most);
}
