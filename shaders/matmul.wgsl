// C = alpha · op(A) · op(B) + bias      A: f32 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// One workgroup owns one tile of C of (4·THREADS_Y) × (4·THREADS_X) values, one thread 4 × 4 of them in registers.
// The depth is walked in slices of 32, staged in workgroup memory. A long depth may be split over workgroups: each
// split writes a C of its own and sum_partials adds them in a fixed order, so the result has the same bits every time.
//
// Rows of A, B and C are padded to whole quads; the padding of B is zero, therefore that of C is too.

// Threads along the columns of C; each owns one quad of columns.
override THREADS_X: u32;
// Threads along the rows of C; each owns four rows.
override THREADS_Y: u32;
// A is stored as [depth × rows].
override TRANSPOSE_A: bool;
// B is stored as [columns × depth].
override TRANSPOSE_B: bool;
// A holds bytes, four to a word, whose value is byte · a_scale + a_zero.
override BYTES_A: bool;
// Rounds in which all threads load the tile of A (THREADS_Y · 32 quads) and of B (THREADS_X · 32 quads).
override LOADS_A: u32;
override LOADS_B: u32;

// Depth of a slice in values and in quads.
const SLICE = 32u;
const SLICE_QUADS = 8u;

struct Parameters {
  rows: u32,            // rows of C
  columns: u32,         // columns of C
  depth: u32,           // length of the sum
  depth_per_split: u32, // a multiple of SLICE
  tiles: u32,           // tiles of C, column-major over tile rows; workgroup = split · tiles + tile
  tile_columns: u32,    // tiles side by side
  a_offset: u32,        // quads to the first row of A
  a_stride: u32,        // quads from row to row of A
  b_offset: u32,
  b_stride: u32,
  c_offset: u32,
  c_stride: u32,
  split_stride: u32,    // quads from one split's C to the next
  workgroups: u32,      // how many of the launched workgroups have work
  bias_offset: u32,     // quads to the bias row
  has_bias: u32,        // 1: add the bias (in split 0 only)
  ones_row: u32,        // with TRANSPOSE_A: the row of C for which A is a column of ones; 0xffffffff for none
  alpha: f32,
  a_scale: f32,
  a_zero: f32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4u>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// A plain: [row][quad along the depth]. A transposed: [depth][quad along the rows]. Both THREADS_Y · 32 quads.
var<workgroup> tile_a: array<vec4f, THREADS_Y * 32>;
// [depth][quad along the columns]
var<workgroup> tile_b: array<vec4f, THREADS_X * 32>;

// The quad of A with this index, counted from the start of the buffer.
fn quad_of_a(index: u32) -> vec4f {
  if (BYTES_A) {
    let word = a[index >> 2u][index & 3u];
    let bytes = vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu);
    return vec4f(bytes) * parameters.a_scale + parameters.a_zero;
  }
  return bitcast<vec4f>(a[index]);
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
      if (depth < end_depth) {
        if ((row >> 2u) < parameters.a_stride) {
          quad = quad_of_a(parameters.a_offset + depth * parameters.a_stride + (row >> 2u));
        }
        quad = select(quad, vec4f(1.0), vec4u(row, row + 1u, row + 2u, row + 3u) == vec4u(parameters.ones_row));
      }
    } else {
      let row = first_row + slot / SLICE_QUADS;
      let depth = first_depth + (slot % SLICE_QUADS) * 4u;
      if (row < parameters.rows && depth < end_depth) {
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
      if (depth < end_depth && quad_column < parameters.b_stride) {
        quad = b[parameters.b_offset + depth * parameters.b_stride + quad_column];
      }
      tile_b[slot] = quad;
    }
  }
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.workgroups) { return; }
  let split = id / parameters.tiles;
  let tile = id % parameters.tiles;
  let first_row = (tile / parameters.tile_columns) * THREADS_Y * 4u;
  let first_column = (tile % parameters.tile_columns) * THREADS_X * 4u;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth, begin + parameters.depth_per_split);

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
  let quad_column = (first_column >> 2u) + local.x;
  if (quad_column >= parameters.c_stride) { return; }
  var shift = vec4f(0.0);
  if (parameters.has_bias == 1u && split == 0u) { shift = bias[parameters.bias_offset + quad_column]; }
  let at = parameters.c_offset + split * parameters.split_stride + row * parameters.c_stride + quad_column;
  if (row < parameters.rows) { c[at] = parameters.alpha * c0 + shift; }
  if (row + 1u < parameters.rows) { c[at + parameters.c_stride] = parameters.alpha * c1 + shift; }
  if (row + 2u < parameters.rows) { c[at + 2u * parameters.c_stride] = parameters.alpha * c2 + shift; }
  if (row + 3u < parameters.rows) { c[at + 3u * parameters.c_stride] = parameters.alpha * c3 + shift; }
}
