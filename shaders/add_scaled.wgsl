// out = alpha · x + beta · y + keep · out, value by value. With READ_OUT off `out` is not read, so its old content,
// whatever it is, cannot get in.

// Threads in a workgroup.
override THREADS: u32;
override READ_OUT: bool;

struct Parameters {
  quads: u32,
  x_offset: u32,   // quads
  y_offset: u32,   // quads
  out_offset: u32, // quads
  alpha: f32,
  beta: f32,
  keep: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> y: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  var value = parameters.alpha * x[parameters.x_offset + quad];
  if (parameters.beta != 0.0) { value += parameters.beta * y[parameters.y_offset + quad]; }
  if (READ_OUT) { value += parameters.keep * out[parameters.out_offset + quad]; }
  out[parameters.out_offset + quad] = value;
}
