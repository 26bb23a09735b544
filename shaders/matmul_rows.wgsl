// C = alpha · A · op(B) + bias      A: f32, f16 or u8 [rows × depth], B: f32 [depth × columns], C: f32 [rows × columns]
//
// For tall A and a C of at most 18 columns: A is read from memory once, sixteen bytes a thread at a time. LANES neighbouring
// threads share ROWS rows of C: each takes sixteen bytes in turn of every row, and in the end they add up what they have, in
// a fixed order. B is staged in workgroup memory in the order in which the lanes read it: [step][depth of the lane][quad of columns][lane].
// A long depth may be split over workgroups: each split writes a C of its own and sum_partials adds them in order.
//
// Rows of A, B and C are padded to whole quads; the padding of C is written as zero.

// Threads in a workgroup, a multiple of LANES; THREADS · ROWS is at most 1024.
override THREADS: u32;
// Threads that share rows.
override LANES: u32;
// Rows of C that a thread sums: 4 or 8.
override ROWS: u32;

override STEP = VALUES * LANES;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = parameters.first_workgroup + workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.end_workgroup) { return; }
  let split = id / parameters.groups;
  let items = THREADS / LANES;
  let lane = thread % LANES;
  let first_row = (id % parameters.groups) * (items * ROWS);
  let row = first_row + thread / LANES;
  let begin = split * parameters.depth_per_split;
  let end = min(parameters.depth_end, begin + parameters.depth_per_split);

  // The thread's rows are `items` apart. Rows beyond the end repeat the last; they are not written.
  let last = parameters.rows - 1u;
  let start = parameters.a_offset * QUAD_WORDS + begin / 4u * QUAD_WORDS + lane * 4u;
  let pitch = parameters.a_stride * QUAD_WORDS;
  let at0 = start + min(row + 0u * items, last) * pitch;
  let at1 = start + min(row + 1u * items, last) * pitch;
  let at2 = start + min(row + 2u * items, last) * pitch;
  let at3 = start + min(row + 3u * items, last) * pitch;
  let at4 = start + min(row + 4u * items, last) * pitch;
  let at5 = start + min(row + 5u * items, last) * pitch;
  let at6 = start + min(row + 6u * items, last) * pitch;
  let at7 = start + min(row + 7u * items, last) * pitch;

  var c00 = vec4f(); var c01 = vec4f(); var c02 = vec4f(); var c03 = vec4f(); var p0 = vec2f();
  var c10 = vec4f(); var c11 = vec4f(); var c12 = vec4f(); var c13 = vec4f(); var p1 = vec2f();
  var c20 = vec4f(); var c21 = vec4f(); var c22 = vec4f(); var c23 = vec4f(); var p2 = vec2f();
  var c30 = vec4f(); var c31 = vec4f(); var c32 = vec4f(); var c33 = vec4f(); var p3 = vec2f();
  var c40 = vec4f(); var c41 = vec4f(); var c42 = vec4f(); var c43 = vec4f(); var p4 = vec2f();
  var c50 = vec4f(); var c51 = vec4f(); var c52 = vec4f(); var c53 = vec4f(); var p5 = vec2f();
  var c60 = vec4f(); var c61 = vec4f(); var c62 = vec4f(); var c63 = vec4f(); var p6 = vec2f();
  var c70 = vec4f(); var c71 = vec4f(); var c72 = vec4f(); var c73 = vec4f(); var p7 = vec2f();

  var w0 = words_of_a(at0);
  var w1 = words_of_a(at1);
  var w2 = words_of_a(at2);
  var w3 = words_of_a(at3);
  var w4 = vec4u();
  var w5 = vec4u();
  var w6 = vec4u();
  var w7 = vec4u();
  if (ROWS > 4u) {
    w4 = words_of_a(at4);
    w5 = words_of_a(at5);
    w6 = words_of_a(at6);
    w7 = words_of_a(at7);
  }
  for (var step = 0u; step < MOST_STEPS; step++) {
    let depth = begin + step * STEP;
    if (depth >= end) { break; }
    if (step % STEPS == 0u) {
      // Nobody overwrites B while a slower thread still reads it.
      workgroupBarrier();
      for (var round = 0u; round < LOADS_B; round++) {
        let number = round * THREADS + thread;
        if (number >= STEPS * STEP * QUADS) { continue; }
        let d = number / QUADS;
        let quad = number % QUADS;
        let place = (d / STEP * VALUES + d % VALUES) * QUADS + quad;
        shared_quads[place * LANES + d / VALUES % LANES] = quad_of_b(depth + d, quad, end);
      }
      // Every thread reads what others have staged.
      workgroupBarrier();
    }
    var n0 = w0;
    var n1 = w1;
    var n2 = w2;
    var n3 = w3;
    var n4 = w4;
    var n5 = w5;
    var n6 = w6;
    var n7 = w7;
    let next = (step + 1u) * (LANES * 4u);
    if (depth + STEP < end) {
      n0 = words_of_a(at0 + next);
      n1 = words_of_a(at1 + next);
      n2 = words_of_a(at2 + next);
      n3 = words_of_a(at3 + next);
      if (ROWS > 4u) {
        n4 = words_of_a(at4 + next);
        n5 = words_of_a(at5 + next);
        n6 = words_of_a(at6 + next);
        n7 = words_of_a(at7 + next);
      }
    }
    let whole = depth >= parameters.depth_begin && depth + STEP <= end;
    let staged = step % STEPS * (VALUES * QUADS * LANES) + lane;
    for (var part = 0u; part < VALUES / 4u; part++) {
      let in_b = staged + part * (4u * QUADS * LANES);
      var x0 = first_quad(w0);
      var x1 = first_quad(w1);
      var x2 = first_quad(w2);
      var x3 = first_quad(w3);
      var x4 = vec4f();
      var x5 = vec4f();
      var x6 = vec4f();
      var x7 = vec4f();
      if (ROWS > 4u) {
        x4 = first_quad(w4);
        x5 = first_quad(w5);
        x6 = first_quad(w6);
        x7 = first_quad(w7);
      }
      if (!whole) {
        let first = depth + lane * VALUES + part * 4u;
        x0 = within(x0, first, end);
        x1 = within(x1, first, end);
        x2 = within(x2, first, end);
        x3 = within(x3, first, end);
        x4 = within(x4, first, end);
        x5 = within(x5, first, end);
        x6 = within(x6, first, end);
        x7 = within(x7, first, end);
      }
      if (FULL_QUADS > 0u) {
        let y = mat4x4f(shared_quads[in_b], shared_quads[in_b + QUADS * LANES],
                        shared_quads[in_b + 2u * QUADS * LANES], shared_quads[in_b + 3u * QUADS * LANES]);
        c00 = times(c00, x0, y);
        c10 = times(c10, x1, y);
        c20 = times(c20, x2, y);
        c30 = times(c30, x3, y);
        if (ROWS > 4u) {
          c40 = times(c40, x4, y);
          c50 = times(c50, x5, y);
          c60 = times(c60, x6, y);
          c70 = times(c70, x7, y);
        }
      }
      if (FULL_QUADS > 1u) {
        let y = mat4x4f(shared_quads[in_b + 1u * LANES], shared_quads[in_b + 1u * LANES + QUADS * LANES],
                        shared_quads[in_b + 1u * LANES + 2u * QUADS * LANES], shared_quads[in_b + 1u * LANES + 3u * QUADS * LANES]);
        c01 = times(c01, x0, y);
        c11 = times(c11, x1, y);
        c21 = times(c21, x2, y);
        c31 = times(c31, x3, y);
        if (ROWS > 4u) {
          c41 = times(c41, x4, y);
          c51 = times(c51, x5, y);
          c61 = times(c61, x6, y);
          c71 = times(c71, x7, y);
        }
      }
      if (FULL_QUADS > 2u) {
        let y = mat4x4f(shared_quads[in_b + 2u * LANES], shared_quads[in_b + 2u * LANES + QUADS * LANES],
                        shared_quads[in_b + 2u * LANES + 2u * QUADS * LANES], shared_quads[in_b + 2u * LANES + 3u * QUADS * LANES]);
        c02 = times(c02, x0, y);
        c12 = times(c12, x1, y);
        c22 = times(c22, x2, y);
        c32 = times(c32, x3, y);
        if (ROWS > 4u) {
          c42 = times(c42, x4, y);
          c52 = times(c52, x5, y);
          c62 = times(c62, x6, y);
          c72 = times(c72, x7, y);
        }
      }
      if (FULL_QUADS > 3u) {
        let y = mat4x4f(shared_quads[in_b + 3u * LANES], shared_quads[in_b + 3u * LANES + QUADS * LANES],
                        shared_quads[in_b + 3u * LANES + 2u * QUADS * LANES], shared_quads[in_b + 3u * LANES + 3u * QUADS * LANES]);
        c03 = times(c03, x0, y);
        c13 = times(c13, x1, y);
        c23 = times(c23, x2, y);
        c33 = times(c33, x3, y);
        if (ROWS > 4u) {
          c43 = times(c43, x4, y);
          c53 = times(c53, x5, y);
          c63 = times(c63, x6, y);
          c73 = times(c73, x7, y);
        }
      }
      if (PAIR) {
        let y = mat4x4f(shared_quads[in_b + FULL_QUADS * LANES], shared_quads[in_b + FULL_QUADS * LANES + QUADS * LANES],
                        shared_quads[in_b + FULL_QUADS * LANES + 2u * QUADS * LANES], shared_quads[in_b + FULL_QUADS * LANES + 3u * QUADS * LANES]);
        p0 = times_pair(p0, x0, y);
        p1 = times_pair(p1, x1, y);
        p2 = times_pair(p2, x2, y);
        p3 = times_pair(p3, x3, y);
        if (ROWS > 4u) {
          p4 = times_pair(p4, x4, y);
          p5 = times_pair(p5, x5, y);
          p6 = times_pair(p6, x6, y);
          p7 = times_pair(p7, x7, y);
        }
      }
      w0 = turned(w0);
      w1 = turned(w1);
      w2 = turned(w2);
      w3 = turned(w3);
      w4 = turned(w4);
      w5 = turned(w5);
      w6 = turned(w6);
      w7 = turned(w7);
    }
    w0 = n0;
    w1 = n1;
    w2 = n2;
    w3 = n3;
    w4 = n4;
    w5 = n5;
    w6 = n6;
    w7 = n7;
  }

  if (FULL_QUADS > 0u) {
    write_sums(split, first_row, 0u, thread, mat4x4f(c00, c10, c20, c30), mat4x4f(c40, c50, c60, c70));
  }
  if (FULL_QUADS > 1u) {
    write_sums(split, first_row, 1u, thread, mat4x4f(c01, c11, c21, c31), mat4x4f(c41, c51, c61, c71));
  }
  if (FULL_QUADS > 2u) {
    write_sums(split, first_row, 2u, thread, mat4x4f(c02, c12, c22, c32), mat4x4f(c42, c52, c62, c72));
  }
  if (FULL_QUADS > 3u) {
    write_sums(split, first_row, 3u, thread, mat4x4f(c03, c13, c23, c33), mat4x4f(c43, c53, c63, c73));
  }
  if (PAIR) {
    let none = vec2f();
    write_sums(split, first_row, FULL_QUADS, thread,
      mat4x4f(vec4f(p0, none), vec4f(p1, none), vec4f(p2, none), vec4f(p3, none)),
      mat4x4f(vec4f(p4, none), vec4f(p5, none), vec4f(p6, none), vec4f(p7, none)));
  }
}
