// matmul: tiles of A and B on their way from memory to workgroup memory.

// [four of the depth][i][quad of rows]: of a plain A the quad along the depth of row 4 · quad + i, of a transposed one the
// quad along the rows at depth i. Neighbouring threads then read neighbouring quads, or the same one.
var<workgroup> tile_a: array<vec4f, TILE_ROWS * SLICE * BUFFERS>;
// [four of the depth][i][quad of columns], the same of B: transposed as A plain, plain as A transposed.
var<workgroup> tile_b: array<vec4f, TILE_COLUMNS * SLICE * BUFFERS>;

// Where a thread's staged quad comes from and goes to.
struct Stage {
  slot: u32,  // index in the tile
  index: u32, // quad in memory for the slice at depth 0
  depth: u32, // its first depth, within the slice
}

// A tile's quads in the order in which threads take them: along memory first.
fn stage(number: u32, quads: u32, first_quad: u32, offset: u32, stride: u32, along_depth: bool) -> Stage {
  if (along_depth) {
    let q = number % (SLICE / 4u);
    let i = number / (SLICE / 4u) / quads;
    let quad = number / (SLICE / 4u) % quads;
    return Stage((q * 4u + i) * quads + quad, offset + ((first_quad + quad) * 4u + i) * stride + q, q * 4u);
  }
  let depth = number / quads;
  return Stage(number, offset + depth * stride + first_quad + number % quads, depth);
}
fn stage_a(round: u32, thread: u32, first_quad: u32) -> Stage {
  return stage(round * THREADS + thread, TILE_ROWS, first_quad, parameters.a_offset, parameters.a_stride, !TRANSPOSE_A);
}
fn stage_b(round: u32, thread: u32, first_quad: u32) -> Stage {
  return stage(round * THREADS + thread, TILE_COLUMNS, first_quad, parameters.b_offset, parameters.b_stride, TRANSPOSE_B);
}

fn load_a(at: Stage, depth: u32, end: u32, first_quad: u32) -> vec4f {
  let step = select(depth >> 2u, depth * parameters.a_stride, TRANSPOSE_A);
  var quad = quad_of_a(at.index + step);
  if (ONES) {
    let row = (first_quad + at.slot % TILE_ROWS) * 4u;
    quad = select(quad, vec4f(1.0), vec4u(row) + FOUR == vec4u(parameters.rows - 1u));
  }
  if (depth < parameters.depth_begin || depth + SLICE > end) { quad = within(quad, depth + at.depth, end, !TRANSPOSE_A); }
  return quad;
}
fn load_b(at: Stage, depth: u32, end: u32) -> vec4f {
  let step = select(depth * parameters.b_stride, depth >> 2u, TRANSPOSE_B);
  let quad = b[at.index + step];
  if (depth < parameters.depth_begin || depth + SLICE > end) { return within(quad, depth + at.depth, end, TRANSPOSE_B); }
  return quad;
}
