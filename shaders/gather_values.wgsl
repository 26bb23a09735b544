// out[i] = source[indices[first + i]] for vectors of words: the labels or weights of a minibatch.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  values: u32,        // values of `out`
  first: u32,         // index of the first index
  source_offset: u32, // words
  out_offset: u32,    // words
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let i = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (i >= (parameters.values + 3u) / 4u * 4u) { return; }
  // The padding of the last quad is written as zero: f32 padding must be.
  var value = 0u;
  if (i < parameters.values) { value = source[parameters.source_offset + indices[parameters.first + i]]; }
  out[parameters.out_offset + i] = value;
}
