// C = alpha · op(A) · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// The operands rounded to halves, products summed in f32 by the units that multiply 16 × 16 matrices at once. For devices with
// chromium_experimental_subgroup_matrix, whose subgroups have 32 threads, and only where the caller takes halves.
// One workgroup owns a tile of C of (32·SUBGROUPS_Y) × (16·COLUMN_TILES·SUBGROUPS_X) values; a subgroup keeps two rows of
// COLUMN_TILES matrices. The depth is walked in slices staged as halves in workgroup memory: while one is multiplied, the next
// is on its way from memory into registers. A long depth may be split over workgroups, as in matmul.wgsl.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
// That threads of a subgroup agree on where their matrices lie follows from thread / 32, which no compiler proves.
diagnostic(off, chromium.subgroup_matrix_uniformity);

// Subgroups along the columns of C, and along its rows: 4 or 8 in all.
override SUBGROUPS_X: u32;
override SUBGROUPS_Y: u32;
// Matrices side by side in a subgroup: 2 or 4.
override COLUMN_TILES: u32;
// Depth of a slice in values: 16 or 32.
override SLICE: u32;
// Quads that each thread stages, of A and of B: 2 or 4.
override LOADS: u32;

const LANES = 32u;
const SIDE = 16u;
override SUBGROUPS = SUBGROUPS_X * SUBGROUPS_Y;
override THREADS = LANES * SUBGROUPS;
// Values of the tile.
override TILE_ROWS = 2u * SIDE * SUBGROUPS_Y;
override TILE_COLUMNS = SIDE * COLUMN_TILES * SUBGROUPS_X;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

// Tiles of this many rows of tiles are walked column by column, so that workgroups running together share what they read.
const BAND = 8u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let tile = id % parameters.groups;
  let tile_columns = (parameters.columns + TILE_COLUMNS - 1u) / TILE_COLUMNS;
  let tile_rows = (parameters.rows + TILE_ROWS - 1u) / TILE_ROWS;
  let band = tile / (BAND * tile_columns);
  let in_band = tile % (BAND * tile_columns);
  let band_rows = min(BAND, tile_rows - band * BAND);
  let first_row = (band * BAND + in_band % band_rows) * TILE_ROWS;
  let first_column = (in_band / band_rows) * TILE_COLUMNS;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);
  // Where the subgroup's part of the tile begins.
  let subgroup = thread / LANES;
  let row = subgroup / SUBGROUPS_X * (2u * SIDE);
  let column = subgroup % SUBGROUPS_X * (SIDE * COLUMN_TILES);

  let at_a0 = stage_a(0u, thread, first_row);
  let at_a1 = stage_a(1u, thread, first_row);
  let at_a2 = stage_a(2u, thread, first_row);
  let at_a3 = stage_a(3u, thread, first_row);
  let at_b0 = stage_b(0u, thread, first_column);
  let at_b1 = stage_b(1u, thread, first_column);
  let at_b2 = stage_b(2u, thread, first_column);
  let at_b3 = stage_b(3u, thread, first_column);

  var c00 = Sum(); var c01 = Sum(); var c02 = Sum(); var c03 = Sum();
  var c10 = Sum(); var c11 = Sum(); var c12 = Sum(); var c13 = Sum();

  // The slice on its way.
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();

  // Each step fetches a slice, multiplies the one before, which the first step has not, and stages what it fetched.
  for (var step = 0u; step < MOST_STEPS; step++) {
    let depth = begin + step * SLICE;
    if (depth >= end + SLICE) { break; }
    if (depth < end) {
      a0 = load_a(at_a0, depth, first_row);
      a1 = load_a(at_a1, depth, first_row);
      if (LOADS > 2u) { a2 = load_a(at_a2, depth, first_row); a3 = load_a(at_a3, depth, first_row); }
      b0 = load_b(at_b0, depth);
      b1 = load_b(at_b1, depth);
      if (LOADS > 2u) { b2 = load_b(at_b2, depth); b3 = load_b(at_b3, depth); }
      // One branch after all loads: one at each of them kept them from being on their way together.
      if (depth < parameters.depth_begin || depth + SLICE > end) {
        a0 = within(a0, depth + at_a0.depth, end, !TRANSPOSE_A);
        a1 = within(a1, depth + at_a1.depth, end, !TRANSPOSE_A);
        a2 = within(a2, depth + at_a2.depth, end, !TRANSPOSE_A);
        a3 = within(a3, depth + at_a3.depth, end, !TRANSPOSE_A);
        b0 = within(b0, depth + at_b0.depth, end, TRANSPOSE_B);
        b1 = within(b1, depth + at_b1.depth, end, TRANSPOSE_B);
        b2 = within(b2, depth + at_b2.depth, end, TRANSPOSE_B);
        b3 = within(b3, depth + at_b3.depth, end, TRANSPOSE_B);
      }
    }
    if (step > 0u) {
      for (var sixteenth = 0u; sixteenth < SLICE / SIDE; sixteenth++) {
        let part = sixteenth * SIDE;
        // Written out for each order: a function that chooses how to load a matrix took two to three times as long.
        if (!TRANSPOSE_A && !TRANSPOSE_B) {
          let in_a = row * LINE_A + part / 4u;
          let in_b = part * LINE_B + column / 4u;
          let x0 = subgroupMatrixLoad<Left, row_major>(&tile_a, in_a, LINE_A);
          let x1 = subgroupMatrixLoad<Left, row_major>(&tile_a, in_a + 16u * LINE_A, LINE_A);
          let y0 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b, LINE_B);
          let y1 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 4u, LINE_B);
          c00 = subgroupMatrixMultiplyAccumulate(x0, y0, c00);
          c01 = subgroupMatrixMultiplyAccumulate(x0, y1, c01);
          c10 = subgroupMatrixMultiplyAccumulate(x1, y0, c10);
          c11 = subgroupMatrixMultiplyAccumulate(x1, y1, c11);
          if (COLUMN_TILES > 2u) {
            let y2 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 8u, LINE_B);
            let y3 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 12u, LINE_B);
            c02 = subgroupMatrixMultiplyAccumulate(x0, y2, c02);
            c03 = subgroupMatrixMultiplyAccumulate(x0, y3, c03);
            c12 = subgroupMatrixMultiplyAccumulate(x1, y2, c12);
            c13 = subgroupMatrixMultiplyAccumulate(x1, y3, c13);
          }
        }
        if (TRANSPOSE_A && !TRANSPOSE_B) {
          let in_a = part * LINE_A + row / 4u;
          let in_b = part * LINE_B + column / 4u;
          let x0 = subgroupMatrixLoad<Left, col_major>(&tile_a, in_a, LINE_A);
          let x1 = subgroupMatrixLoad<Left, col_major>(&tile_a, in_a + 4u, LINE_A);
          let y0 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b, LINE_B);
          let y1 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 4u, LINE_B);
          c00 = subgroupMatrixMultiplyAccumulate(x0, y0, c00);
          c01 = subgroupMatrixMultiplyAccumulate(x0, y1, c01);
          c10 = subgroupMatrixMultiplyAccumulate(x1, y0, c10);
          c11 = subgroupMatrixMultiplyAccumulate(x1, y1, c11);
          if (COLUMN_TILES > 2u) {
            let y2 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 8u, LINE_B);
            let y3 = subgroupMatrixLoad<Right, row_major>(&tile_b, in_b + 12u, LINE_B);
            c02 = subgroupMatrixMultiplyAccumulate(x0, y2, c02);
            c03 = subgroupMatrixMultiplyAccumulate(x0, y3, c03);
            c12 = subgroupMatrixMultiplyAccumulate(x1, y2, c12);
            c13 = subgroupMatrixMultiplyAccumulate(x1, y3, c13);
          }
        }
        if (!TRANSPOSE_A && TRANSPOSE_B) {
          let in_a = row * LINE_A + part / 4u;
          let in_b = column * LINE_B + part / 4u;
          let x0 = subgroupMatrixLoad<Left, row_major>(&tile_a, in_a, LINE_A);
          let x1 = subgroupMatrixLoad<Left, row_major>(&tile_a, in_a + 16u * LINE_A, LINE_A);
          let y0 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b, LINE_B);
          let y1 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 16u * LINE_B, LINE_B);
          c00 = subgroupMatrixMultiplyAccumulate(x0, y0, c00);
          c01 = subgroupMatrixMultiplyAccumulate(x0, y1, c01);
          c10 = subgroupMatrixMultiplyAccumulate(x1, y0, c10);
          c11 = subgroupMatrixMultiplyAccumulate(x1, y1, c11);
          if (COLUMN_TILES > 2u) {
            let y2 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 32u * LINE_B, LINE_B);
            let y3 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 48u * LINE_B, LINE_B);
            c02 = subgroupMatrixMultiplyAccumulate(x0, y2, c02);
            c03 = subgroupMatrixMultiplyAccumulate(x0, y3, c03);
            c12 = subgroupMatrixMultiplyAccumulate(x1, y2, c12);
            c13 = subgroupMatrixMultiplyAccumulate(x1, y3, c13);
          }
        }
        if (TRANSPOSE_A && TRANSPOSE_B) {
          let in_a = part * LINE_A + row / 4u;
          let in_b = column * LINE_B + part / 4u;
          let x0 = subgroupMatrixLoad<Left, col_major>(&tile_a, in_a, LINE_A);
          let x1 = subgroupMatrixLoad<Left, col_major>(&tile_a, in_a + 4u, LINE_A);
          let y0 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b, LINE_B);
          let y1 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 16u * LINE_B, LINE_B);
          c00 = subgroupMatrixMultiplyAccumulate(x0, y0, c00);
          c01 = subgroupMatrixMultiplyAccumulate(x0, y1, c01);
          c10 = subgroupMatrixMultiplyAccumulate(x1, y0, c10);
          c11 = subgroupMatrixMultiplyAccumulate(x1, y1, c11);
          if (COLUMN_TILES > 2u) {
            let y2 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 32u * LINE_B, LINE_B);
            let y3 = subgroupMatrixLoad<Right, col_major>(&tile_b, in_b + 48u * LINE_B, LINE_B);
            c02 = subgroupMatrixMultiplyAccumulate(x0, y2, c02);
            c03 = subgroupMatrixMultiplyAccumulate(x0, y3, c03);
            c12 = subgroupMatrixMultiplyAccumulate(x1, y2, c12);
            c13 = subgroupMatrixMultiplyAccumulate(x1, y3, c13);
          }
        }
      }
    }
    // Nobody overwrites the tiles while a slower thread still reads them.
    workgroupBarrier();
    tile_a[at_a0.slot] = rounded(a0);
    tile_a[at_a1.slot] = rounded(a1);
    if (LOADS > 2u) { tile_a[at_a2.slot] = rounded(a2); tile_a[at_a3.slot] = rounded(a3); }
    tile_b[at_b0.slot] = rounded(b0);
    tile_b[at_b1.slot] = rounded(b1);
    if (LOADS > 2u) { tile_b[at_b2.slot] = rounded(b2); tile_b[at_b3.slot] = rounded(b3); }
    // Every thread reads what others have staged.
    workgroupBarrier();
  }

  let to_row = first_row + row;
  let to_column = first_column + column;
  write_matrix(split, to_row, to_column, thread, c00);
  write_matrix(split, to_row, to_column + SIDE, thread, c01);
  write_matrix(split, to_row + SIDE, to_column, thread, c10);
  write_matrix(split, to_row + SIDE, to_column + SIDE, thread, c11);
  if (COLUMN_TILES > 2u) {
    write_matrix(split, to_row, to_column + 2u * SIDE, thread, c02);
    write_matrix(split, to_row, to_column + 3u * SIDE, thread, c03);
    write_matrix(split, to_row + SIDE, to_column + 2u * SIDE, thread, c12);
    write_matrix(split, to_row + SIDE, to_column + 3u * SIDE, thread, c13);
  }
}
