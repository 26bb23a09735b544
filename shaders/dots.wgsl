// out[r] = Σ_e stack[r][e] · v[e]: the dot products of one vector with every vector of a stack.
// A workgroup takes one chunk of one stacked vector and leaves a partial; sum_partials adds the chunks in order.

// Threads in a workgroup, a power of two.
override THREADS: u32;

struct Parameters {
  vectors: u32,       // vectors in the stack
  quads: u32,         // quads in each
  per_chunk: u32,     // quads in a chunk
  workgroups: u32,    // vectors · chunks
  stack_offset: u32,  // quads
  vector_offset: u32, // quads
  out_stride: u32,    // values from one chunk's partials to the next, `vectors` rounded up to 4
  out_offset: u32,    // values
}

@group(0) @binding(0) var<storage, read> stack: array<vec4f>;
@group(0) @binding(1) var<storage, read> vector: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

var<workgroup> staged: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.workgroups) { return; }
  let row = id % parameters.out_stride;
  let chunk = id / parameters.out_stride;
  let begin = chunk * parameters.per_chunk;
  let end = min(parameters.quads, begin + parameters.per_chunk);
  var sum = 0.0;
  if (row < parameters.vectors) {
    for (var quad = begin + thread; quad < end; quad += THREADS) {
      sum += dot(stack[parameters.stack_offset + row * parameters.quads + quad], vector[parameters.vector_offset + quad]);
    }
  }
  staged[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { staged[thread] += staged[thread + width]; }
  }
  // The padding of `partials` is written too, as zero: it is summed with the rest.
  if (thread == 0u) { partials[parameters.out_offset + id] = staged[0]; }
}
