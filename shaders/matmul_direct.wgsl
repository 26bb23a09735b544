// C = alpha · op(A) · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// For outputs a few quads wide, and for adapters without fast workgroup memory: operands go from memory straight to
// registers. One item is a block of C of (4·ROW_QUADS) × (4·COLUMN_QUADS) values. LANES threads share it: each takes
// every LANES-th step of four along the depth, and in the end they add up what they have, in a fixed order.
// A step is one 4 × 4 · 4 × 4 product for each pair of quads: C's columns lie along the components of a vec4, so that
// with Y = four rows of B and X = four columns of op(A)ᵀ, Y · X holds four rows of C.
// A long depth may be split over workgroups: each split writes a C of its own and sum_partials adds them in order.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.

// Threads in a workgroup, a multiple of LANES.
override THREADS: u32;
// Threads that share one item; 1 needs no workgroup memory.
override LANES: u32;
// Quads of rows of C in an item: 1 or 2.
override ROW_QUADS: u32;
// Quads of columns of C in an item: 1 … 4.
override COLUMN_QUADS: u32;
// vec4 values of workgroup memory: 4 · THREADS when LANES > 1, else 1: zeroing what is not used would cost time.
override SHARED: u32;

// [row of the block][thread]
var<workgroup> shared_sums: array<vec4f, SHARED>;

// Four rows of C by four of the depth: vector r belongs to row `row + r`, its components to the depth. Values at depths
// where `mask` is 0 are zero. No branch here may depend on data: some adapters take both ways of it, on every step.
fn block_of_a(at: vec4u, ones: vec4<bool>, mask: vec4u) -> mat4x4f {
  var block = mat4x4f(quad_of_a(at.x), quad_of_a(at.y), quad_of_a(at.z), quad_of_a(at.w));
  if (ONES) {
    block = mat4x4f(select(block[0], vec4f(1.0), ones), select(block[1], vec4f(1.0), ones),
                    select(block[2], vec4f(1.0), ones), select(block[3], vec4f(1.0), ones));
  }
  if (TRANSPOSE_A) { block = transpose(block); }
  return mat4x4f(masked(block[0], mask), masked(block[1], mask), masked(block[2], mask), masked(block[3], mask));
}

// Where four rows of A as it is, or four rows of Bᵀ, begin. Rows beyond the end repeat the last; they are not written.
fn row_starts_a(row: u32) -> vec4u {
  return parameters.a_offset + min(vec4u(row) + FOUR, vec4u(parameters.rows - 1u)) * parameters.a_stride;
}

// What a thread knows of its place.
struct Place {
  split: u32,
  row: u32,  // first row and quad of the item in C
  quad: u32,
  lane: u32,
  thread: u32,
  first_lane: u32, // the thread that is lane 0 of the item, and the step to the next lane
  next_lane: u32,
}

// Writes four rows by one quad of the item, from the sum of its lanes.
fn write_block(place: Place, rows_down: u32, quads_right: u32, block: mat4x4f) {
  var rows = block;
  if (LANES == 1u) {
    for (var r = 0u; r < 4u; r++) { write_quad(place.split, place.row + rows_down + r, place.quad + quads_right, rows[r]); }
    return;
  }
  shared_sums[place.thread] = rows[0];
  shared_sums[THREADS + place.thread] = rows[1];
  shared_sums[2u * THREADS + place.thread] = rows[2];
  shared_sums[3u * THREADS + place.thread] = rows[3];
  // A lane adds up what the other lanes have shared.
  workgroupBarrier();
  for (var r = place.lane; r < 4u; r += LANES) {
    var sum = vec4f(0.0);
    for (var l = 0u; l < LANES; l++) { sum += shared_sums[r * THREADS + place.first_lane + l * place.next_lane]; }
    write_quad(place.split, place.row + rows_down + r, place.quad + quads_right, sum);
  }
  // Nobody shares the next block while a slower lane still adds up this one.
  workgroupBarrier();
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  // Neighbouring threads read neighbouring quads: along the depth of A as it is, along the rows of A transposed.
  let local_items = THREADS / LANES;
  let lane = select(thread % LANES, thread / local_items, TRANSPOSE_A);
  let local_item = select(thread / LANES, thread % local_items, TRANSPOSE_A);
  let item = (id % parameters.groups) * local_items + local_item;
  // Items stand one below the other first: threads side by side then read the same quads of B.
  let row_blocks = (parameters.rows + 4u * ROW_QUADS - 1u) / (4u * ROW_QUADS);
  let items = row_blocks * ((parameters.columns + 4u * COLUMN_QUADS - 1u) / (4u * COLUMN_QUADS));
  let row = (item % row_blocks) * ROW_QUADS * 4u;
  let quad = (item / row_blocks) * COLUMN_QUADS;
  let begin = split * parameters.depth_per_split;
  // Threads beyond the last item have nothing to sum, but wait at the barrier like the others.
  let end = select(0u, min(parameters.depth_end, begin + parameters.depth_per_split), item < items);

  // Rows 0 … 3 of the item and rows 4 … 7, by quads of columns.
  var c00 = mat4x4f(); var c01 = mat4x4f(); var c02 = mat4x4f(); var c03 = mat4x4f();
  var c10 = mat4x4f(); var c11 = mat4x4f(); var c12 = mat4x4f(); var c13 = mat4x4f();

  // What does not change along the depth: where rows begin, or which quad of each row is read.
  let rows0 = row_starts_a(row);
  let rows1 = row_starts_a(row + 4u);
  let row_quad0 = min(row >> 2u, parameters.a_stride - 1u);
  let row_quad1 = min((row >> 2u) + 1u, parameters.a_stride - 1u);
  let columns0 = column_starts_b(quad);
  let columns1 = column_starts_b(quad + 1u);
  let columns2 = column_starts_b(quad + 2u);
  let columns3 = column_starts_b(quad + 3u);
  let ones0 = vec4u(row) + FOUR == vec4u(parameters.rows - 1u);
  let ones1 = vec4u(row + 4u) + FOUR == vec4u(parameters.rows - 1u);
  let last_quad = parameters.b_stride - 1u;

  for (var step = 0u; step < MOST_STEPS; step++) {
    let first = begin + (step * LANES + lane) * 4u;
    if (first >= end) { break; }
    let depth = vec4u(first) + FOUR;
    let inside = clamp(depth, vec4u(parameters.depth_begin), vec4u(parameters.depth_end - 1u));
    let mask = select(vec4u(0u), vec4u(0xffffffffu), depth == inside);
    let depth_quad = vec4u(inside.x >> 2u);
    let depths_a = parameters.a_offset + inside * parameters.a_stride;
    let depths_b = parameters.b_offset + inside * parameters.b_stride;
    let x0 = block_of_a(select(rows0 + depth_quad, depths_a + row_quad0, TRANSPOSE_A), ones0, mask);
    var x1 = mat4x4f();
    if (ROW_QUADS > 1u) { x1 = block_of_a(select(rows1 + depth_quad, depths_a + row_quad1, TRANSPOSE_A), ones1, mask); }
    let y0 = block_of_b(select(depths_b + min(quad, last_quad), columns0 + depth_quad, TRANSPOSE_B));
    c00 += y0 * x0;
    if (ROW_QUADS > 1u) { c10 += y0 * x1; }
    if (COLUMN_QUADS > 1u) {
      let y1 = block_of_b(select(depths_b + min(quad + 1u, last_quad), columns1 + depth_quad, TRANSPOSE_B));
      c01 += y1 * x0;
      if (ROW_QUADS > 1u) { c11 += y1 * x1; }
    }
    if (COLUMN_QUADS > 2u) {
      let y2 = block_of_b(select(depths_b + min(quad + 2u, last_quad), columns2 + depth_quad, TRANSPOSE_B));
      c02 += y2 * x0;
      if (ROW_QUADS > 1u) { c12 += y2 * x1; }
    }
    if (COLUMN_QUADS > 3u) {
      let y3 = block_of_b(select(depths_b + min(quad + 3u, last_quad), columns3 + depth_quad, TRANSPOSE_B));
      c03 += y3 * x0;
      if (ROW_QUADS > 1u) { c13 += y3 * x1; }
    }
  }

  var place = Place(split, row, quad, lane, thread, local_item * LANES, 1u);
  if (TRANSPOSE_A) {
    place.first_lane = local_item;
    place.next_lane = local_items;
  }
  // Items beyond the last have nowhere to write.
  if (item >= items) { place.row = parameters.rows; }
  write_block(place, 0u, 0u, c00);
  if (COLUMN_QUADS > 1u) { write_block(place, 0u, 1u, c01); }
  if (COLUMN_QUADS > 2u) { write_block(place, 0u, 2u, c02); }
  if (COLUMN_QUADS > 3u) { write_block(place, 0u, 3u, c03); }
  if (ROW_QUADS > 1u) {
    write_block(place, 4u, 0u, c10);
    if (COLUMN_QUADS > 1u) { write_block(place, 4u, 1u, c11); }
    if (COLUMN_QUADS > 2u) { write_block(place, 4u, 2u, c12); }
    if (COLUMN_QUADS > 3u) { write_block(place, 4u, 3u, c13); }
  }
}
