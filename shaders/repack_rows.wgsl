// out[i, j] = source[i·d + j]: rows without padding, of words whatever they mean (one f32, two halves or four bytes), each to begin at a
// quad. A thread makes a word of `out`; what pads a row is zero.

// Threads in a workgroup, and elements in a word: 1, 2 or 4.
override THREADS: u32;
override ELEMENTS: u32;

struct Parameters {
  rows: u32,          // rows of this block of `out`
  columns: u32,       // elements in a row
  words: u32,         // words in a row of `out`
  first: u32,         // element of the source that the block begins with
  source_offset: u32, // words
  out_offset: u32,    // words
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let word = (workgroup.y * launched.x + workgroup.x) * THREADS + thread;
  if (word >= parameters.rows * parameters.words) { return; }
  let column = (word % parameters.words) * ELEMENTS;
  let element = parameters.first + (word / parameters.words) * parameters.columns + column;
  let bits = 32u / ELEMENTS;
  var packed = 0u;
  for (var e = 0u; e < ELEMENTS; e++) {
    if (column + e >= parameters.columns) { break; }
    let place = element + e;
    let part = extractBits(source[parameters.source_offset + place / ELEMENTS], (place % ELEMENTS) * bits, bits);
    packed = insertBits(packed, part, e * bits, bits);
  }
  out[parameters.out_offset + word] = packed;
}
