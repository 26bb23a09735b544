// C = alpha · Aᵀ · B + bias      A: f32, f16 or u8 [depth × rows], B: f32 [depth × columns], C: f32 [rows × columns]
//
// For long sums and a C of at most 18 columns, as the gradient of a classifier's weights is: A is read from memory once, along
// its rows. A thread owns ROW_QUADS quads of rows of C with all columns in registers; WIDTH neighbouring threads own
// neighbouring quads, and LANES of such teams take four of the depth in turn. B is staged in workgroup memory, [depth][quad of
// columns], and what a thread needs of A is fetched a step ahead. In the end the lanes add up what they have, in a fixed order.
// The depth is split over workgroups: each split writes a C of its own and sum_partials adds them in a fixed order.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.

// Threads along the rows of C.
override WIDTH: u32;
// Teams that share a sum; WIDTH · LANES is at most 256.
override LANES: u32;
// Quads of rows of C that a thread owns: 1 or 2. They lie WIDTH quads apart.
override ROW_QUADS: u32;

override THREADS = WIDTH * LANES;

fn quad_of_b(depth: u32, quad: u32, end: u32) -> vec4f {
  if (depth < parameters.depth_begin || depth >= end) { return vec4f(0.0); }
  return b[parameters.b_offset + depth * parameters.b_stride + quad];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let lane = thread / WIDTH;
  let first_quad = (id % parameters.groups) * (WIDTH * ROW_QUADS);
  let quad0 = first_quad + thread % WIDTH;
  let quad1 = quad0 + WIDTH;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);

  var c00 = vec4f(); var c01 = vec4f(); var c02 = vec4f(); var c03 = vec4f(); var p0 = vec2f();
  var c10 = vec4f(); var c11 = vec4f(); var c12 = vec4f(); var c13 = vec4f(); var p1 = vec2f();
  var c20 = vec4f(); var c21 = vec4f(); var c22 = vec4f(); var c23 = vec4f(); var p2 = vec2f();
  var c30 = vec4f(); var c31 = vec4f(); var c32 = vec4f(); var c33 = vec4f(); var p3 = vec2f();
  var c40 = vec4f(); var c41 = vec4f(); var c42 = vec4f(); var c43 = vec4f(); var p4 = vec2f();
  var c50 = vec4f(); var c51 = vec4f(); var c52 = vec4f(); var c53 = vec4f(); var p5 = vec2f();
  var c60 = vec4f(); var c61 = vec4f(); var c62 = vec4f(); var c63 = vec4f(); var p6 = vec2f();
  var c70 = vec4f(); var c71 = vec4f(); var c72 = vec4f(); var c73 = vec4f(); var p7 = vec2f();

  // The thread's place in A, four of the depth apart from lane to lane.
  let last_quad = parameters.a_stride - 1u;
  let stride = parameters.a_stride;
  let at0 = parameters.a_offset + (begin + lane * 4u) * stride + min(quad0, last_quad);
  let at1 = parameters.a_offset + (begin + lane * 4u) * stride + min(quad1, last_quad);
  var v0 = bits_of_a(at0);
  var v1 = bits_of_a(at0 + stride);
  var v2 = bits_of_a(at0 + 2u * stride);
  var v3 = bits_of_a(at0 + 3u * stride);
  var w0 = vec4u(); var w1 = vec4u(); var w2 = vec4u(); var w3 = vec4u();
  if (ROW_QUADS > 1u) {
    w0 = bits_of_a(at1);
    w1 = bits_of_a(at1 + stride);
    w2 = bits_of_a(at1 + 2u * stride);
    w3 = bits_of_a(at1 + 3u * stride);
  }
  for (var step = 0u; step < MOST_STEPS; step++) {
    let first = begin + step * (LANES * 4u);
    if (first >= end) { break; }
    if (step % STEPS == 0u) {
      // Nobody overwrites B while a slower thread still reads it.
      workgroupBarrier();
      for (var round = 0u; round < LOADS_B; round++) {
        let number = round * THREADS + thread;
        if (number >= STEPS * LANES * 4u * QUADS) { continue; }
        shared_quads[number] = quad_of_b(first + number / QUADS, number % QUADS, end);
      }
      // Every thread reads what others have staged.
      workgroupBarrier();
    }
    let depth = first + lane * 4u;
    let x = block_of_a(v0, v1, v2, v3, depth, end, quad0);
    var more = mat4x4f();
    if (ROW_QUADS > 1u) { more = block_of_a(w0, w1, w2, w3, depth, end, quad1); }
    if (first + LANES * 4u < end) {
      let next = (step + 1u) * (LANES * 4u) * stride;
      v0 = bits_of_a(at0 + next);
      v1 = bits_of_a(at0 + next + stride);
      v2 = bits_of_a(at0 + next + 2u * stride);
      v3 = bits_of_a(at0 + next + 3u * stride);
      if (ROW_QUADS > 1u) {
        w0 = bits_of_a(at1 + next);
        w1 = bits_of_a(at1 + next + stride);
        w2 = bits_of_a(at1 + next + 2u * stride);
        w3 = bits_of_a(at1 + next + 3u * stride);
      }
    }
    let in_b = (step % STEPS * LANES + lane) * 4u * QUADS;
    if (FULL_QUADS > 0u) {
      let y = mat4x4f(shared_quads[in_b], shared_quads[in_b + QUADS],
                      shared_quads[in_b + 2u * QUADS], shared_quads[in_b + 3u * QUADS]);
      c00 = times(c00, x[0], y);
      c10 = times(c10, x[1], y);
      c20 = times(c20, x[2], y);
      c30 = times(c30, x[3], y);
      if (ROW_QUADS > 1u) {
        c40 = times(c40, more[0], y);
        c50 = times(c50, more[1], y);
        c60 = times(c60, more[2], y);
        c70 = times(c70, more[3], y);
      }
    }
    if (FULL_QUADS > 1u) {
      let y = mat4x4f(shared_quads[in_b + 1u], shared_quads[in_b + 1u + QUADS],
                      shared_quads[in_b + 1u + 2u * QUADS], shared_quads[in_b + 1u + 3u * QUADS]);
      c01 = times(c01, x[0], y);
      c11 = times(c11, x[1], y);
      c21 = times(c21, x[2], y);
      c31 = times(c31, x[3], y);
      if (ROW_QUADS > 1u) {
        c41 = times(c41, more[0], y);
        c51 = times(c51, more[1], y);
        c61 = times(c61, more[2], y);
        c71 = times(c71, more[3], y);
      }
    }
    if (FULL_QUADS > 2u) {
      let y = mat4x4f(shared_quads[in_b + 2u], shared_quads[in_b + 2u + QUADS],
                      shared_quads[in_b + 2u + 2u * QUADS], shared_quads[in_b + 2u + 3u * QUADS]);
      c02 = times(c02, x[0], y);
      c12 = times(c12, x[1], y);
      c22 = times(c22, x[2], y);
      c32 = times(c32, x[3], y);
      if (ROW_QUADS > 1u) {
        c42 = times(c42, more[0], y);
        c52 = times(c52, more[1], y);
        c62 = times(c62, more[2], y);
        c72 = times(c72, more[3], y);
      }
    }
    if (FULL_QUADS > 3u) {
      let y = mat4x4f(shared_quads[in_b + 3u], shared_quads[in_b + 3u + QUADS],
                      shared_quads[in_b + 3u + 2u * QUADS], shared_quads[in_b + 3u + 3u * QUADS]);
      c03 = times(c03, x[0], y);
      c13 = times(c13, x[1], y);
      c23 = times(c23, x[2], y);
      c33 = times(c33, x[3], y);
      if (ROW_QUADS > 1u) {
        c43 = times(c43, more[0], y);
        c53 = times(c53, more[1], y);
        c63 = times(c63, more[2], y);
        c73 = times(c73, more[3], y);
      }
    }
    if (PAIR) {
      let y = mat4x4f(shared_quads[in_b + FULL_QUADS], shared_quads[in_b + FULL_QUADS + QUADS],
                      shared_quads[in_b + FULL_QUADS + 2u * QUADS], shared_quads[in_b + FULL_QUADS + 3u * QUADS]);
      p0 = times_pair(p0, x[0], y);
      p1 = times_pair(p1, x[1], y);
      p2 = times_pair(p2, x[2], y);
      p3 = times_pair(p3, x[3], y);
      if (ROW_QUADS > 1u) {
        p4 = times_pair(p4, more[0], y);
        p5 = times_pair(p5, more[1], y);
        p6 = times_pair(p6, more[2], y);
        p7 = times_pair(p7, more[3], y);
      }
    }
  }

  if (FULL_QUADS > 0u) {
    write_sums(split, first_quad, 0u, thread, mat4x4f(c00, c10, c20, c30));
    if (ROW_QUADS > 1u) { write_sums(split, first_quad + WIDTH, 0u, thread, mat4x4f(c40, c50, c60, c70)); }
  }
  if (FULL_QUADS > 1u) {
    write_sums(split, first_quad, 1u, thread, mat4x4f(c01, c11, c21, c31));
    if (ROW_QUADS > 1u) { write_sums(split, first_quad + WIDTH, 1u, thread, mat4x4f(c41, c51, c61, c71)); }
  }
  if (FULL_QUADS > 2u) {
    write_sums(split, first_quad, 2u, thread, mat4x4f(c02, c12, c22, c32));
    if (ROW_QUADS > 1u) { write_sums(split, first_quad + WIDTH, 2u, thread, mat4x4f(c42, c52, c62, c72)); }
  }
  if (FULL_QUADS > 3u) {
    write_sums(split, first_quad, 3u, thread, mat4x4f(c03, c13, c23, c33));
    if (ROW_QUADS > 1u) { write_sums(split, first_quad + WIDTH, 3u, thread, mat4x4f(c43, c53, c63, c73)); }
  }
  if (PAIR) {
    let none = vec2f();
    write_sums(split, first_quad, FULL_QUADS, thread,
      mat4x4f(vec4f(p0, none), vec4f(p1, none), vec4f(p2, none), vec4f(p3, none)));
    if (ROW_QUADS > 1u) {
      write_sums(split, first_quad + WIDTH, FULL_QUADS, thread,
        mat4x4f(vec4f(p4, none), vec4f(p5, none), vec4f(p6, none), vec4f(p7, none)));
    }
  }
}

// Adds up one quad of columns of the thread's four rows over the lanes, and writes it.
fn write_sums(split: u32, first_quad: u32, quad: u32, thread: u32, rows: mat4x4f) {
  // Nobody overwrites the sums before while a slower thread still reads them.
  workgroupBarrier();
  shared_quads[thread] = rows[0];
  shared_quads[THREADS + thread] = rows[1];
  shared_quads[2u * THREADS + thread] = rows[2];
  shared_quads[3u * THREADS + thread] = rows[3];
  // A thread adds up what other lanes have shared.
  workgroupBarrier();
  for (var place = thread; place < WIDTH * 4u; place += THREADS) {
    let row = place / WIDTH;
    var sum = vec4f();
    for (var l = 0u; l < LANES; l++) { sum += shared_quads[row * THREADS + l * WIDTH + place % WIDTH]; }
    write_quad(split, (first_quad + place % WIDTH) * 4u + row, quad, sum);
  }
}
