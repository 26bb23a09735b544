// out[e] (+)= Σ_p partials[p][e], p from first to last: a fixed order, therefore the same bits every time.
// One thread owns one quad of `out`.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  partials: u32,   // how many there are
  quads: u32,      // quads in each
  out_offset: u32, // quads to the first of `out`
  accumulate: u32, // 1: add to what `out` holds
}

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let quad = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (quad >= parameters.quads) { return; }
  var sum = vec4f(0.0);
  if (parameters.accumulate == 1u) { sum = out[parameters.out_offset + quad]; }
  for (var p = 0u; p < parameters.partials; p++) {
    sum += partials[p * parameters.quads + quad];
  }
  out[parameters.out_offset + quad] = sum;
}
