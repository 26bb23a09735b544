// out[e] (+)= Σ_p partials[p][e], in a fixed order: therefore the same bits every time.
// LANES threads share one quad of `out`: each sums every LANES-th partial from first to last, then the lanes are added in order.

// Threads in a workgroup, a multiple of LANES.
override THREADS: u32;
// Threads that share a quad: more of them wait less for memory where partials are many and quads few.
override LANES: u32;

struct Parameters {
  partials: u32,   // how many there are
  quads: u32,      // quads in each
  out_offset: u32, // quads to the first of `out`
  accumulate: u32, // 1: add to what `out` holds
}

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// The lanes' sums.
var<workgroup> shared_sums: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  // Neighbouring threads have neighbouring quads; lanes lie `quads_here` threads apart.
  let quads_here = THREADS / LANES;
  let lane = thread / quads_here;
  let quad = (workgroup.y * launched.x + workgroup.x) * quads_here + thread % quads_here;
  var sum = vec4f(0.0);
  if (quad < parameters.quads) {
    for (var p = lane; p < parameters.partials; p += LANES) {
      sum += partials[p * parameters.quads + quad];
    }
  }
  if (LANES > 1u) {
    shared_sums[thread] = sum;
    // Lane 0 adds up what the others have shared.
    workgroupBarrier();
    for (var l = 1u; l < LANES; l++) { sum += shared_sums[l * quads_here + thread % quads_here]; }
  }
  if (lane > 0u || quad >= parameters.quads) { return; }
  let at = parameters.out_offset + quad;
  if (parameters.accumulate == 1u) { sum += out[at]; }
  out[at] = sum;
}
