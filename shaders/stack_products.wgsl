// out[r] = (sᵀv_r, yᵀv_r, gᵀv_r, 0) for every vector v_r of a stack that holds all s, all y, and g; s and y of the newest pair.
// With a preconditioner P the stack holds all s, all P·y, and P·g, and s, y and g themselves lie apart (APART).
// A workgroup takes one chunk of one vector and leaves a partial, to be added up by who reads them.
// Nothing is done when the solver has stopped or its line search goes on.

// Threads in a workgroup, a power of two.
override THREADS: u32;
// s, y and g are not taken from the stack.
override APART: bool;

struct Parameters {
  vectors: u32,      // vectors in the stack, 2m + 1
  quads: u32,        // quads in each
  per_chunk: u32,    // quads in a chunk
  workgroups: u32,   // vectors · chunks
  pairs: u32,        // m
  stack_offset: u32, // quads
  state_offset: u32, // quads
  out_offset: u32,    // quads
  newest_offset: u32, // quads
}

@group(0) @binding(0) var<storage, read> stack: array<vec4f>;
// The first quad is (running, step, trials, taken); the fifth ends with the slot of the newest pair.
@group(0) @binding(1) var<storage, read> state: array<vec4f>;
// APART: s, y and g; else the stack.
@group(0) @binding(2) var<storage, read> newest: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

var<workgroup> staged: array<vec4f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.workgroups) { return; }
  let now = state[parameters.state_offset];
  if (now.x == 0.0 || now.z > 0.0) { return; }
  let begin = (id / parameters.vectors) * parameters.per_chunk;
  let end = min(parameters.quads, begin + parameters.per_chunk);
  let vector = parameters.stack_offset + (id % parameters.vectors) * parameters.quads;
  // The places of s, y and g, counted in vectors.
  let slot = u32(state[parameters.state_offset + 4u].w);
  var places = vec3u(slot, parameters.pairs + slot, 2u * parameters.pairs);
  if (APART) { places = vec3u(0u, 1u, 2u); }
  let offsets = places * parameters.quads + parameters.newest_offset;
  var sum = vec4f(0.0);
  for (var quad = begin + thread; quad < end; quad += THREADS) {
    let value = stack[vector + quad];
    sum += vec4f(dot(newest[offsets.x + quad], value), dot(newest[offsets.y + quad], value),
                 dot(newest[offsets.z + quad], value), 0.0);
  }
  staged[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] += staged[thread + width]; }
  }
  if (thread == 0u) { partials[parameters.out_offset + id] = staged[0]; }
}
