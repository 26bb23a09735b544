// matmul_matrices: tiles of A and B on their way from memory to workgroup memory, as halves.

// Quads from line to line of the staged tiles: two more than a line has, so that neighbouring lines lie in different banks.
override LINE_A = (select(SLICE, TILE_ROWS, TRANSPOSE_A) + 8u) / 4u;
override LINE_B = (select(TILE_COLUMNS, SLICE, TRANSPOSE_B) + 8u) / 4u;
// As in memory: lines of A along the depth, or along the rows when it is transposed; of B likewise.
var<workgroup> tile_a: array<vec4<f16>, LINE_A * select(TILE_ROWS, SLICE, TRANSPOSE_A)>;
var<workgroup> tile_b: array<vec4<f16>, LINE_B * select(SLICE, TILE_COLUMNS, TRANSPOSE_B)>;

// The largest half: what lies beyond counts as that.
const LARGEST_HALF = vec4f(65504.0);

fn rounded(quad: vec4f) -> vec4<f16> {
  return vec4<f16>(clamp(quad, -LARGEST_HALF, LARGEST_HALF));
}

// Where a thread's staged quad comes from and goes to.
struct Stage {
  slot: u32,  // quad in the tile
  index: u32, // quad in memory for the slice at depth 0
  depth: u32, // its first depth, within the slice
  across: u32, // its first row of C, or column, within the tile
}
fn stage(number: u32, tile: u32, first: u32, line: u32, offset: u32, stride: u32, along_depth: bool) -> Stage {
  if (along_depth) {
    let q = number % (SLICE / 4u);
    let across = number / (SLICE / 4u);
    return Stage(across * line + q, offset + (first + across) * stride + q, q * 4u, across);
  }
  let q = number % (tile / 4u);
  let depth = number / (tile / 4u);
  return Stage(depth * line + q, offset + depth * stride + first / 4u + q, depth, q * 4u);
}
fn stage_a(round: u32, thread: u32, first: u32) -> Stage {
  return stage(round * THREADS + thread, TILE_ROWS, first, LINE_A, parameters.a_offset, parameters.a_stride, !TRANSPOSE_A);
}
fn stage_b(round: u32, thread: u32, first: u32) -> Stage {
  return stage(round * THREADS + thread, TILE_COLUMNS, first, LINE_B, parameters.b_offset, parameters.b_stride, TRANSPOSE_B);
}

fn load_a(at: Stage, depth: u32, first_row: u32) -> vec4f {
  let step = select(depth >> 2u, depth * parameters.a_stride, TRANSPOSE_A);
  var quad = quad_of_a(at.index + step);
  if (ONES) { quad = select(quad, vec4f(1.0), vec4u(first_row + at.across) + FOUR == vec4u(parameters.rows - 1u)); }
  return quad;
}
fn load_b(at: Stage, depth: u32) -> vec4f {
  return b[at.index + select(depth * parameters.b_stride, depth >> 2u, TRANSPOSE_B)];
}
