// out[e] = a · addend[e] + Σ_r coefficients[r] · stack[r][e]: one linear combination of a stack of vectors.
// One thread owns one quad of `out` and adds the vectors in order.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  vectors: u32,             // vectors in the stack
  quads: u32,               // quads in each
  stack_offset: u32,        // quads
  addend_offset: u32,       // quads
  out_offset: u32,          // quads
  coefficients_offset: u32, // quads
  addend_scale: f32,        // a
}

@group(0) @binding(0) var<storage, read> stack: array<vec4f>;
@group(0) @binding(1) var<storage, read> coefficients: array<vec4f>;
@group(0) @binding(2) var<storage, read> addend: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  var sum = parameters.addend_scale * addend[parameters.addend_offset + quad];
  for (var r = 0u; r < parameters.vectors; r++) {
    let coefficient = coefficients[parameters.coefficients_offset + (r >> 2u)][r & 3u];
    sum += coefficient * stack[parameters.stack_offset + r * parameters.quads + quad];
  }
  out[parameters.out_offset + quad] = sum;
}
