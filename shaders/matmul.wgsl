// C = alpha · op(A) · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// One workgroup owns a tile of C of (4·ROW_QUADS·THREADS_Y) × (4·COLUMN_QUADS·THREADS_X) values; a thread keeps its part of
// (4·ROW_QUADS) × (4·COLUMN_QUADS) in registers. The depth is walked in slices that are staged in workgroup memory: while one
// is multiplied, the next is on its way from memory into registers. A long depth may be split over workgroups: each split
// writes a C of its own and sum_partials adds them in a fixed order, so the result has the same bits every time.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.

// Threads along the columns of C, and along its rows.
override THREADS_X: u32;
override THREADS_Y: u32;
// Quads of rows and of columns of C that a thread owns: 1 or 2. They lie THREADS_Y and THREADS_X quads apart.
override ROW_QUADS: u32;
override COLUMN_QUADS: u32;
// Depth of a slice in values, a multiple of 4.
override SLICE: u32;
// 2: one slice is staged while another is read, which saves a barrier; 1 takes half the workgroup memory.
override BUFFERS: u32;
// Of 32 threads that run together, so many lie side by side along the columns, the rest below them.
override PATCH_X: u32;
// Quads that each thread stages: of A, THREADS_Y · ROW_QUADS · SLICE / threads; of B likewise. 1 … 4.
override LOADS_A: u32;
override LOADS_B: u32;

// Quads of the tile's rows and columns.
override TILE_ROWS = THREADS_Y * ROW_QUADS;
override TILE_COLUMNS = THREADS_X * COLUMN_QUADS;
override THREADS = THREADS_X * THREADS_Y;

// Tiles of this many rows of tiles are walked column by column, so that workgroups running together share what they read.
const BAND = 8u;

// Four rows of C by four of the depth: vector r belongs to row r, its components to the depth.
fn rows_first(block: mat4x4f) -> mat4x4f {
  if (TRANSPOSE_A) { return transpose(block); }
  return block;
}
// Four of the depth by four columns of C: vector e belongs to the depth, its components to the columns.
fn depths_first(block: mat4x4f) -> mat4x4f {
  if (TRANSPOSE_B) { return transpose(block); }
  return block;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let tile = id % parameters.groups;
  let tile_columns = (parameters.columns + 4u * TILE_COLUMNS - 1u) / (4u * TILE_COLUMNS);
  let tile_rows = (parameters.rows + 4u * TILE_ROWS - 1u) / (4u * TILE_ROWS);
  let band = tile / (BAND * tile_columns);
  let in_band = tile % (BAND * tile_columns);
  let band_rows = min(BAND, tile_rows - band * BAND);
  let first_row_quad = (band * BAND + in_band % band_rows) * TILE_ROWS;
  let first_quad = (in_band / band_rows) * TILE_COLUMNS;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);
  let x = thread % PATCH_X + PATCH_X * (thread / 32u % (THREADS_X / PATCH_X));
  let y = thread / PATCH_X % (32u / PATCH_X) + (32u / PATCH_X) * (thread / (32u * (THREADS_X / PATCH_X)));

  let at_a0 = stage_a(0u, thread, first_row_quad);
  let at_a1 = stage_a(1u, thread, first_row_quad);
  let at_a2 = stage_a(2u, thread, first_row_quad);
  let at_a3 = stage_a(3u, thread, first_row_quad);
  let at_b0 = stage_b(0u, thread, first_quad);
  let at_b1 = stage_b(1u, thread, first_quad);
  let at_b2 = stage_b(2u, thread, first_quad);
  let at_b3 = stage_b(3u, thread, first_quad);

  // Rows 0 … 3 of the thread and rows 4 … 7, by quads of columns.
  var c00 = vec4f(); var c01 = vec4f();
  var c10 = vec4f(); var c11 = vec4f();
  var c20 = vec4f(); var c21 = vec4f();
  var c30 = vec4f(); var c31 = vec4f();
  var c40 = vec4f(); var c41 = vec4f();
  var c50 = vec4f(); var c51 = vec4f();
  var c60 = vec4f(); var c61 = vec4f();
  var c70 = vec4f(); var c71 = vec4f();

  // The slice on its way.
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();

  // Each step fetches a slice, multiplies the one before, which the first step has not, and stages what it fetched.
  for (var step = 0u; step < MOST_STEPS; step++) {
    let depth = begin + step * SLICE;
    if (depth >= end + SLICE) { break; }
    if (depth < end) {
      a0 = load_a(at_a0, depth, end, first_row_quad);
      if (LOADS_A > 1u) { a1 = load_a(at_a1, depth, end, first_row_quad); }
      if (LOADS_A > 2u) { a2 = load_a(at_a2, depth, end, first_row_quad); a3 = load_a(at_a3, depth, end, first_row_quad); }
      b0 = load_b(at_b0, depth, end);
      if (LOADS_B > 1u) { b1 = load_b(at_b1, depth, end); }
      if (LOADS_B > 2u) { b2 = load_b(at_b2, depth, end); b3 = load_b(at_b3, depth, end); }
    }
    let before = (step + BUFFERS - 1u) % BUFFERS;
    let side_a = before * (TILE_ROWS * SLICE);
    let side_b = before * (TILE_COLUMNS * SLICE);
    for (var q = 0u; q < SLICE / 4u; q++) {
      let in_a = side_a + q * 4u * TILE_ROWS + y;
      let in_b = side_b + q * 4u * TILE_COLUMNS + x;
      let y0 = depths_first(mat4x4f(tile_b[in_b], tile_b[in_b + TILE_COLUMNS], tile_b[in_b + 2u * TILE_COLUMNS],
                           tile_b[in_b + 3u * TILE_COLUMNS]));
      var y1 = mat4x4f();
      if (COLUMN_QUADS > 1u) { y1 = depths_first(mat4x4f(tile_b[in_b + THREADS_X], tile_b[in_b + THREADS_X + TILE_COLUMNS], tile_b[in_b + THREADS_X + 2u * TILE_COLUMNS],
                           tile_b[in_b + THREADS_X + 3u * TILE_COLUMNS])); }
      let x0 = rows_first(mat4x4f(tile_a[in_a], tile_a[in_a + TILE_ROWS], tile_a[in_a + 2u * TILE_ROWS],
                           tile_a[in_a + 3u * TILE_ROWS]));
      c00 = times(c00, x0[0], y0);
      c10 = times(c10, x0[1], y0);
      c20 = times(c20, x0[2], y0);
      c30 = times(c30, x0[3], y0);
      if (COLUMN_QUADS > 1u) {
        c01 = times(c01, x0[0], y1);
        c11 = times(c11, x0[1], y1);
        c21 = times(c21, x0[2], y1);
        c31 = times(c31, x0[3], y1);
      }
      if (ROW_QUADS > 1u) {
        let x1 = rows_first(mat4x4f(tile_a[in_a + THREADS_Y], tile_a[in_a + THREADS_Y + TILE_ROWS], tile_a[in_a + THREADS_Y + 2u * TILE_ROWS],
                           tile_a[in_a + THREADS_Y + 3u * TILE_ROWS]));
        c40 = times(c40, x1[0], y0);
        c50 = times(c50, x1[1], y0);
        c60 = times(c60, x1[2], y0);
        c70 = times(c70, x1[3], y0);
        if (COLUMN_QUADS > 1u) {
          c41 = times(c41, x1[0], y1);
          c51 = times(c51, x1[1], y1);
          c61 = times(c61, x1[2], y1);
          c71 = times(c71, x1[3], y1);
        }
      }
    }
    // Nobody overwrites the tiles while a slower thread still reads them: of two, the next barrier sees to that.
    if (BUFFERS == 1u) { workgroupBarrier(); }
    let to_a = step % BUFFERS * (TILE_ROWS * SLICE);
    let to_b = step % BUFFERS * (TILE_COLUMNS * SLICE);
    tile_a[to_a + at_a0.slot] = a0;
    if (LOADS_A > 1u) { tile_a[to_a + at_a1.slot] = a1; }
    if (LOADS_A > 2u) { tile_a[to_a + at_a2.slot] = a2; tile_a[to_a + at_a3.slot] = a3; }
    tile_b[to_b + at_b0.slot] = b0;
    if (LOADS_B > 1u) { tile_b[to_b + at_b1.slot] = b1; }
    if (LOADS_B > 2u) { tile_b[to_b + at_b2.slot] = b2; tile_b[to_b + at_b3.slot] = b3; }
    // Every thread reads what others have staged.
    workgroupBarrier();
  }

  let row = (first_row_quad + y) * 4u;
  let quad = first_quad + x;
  write_quad(split, row, quad, c00);
  write_quad(split, row + 1u, quad, c10);
  write_quad(split, row + 2u, quad, c20);
  write_quad(split, row + 3u, quad, c30);
  if (COLUMN_QUADS > 1u) {
    let right = quad + THREADS_X;
    write_quad(split, row, right, c01);
    write_quad(split, row + 1u, right, c11);
    write_quad(split, row + 2u, right, c21);
    write_quad(split, row + 3u, right, c31);
  }
  if (ROW_QUADS > 1u) {
    let below = row + 4u * THREADS_Y;
    write_quad(split, below, quad, c40);
    write_quad(split, below + 1u, quad, c50);
    write_quad(split, below + 2u, quad, c60);
    write_quad(split, below + 3u, quad, c70);
    if (COLUMN_QUADS > 1u) {
      let right = quad + THREADS_X;
      write_quad(split, below, right, c41);
      write_quad(split, below + 1u, right, c51);
      write_quad(split, below + 2u, right, c61);
      write_quad(split, below + 3u, right, c71);
    }
  }
}
