// out[i] = source[indices[first + i]], row by row, of words whatever they mean (four bytes, two halves or one f32): a minibatch.
// Rows outside this launch's block of the source are left to the launches for the other blocks.

// Threads in a workgroup.
override THREADS: u32;

struct Parameters {
  rows: u32,          // rows of `out`
  words: u32,         // words in a row
  first: u32,         // index of the first index
  source_first: u32,  // first row of the source in this block
  source_rows: u32,   // rows of the source in this block
  source_offset: u32, // words to the block's first row
  out_offset: u32,    // words
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let word = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (word >= parameters.rows * parameters.words) { return; }
  let row = indices[parameters.first + word / parameters.words];
  if (row < parameters.source_first || row - parameters.source_first >= parameters.source_rows) { return; }
  let start = parameters.source_offset + (row - parameters.source_first) * parameters.words + word % parameters.words;
  out[parameters.out_offset + word] = source[start];
}
