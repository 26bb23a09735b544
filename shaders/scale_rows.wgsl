// out[i] = scale[i] · (x[i] − shift[i] · x[last]): rows of weights in other units, or the gradient with respect to those. One thread
// owns one quad.

// Threads in a workgroup.
override THREADS: u32;
// There is a shift; else only rows are scaled.
override HAS_SHIFT: bool;

struct Parameters {
  quads: u32,         // quads of `out`
  stride: u32,        // quads in a row
  x_offset: u32,      // quads
  last_offset: u32,   // quads to the last row of x
  scale_offset: u32,  // values
  shift_offset: u32,  // values
  out_offset: u32,    // quads
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  let row = quad / parameters.stride;
  var value = x[parameters.x_offset + quad];
  if (HAS_SHIFT) {
    value -= shift[parameters.shift_offset + row] * x[parameters.last_offset + quad % parameters.stride];
  }
  out[parameters.out_offset + quad] = scale[parameters.scale_offset + row] * value;
}
