// out[i,j] += alpha · u[i] · v[j]: a rank-one update, by which features are centred without being rewritten.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  quads: u32,      // quads of `out`
  stride: u32,     // quads in a row of `out` and of v
  u_offset: u32,   // quads
  v_offset: u32,   // quads
  out_offset: u32, // quads
  alpha: f32,
}

@group(0) @binding(0) var<storage, read> u: array<vec4f>;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  let row = quad / parameters.stride;
  let factor = parameters.alpha * u[parameters.u_offset + (row >> 2u)][row & 3u];
  out[parameters.out_offset + quad] += factor * v[parameters.v_offset + quad % parameters.stride];
}
