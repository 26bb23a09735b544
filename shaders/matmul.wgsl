// C = alpha · op(A) · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// One workgroup owns one tile of C of (4·THREADS_Y) × (4·THREADS_X) values, one thread 4 × 4 of them in registers.
// The depth is walked in slices of 32, staged in workgroup memory. A long depth may be split over workgroups: each
// split writes a C of its own and sum_partials adds them in a fixed order, so the result has the same bits every time.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.

// Threads along the columns of C; each owns one quad of columns.
override THREADS_X: u32;
// Threads along the rows of C; each owns four rows.
override THREADS_Y: u32;
// A is stored as [depth × rows].
override TRANSPOSE_A: bool;
// B is stored as [columns × depth].
override TRANSPOSE_B: bool;
// A holds 0: f32, 1: bytes, four to a word, 2: f16, four to two words; the value is element · a_scale + a_zero.
override FORMAT_A: u32;
// With TRANSPOSE_A: A is a column of ones for the last row of C.
override ONES: bool;
// Rounds in which all threads load the tile of A (THREADS_Y · 32 quads) and of B (THREADS_X · 32 quads).
override LOADS_A: u32;
override LOADS_B: u32;

const FOUR = vec4u(0u, 1u, 2u, 3u);
// Depth of a slice in values and in quads.
const SLICE = 32u;
const SLICE_QUADS = 8u;

struct Parameters {
  rows: u32,            // rows of C
  columns: u32,         // columns of C
  depth_begin: u32,     // the sum runs over depth_begin … depth_end − 1; depth_begin < 4
  depth_end: u32,
  depth_per_split: u32, // a multiple of SLICE
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

// A plain: [row][quad along the depth]. A transposed: [depth][quad along the rows]. Both THREADS_Y · 32 quads.
var<workgroup> tile_a: array<vec4f, THREADS_Y * 32>;
// [depth][quad along the columns]
var<workgroup> tile_b: array<vec4f, THREADS_X * 32>;

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

fn load_a(first_row: u32, first_depth: u32, end_depth: u32, thread: u32) {
  let threads = THREADS_X * THREADS_Y;
  for (var round = 0u; round < LOADS_A; round++) {
    let slot = round * threads + thread;
    if (slot >= THREADS_Y * 32u) { continue; }
    var quad = vec4f(0.0);
    if (TRANSPOSE_A) {
      let depth = first_depth + slot / THREADS_Y;
      let row = first_row + (slot % THREADS_Y) * 4u;
      if (depth >= parameters.depth_begin && depth < end_depth) {
        if ((row >> 2u) < parameters.a_stride) {
          quad = quad_of_a(parameters.a_offset + depth * parameters.a_stride + (row >> 2u));
        }
        let is_ones = vec4u(row) + FOUR == vec4u(parameters.rows - 1u);
        quad = select(quad, vec4f(1.0), is_ones & vec4<bool>(ONES));
      }
    } else {
      let row = first_row + slot / SLICE_QUADS;
      let depth = first_depth + (slot % SLICE_QUADS) * 4u;
      if (row < parameters.rows && depth < end_depth) {
        // Of a quad that the sum enters or leaves midway, B has zeros for the rest.
        quad = quad_of_a(parameters.a_offset + row * parameters.a_stride + (depth >> 2u));
      }
    }
    tile_a[slot] = quad;
  }
}

fn load_b(first_column: u32, first_depth: u32, end_depth: u32, thread: u32) {
  let threads = THREADS_X * THREADS_Y;
  for (var round = 0u; round < LOADS_B; round++) {
    let slot = round * threads + thread;
    if (TRANSPOSE_B) {
      // A thread fetches four rows of B at one quad of the depth and turns the 4 × 4 values in registers, since two
      // threads must never write components of one vec4 in workgroup memory.
      if (slot >= THREADS_X * SLICE_QUADS) { continue; }
      let column = first_column + (slot % THREADS_X) * 4u;
      let depth = first_depth + (slot / THREADS_X) * 4u;
      var block = mat4x4f();
      for (var i = 0u; i < 4u; i++) {
        if (column + i < parameters.columns && depth < end_depth) {
          block[i] = b[parameters.b_offset + (column + i) * parameters.b_stride + (depth >> 2u)];
        }
      }
      block = transpose(block);
      let target_slot = (slot / THREADS_X) * 4u * THREADS_X + slot % THREADS_X;
      tile_b[target_slot] = block[0];
      tile_b[target_slot + THREADS_X] = block[1];
      tile_b[target_slot + 2u * THREADS_X] = block[2];
      tile_b[target_slot + 3u * THREADS_X] = block[3];
    } else {
      if (slot >= THREADS_X * SLICE) { continue; }
      let quad_column = (first_column >> 2u) + slot % THREADS_X;
      let depth = first_depth + slot / THREADS_X;
      var quad = vec4f(0.0);
      if (depth >= parameters.depth_begin && depth < end_depth && quad_column < parameters.b_stride) {
        quad = b[parameters.b_offset + depth * parameters.b_stride + quad_column];
      }
      tile_b[slot] = quad;
    }
  }
}

fn write_quad(split: u32, row: u32, quad: u32, sum: vec4f) {
  if (row >= parameters.rows || quad * 4u >= parameters.columns) { return; }
  let at = parameters.c_offset + split * parameters.split_stride + row * parameters.c_stride + quad;
  var value = parameters.alpha * sum;
  if (parameters.has_bias == 1u && split == 0u) { value += bias[parameters.bias_offset + quad]; }
  if (parameters.accumulate == 1u) { value += c[at]; }
  c[at] = select(vec4f(0.0), value, vec4u(quad * 4u) + FOUR < vec4u(parameters.columns));
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let tile = id % parameters.groups;
  let tile_columns = (parameters.columns + 4u * THREADS_X - 1u) / (4u * THREADS_X);
  let first_row = (tile / tile_columns) * THREADS_Y * 4u;
  let first_column = (tile % tile_columns) * THREADS_X * 4u;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);

  var c0 = vec4f(0.0);
  var c1 = vec4f(0.0);
  var c2 = vec4f(0.0);
  var c3 = vec4f(0.0);

  for (var depth = begin; depth < end; depth += SLICE) {
    load_a(first_row, depth, end, thread);
    load_b(first_column, depth, end, thread);
    // Every thread reads what others have staged.
    workgroupBarrier();
    if (TRANSPOSE_A) {
      for (var k = 0u; k < SLICE; k++) {
        let x = tile_a[k * THREADS_Y + local.y];
        let y = tile_b[k * THREADS_X + local.x];
        c0 += x.x * y;
        c1 += x.y * y;
        c2 += x.z * y;
        c3 += x.w * y;
      }
    } else {
      for (var q = 0u; q < SLICE_QUADS; q++) {
        let y0 = tile_b[(q * 4u) * THREADS_X + local.x];
        let y1 = tile_b[(q * 4u + 1u) * THREADS_X + local.x];
        let y2 = tile_b[(q * 4u + 2u) * THREADS_X + local.x];
        let y3 = tile_b[(q * 4u + 3u) * THREADS_X + local.x];
        let x0 = tile_a[(local.y * 4u) * SLICE_QUADS + q];
        let x1 = tile_a[(local.y * 4u + 1u) * SLICE_QUADS + q];
        let x2 = tile_a[(local.y * 4u + 2u) * SLICE_QUADS + q];
        let x3 = tile_a[(local.y * 4u + 3u) * SLICE_QUADS + q];
        c0 += x0.x * y0 + x0.y * y1 + x0.z * y2 + x0.w * y3;
        c1 += x1.x * y0 + x1.y * y1 + x1.z * y2 + x1.w * y3;
        c2 += x2.x * y0 + x2.y * y1 + x2.z * y2 + x2.w * y3;
        c3 += x3.x * y0 + x3.y * y1 + x3.z * y2 + x3.w * y3;
      }
    }
    // Nobody overwrites the tiles while a slower thread still reads them.
    workgroupBarrier();
  }

  let row = first_row + local.y * 4u;
  let quad = (first_column >> 2u) + local.x;
  write_quad(split, row, quad, c0);
  write_quad(split, row + 1u, quad, c1);
  write_quad(split, row + 2u, quad, c2);
  write_quad(split, row + 3u, quad, c3);
}
