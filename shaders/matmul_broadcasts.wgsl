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
// With TRANSPOSE_A: A is a column of ones for the last row of C.
override ONES: bool;

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
