// C = alpha · op(A) · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// For devices with subgroups: no workgroup memory, no barrier. Four threads that lie side by side in a subgroup, whatever its
// size, are a team: it owns a block of C of 8 rows × (16·COLUMN_QUADS) columns, each thread the 8 rows of COLUMN_QUADS quads.
// What the team needs of A each of them reads a fourth of, and tells the others by broadcast; B goes from memory straight to
// registers. A long depth may be split over workgroups: each split writes a C of its own and sum_partials adds them in order.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.
enable subgroups;

// Threads in a workgroup, a multiple of 4; their teams stand one below the other.
override THREADS: u32;
// Quads of columns of C in a thread: 1 or 2. They lie four quads apart.
override COLUMN_QUADS: u32;

const TEAM = 4u;
const TEAM_ROWS = 8u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let rows_of_group = THREADS / TEAM * TEAM_ROWS;
  let row_groups = (parameters.rows + rows_of_group - 1u) / rows_of_group;
  let group = id % parameters.groups;
  let member = thread % TEAM;
  let row = group % row_groups * rows_of_group + thread / TEAM * TEAM_ROWS;
  let quad = group / row_groups * (TEAM * COLUMN_QUADS) + member;
  let begin = split * parameters.depth_per_split;
  // Broadcasts want all threads of a subgroup: those beyond the end of C sum what they find, and write nothing.
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);

  var c00 = vec4f(); var c01 = vec4f();
  var c10 = vec4f(); var c11 = vec4f();
  var c20 = vec4f(); var c21 = vec4f();
  var c30 = vec4f(); var c31 = vec4f();
  var c40 = vec4f(); var c41 = vec4f();
  var c50 = vec4f(); var c51 = vec4f();
  var c60 = vec4f(); var c61 = vec4f();
  var c70 = vec4f(); var c71 = vec4f();

  // Of A as it is, member m reads rows 2m and 2m + 1 of the team; of A transposed, both quads of rows at depth m.
  let last_row = parameters.rows - 1u;
  let upper = parameters.a_offset + min(row + 2u * member, last_row) * parameters.a_stride;
  let lower = parameters.a_offset + min(row + 2u * member + 1u, last_row) * parameters.a_stride;
  let row_quad0 = min(row >> 2u, parameters.a_stride - 1u);
  let row_quad1 = min((row >> 2u) + 1u, parameters.a_stride - 1u);
  let ones0 = vec4u(row) + FOUR == vec4u(last_row);
  let ones1 = vec4u(row + 4u) + FOUR == vec4u(last_row);
  let last_quad = parameters.b_stride - 1u;
  let columns0 = column_starts_b(quad);
  let columns1 = column_starts_b(quad + TEAM);

  for (var step = 0u; step < MOST_STEPS; step++) {
    let first = begin + step * 4u;
    if (first >= end) { break; }
    let depth = vec4u(first) + FOUR;
    let inside = clamp(depth, vec4u(parameters.depth_begin), vec4u(parameters.depth_end - 1u));
    let mask = select(vec4u(0u), vec4u(0xffffffffu), depth == inside);
    let depth_quad = inside.x >> 2u;
    var mine0 = vec4f();
    var mine1 = vec4f();
    if (TRANSPOSE_A) {
      let own_depth = clamp(first + member, parameters.depth_begin, parameters.depth_end - 1u);
      let at = parameters.a_offset + own_depth * parameters.a_stride;
      let own = vec4u(select(0u, 0xffffffffu, own_depth == first + member));
      mine0 = quad_of_a(at + row_quad0);
      mine1 = quad_of_a(at + row_quad1);
      if (ONES) {
        mine0 = select(mine0, vec4f(1.0), ones0);
        mine1 = select(mine1, vec4f(1.0), ones1);
      }
      mine0 = masked(mine0, own);
      mine1 = masked(mine1, own);
    } else {
      mine0 = masked(quad_of_a(upper + depth_quad), mask);
      mine1 = masked(quad_of_a(lower + depth_quad), mask);
    }
    let depths_b = parameters.b_offset + inside * parameters.b_stride;
    let y0 = block_of_b(select(depths_b + min(quad, last_quad), columns0 + depth_quad, TRANSPOSE_B));
    var y1 = mat4x4f();
    if (COLUMN_QUADS > 1u) {
      y1 = block_of_b(select(depths_b + min(quad + TEAM, last_quad), columns1 + depth_quad, TRANSPOSE_B));
    }
    // Rows 0 … 3 and 4 … 7 of the team: four of the depth each.
    var top = mat4x4f(quadBroadcast(mine0, 0u), quadBroadcast(mine1, 0u),
                      quadBroadcast(mine0, 1u), quadBroadcast(mine1, 1u));
    var bottom = mat4x4f(quadBroadcast(mine0, 2u), quadBroadcast(mine1, 2u),
                         quadBroadcast(mine0, 3u), quadBroadcast(mine1, 3u));
    if (TRANSPOSE_A) {
      let quads = top;
      top = transpose(mat4x4f(quads[0], quads[2], bottom[0], bottom[2]));
      bottom = transpose(mat4x4f(quads[1], quads[3], bottom[1], bottom[3]));
    }
    c00 = times(c00, top[0], y0);
    c10 = times(c10, top[1], y0);
    c20 = times(c20, top[2], y0);
    c30 = times(c30, top[3], y0);
    c40 = times(c40, bottom[0], y0);
    c50 = times(c50, bottom[1], y0);
    c60 = times(c60, bottom[2], y0);
    c70 = times(c70, bottom[3], y0);
    if (COLUMN_QUADS > 1u) {
      c01 = times(c01, top[0], y1);
      c11 = times(c11, top[1], y1);
      c21 = times(c21, top[2], y1);
      c31 = times(c31, top[3], y1);
      c41 = times(c41, bottom[0], y1);
      c51 = times(c51, bottom[1], y1);
      c61 = times(c61, bottom[2], y1);
      c71 = times(c71, bottom[3], y1);
    }
  }

  write_quad(split, row, quad, c00);
  write_quad(split, row + 1u, quad, c10);
  write_quad(split, row + 2u, quad, c20);
  write_quad(split, row + 3u, quad, c30);
  write_quad(split, row + 4u, quad, c40);
  write_quad(split, row + 5u, quad, c50);
  write_quad(split, row + 6u, quad, c60);
  write_quad(split, row + 7u, quad, c70);
  if (COLUMN_QUADS > 1u) {
    let right = quad + TEAM;
    write_quad(split, row, right, c01);
    write_quad(split, row + 1u, right, c11);
    write_quad(split, row + 2u, right, c21);
    write_quad(split, row + 3u, right, c31);
    write_quad(split, row + 4u, right, c41);
    write_quad(split, row + 5u, right, c51);
    write_quad(split, row + 6u, right, c61);
    write_quad(split, row + 7u, right, c71);
  }
}
