// C = alpha · op(A) · B + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// For a C of at most 18 columns, on software adapters that have subgroups: a load costs them as much as thirty multiplications,
// so each of four neighbours loads one row of B and tells the others by broadcast. A thread owns ROW_QUADS quads of rows of C with
// all columns in registers. Neighbours need not own neighbouring rows: every thread of a workgroup sums the same depths, so it
// does not matter which threads make a quad of the subgroup.
// A long depth may be split over workgroups: each split writes a C of its own and sum_partials adds them in order.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.
enable subgroups;

// Threads in a workgroup, a multiple of 4.
override THREADS: u32;
// Quads of rows of C that a thread owns: 1 or 2. They lie four quads apart.
override ROW_QUADS: u32;
// Columns of C: so many quads, 0 … 4, and one or two columns more if PAIR.
override FULL_QUADS: u32;
override PAIR: bool;
// A is stored as [depth × rows].
override TRANSPOSE_A: bool;
// A holds 0: f32, 1: bytes, four to a word, 2: f16, four to two words; the value is element · a_scale + a_zero.
override FORMAT_A: u32;
// With TRANSPOSE_A: A is a column of ones for the last row of C.
override ONES: bool;

struct Parameters {
  rows: u32,            // rows of C
  columns: u32,         // columns of C
  depth_begin: u32,     // the sum runs over depth_begin … depth_end − 1; depth_begin < 4
  depth_end: u32,
  depth_per_split: u32, // a multiple of 4
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

// The same memory twice: as quads of f32 and as words of smaller elements.
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> a_words: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(5) var<uniform> parameters: Parameters;

// No sum is longer: compilers see that the loop ends.
const MOST_STEPS = 0x40000000u;
const FOUR = vec4u(0u, 1u, 2u, 3u);

// The quad of A with this index, counted from the start of the buffer.
fn quad_of_a(index: u32) -> vec4f {
  if (FORMAT_A == 1u) {
    // Masked bytes convert exactly where they stand, and as signed integers in one instruction each.
    let word = a_words[index];
    let bytes = vec4u(word, word, word, word >> 8u) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff0000u);
    return vec4f(vec4i(bytes)) * parameters.a_scale + parameters.a_zero;
  }
  if (FORMAT_A == 2u) {
    let halves = vec4f(unpack2x16float(a_words[2u * index]), unpack2x16float(a_words[2u * index + 1u]));
    return halves * parameters.a_scale.x + parameters.a_zero;
  }
  return a[index];
}

// Where one of the quads of rows that a thread owns is found in A.
struct Place {
  rows: vec4u,       // where four rows of A as it is begin; those beyond the end repeat the last, and are not written
  quad: u32,         // of A transposed, within each row
  ones: vec4<bool>,  // which of the rows is the row of ones
}

fn place_of(quad: u32) -> Place {
  let rows = vec4u(quad * 4u) + FOUR;
  let starts = parameters.a_offset + min(rows, vec4u(parameters.rows - 1u)) * parameters.a_stride;
  return Place(starts, min(quad, parameters.a_stride - 1u), rows == vec4u(parameters.rows - 1u));
}

fn masked(quad: vec4f, mask: u32) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(quad) & vec4u(mask));
}

// Four rows of C by four of the depth: vector e belongs to the depth, its components to the rows. Values at depths where
// `mask` is 0 are zero. No branch here may depend on data: some adapters take both ways of it, on every step.
fn block_of_a(place: Place, inside: vec4u, mask: vec4u) -> mat4x4f {
  let depths = parameters.a_offset + inside * parameters.a_stride + place.quad;
  let at = select(place.rows + (inside.x >> 2u), depths, TRANSPOSE_A);
  var block = mat4x4f(quad_of_a(at.x), quad_of_a(at.y), quad_of_a(at.z), quad_of_a(at.w));
  if (!TRANSPOSE_A) { block = transpose(block); }
  if (ONES) {
    block = mat4x4f(select(block[0], vec4f(1.0), place.ones), select(block[1], vec4f(1.0), place.ones),
                    select(block[2], vec4f(1.0), place.ones), select(block[3], vec4f(1.0), place.ones));
  }
  return mat4x4f(masked(block[0], mask.x), masked(block[1], mask.y), masked(block[2], mask.z), masked(block[3], mask.w));
}

// Four of the depth, of which each neighbour has read one, by four columns of C: vector j belongs to the column.
fn block_of_b(own: vec4f) -> mat4x4f {
  return transpose(mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u)));
}
fn pair_of_b(own: vec2f) -> mat2x4f {
  return transpose(mat4x2f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u)));
}

fn write_quad(split: u32, row: u32, quad: u32, sum: vec4f) {
  if (row >= parameters.rows || quad * 4u >= parameters.columns) { return; }
  let at = parameters.c_offset + split * parameters.split_stride + row * parameters.c_stride + quad;
  var value = parameters.alpha * sum;
  if (parameters.has_bias == 1u && split == 0u) { value += bias[parameters.bias_offset + quad]; }
  if (parameters.accumulate == 1u) { value += c[at]; }
  c[at] = select(vec4f(0.0), value, vec4u(quad * 4u) + FOUR < vec4u(parameters.columns));
}

// Writes four rows by one quad of columns, from a vector for each column.
fn write_block(split: u32, row_quad: u32, quad: u32, block: mat4x4f) {
  var rows = transpose(block);
  for (var r = 0u; r < 4u; r++) { write_quad(split, row_quad * 4u + r, quad, rows[r]); }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32, @builtin(subgroup_invocation_id) invocation: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let begin = split * parameters.depth_per_split;
  // Broadcasts want all threads of a subgroup: those beyond the end of C sum what they find, and write nothing.
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);
  let quad0 = ((id % parameters.groups) * THREADS + thread / 4u * 4u) * ROW_QUADS + thread % 4u;
  let quad1 = quad0 + 4u;
  let place0 = place_of(quad0);
  let place1 = place_of(quad1);
  let member = invocation % 4u;
  let pair_quad = FULL_QUADS;

  // The first and the second quad of rows by quads of columns, a vector for each column; p: the pair.
  var c00 = mat4x4f(); var c01 = mat4x4f(); var c02 = mat4x4f(); var c03 = mat4x4f(); var c0p = mat2x4f();
  var c10 = mat4x4f(); var c11 = mat4x4f(); var c12 = mat4x4f(); var c13 = mat4x4f(); var c1p = mat2x4f();

  for (var step = 0u; step < MOST_STEPS; step++) {
    let first = begin + step * 4u;
    if (first >= end) { break; }
    let depth = vec4u(first) + FOUR;
    let inside = clamp(depth, vec4u(parameters.depth_begin), vec4u(parameters.depth_end - 1u));
    let mask = select(vec4u(0u), vec4u(0xffffffffu), depth == inside);
    let own = clamp(first + member, parameters.depth_begin, parameters.depth_end - 1u);
    let at = parameters.b_offset + own * parameters.b_stride;
    let x0 = block_of_a(place0, inside, mask);
    var x1 = mat4x4f();
    if (ROW_QUADS > 1u) { x1 = block_of_a(place1, inside, mask); }
    if (FULL_QUADS > 0u) {
      let y = block_of_b(b[at]);
      c00 += x0 * y;
      if (ROW_QUADS > 1u) { c10 += x1 * y; }
    }
    if (FULL_QUADS > 1u) {
      let y = block_of_b(b[at + 1u]);
      c01 += x0 * y;
      if (ROW_QUADS > 1u) { c11 += x1 * y; }
    }
    if (FULL_QUADS > 2u) {
      let y = block_of_b(b[at + 2u]);
      c02 += x0 * y;
      if (ROW_QUADS > 1u) { c12 += x1 * y; }
    }
    if (FULL_QUADS > 3u) {
      let y = block_of_b(b[at + 3u]);
      c03 += x0 * y;
      if (ROW_QUADS > 1u) { c13 += x1 * y; }
    }
    if (PAIR) {
      // By components: of a whole quad two would be loaded for nothing.
      let y = pair_of_b(vec2f(b[at + pair_quad].x, b[at + pair_quad].y));
      c0p += x0 * y;
      if (ROW_QUADS > 1u) { c1p += x1 * y; }
    }
  }

  if (FULL_QUADS > 0u) { write_block(split, quad0, 0u, c00); }
  if (FULL_QUADS > 1u) { write_block(split, quad0, 1u, c01); }
  if (FULL_QUADS > 2u) { write_block(split, quad0, 2u, c02); }
  if (FULL_QUADS > 3u) { write_block(split, quad0, 3u, c03); }
  if (PAIR) { write_block(split, quad0, pair_quad, mat4x4f(c0p[0], c0p[1], vec4f(), vec4f())); }
  if (ROW_QUADS > 1u) {
    if (FULL_QUADS > 0u) { write_block(split, quad1, 0u, c10); }
    if (FULL_QUADS > 1u) { write_block(split, quad1, 1u, c11); }
    if (FULL_QUADS > 2u) { write_block(split, quad1, 2u, c12); }
    if (FULL_QUADS > 3u) { write_block(split, quad1, 3u, c13); }
    if (PAIR) { write_block(split, quad1, pair_quad, mat4x4f(c1p[0], c1p[1], vec4f(), vec4f())); }
  }
}
