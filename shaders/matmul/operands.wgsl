// What all kernels of a matrix product are given.

// A holds 0: f32, 1: bytes, four to a word, 2: f16, four to two words; the value is element · a_scale + a_zero.
override FORMAT_A: u32;

struct Parameters {
  rows: u32,            // rows of C
  columns: u32,         // columns of C
  depth_begin: u32,     // the sum runs over depth_begin … depth_end − 1; depth_begin < 4
  depth_end: u32,
  depth_per_split: u32, // a multiple of what a kernel walks at once
  groups: u32,          // workgroups of one split; workgroup = split · groups + group
  first_workgroup: u32, // of this launch
  end_workgroup: u32,   // one past the last of this launch
  a_offset: u32,        // quads to where row 0 of A would begin, modulo 2³²: rows before depth_begin may not exist
  a_stride: u32,        // quads from row to row of A
  b_offset: u32,        // likewise
  b_stride: u32,
  c_offset: u32,
  c_stride: u32,
  split_stride: u32,    // quads from one split's C to the next
  bias_offset: u32,     // quads to the bias row
  has_bias: u32,        // 1: add the bias (in split 0 only)
  accumulate: u32,      // 1: add to what C holds
  alpha: f32,
  a_zero: f32,
  a_scale: vec4f,       // the scale of a byte that stands 0, 8, 16 and 16 bits up
}

@group(0) @binding(1) var<storage, read> a_words: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(5) var<uniform> parameters: Parameters;

// No sum has more steps: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
