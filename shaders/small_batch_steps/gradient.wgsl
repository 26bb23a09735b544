// small_batch_steps: a thread sums up the batch's gradient of four features × a group of classes, and moves their weights at once.

fn gradient_at(row_quad: u32, class_quad: u32) -> mat4x4f {
  return z[row_quad * CLASS_QUADS + min(class_quad, CLASS_QUADS - 1u)];
}

fn move_by_gradient(thread: u32, change: Change) {
  for (var slab = 0u; slab < MOST_STEPS; slab++) {
    let item = slab * THREADS + thread;
    if (item >= parameters.quads * GRADIENT_GROUPS) { break; }
    let quad = item % parameters.quads;
    let class_quad = item / parameters.quads * GRADIENT_QUADS;
    var g0 = mat4x4f(); var g1 = mat4x4f(); var g2 = mat4x4f(); var g3 = mat4x4f();
    var next_start = starts[0];
    var next = fetch(readable(next_start), quad);
    for (var i = 0u; i < ROW_QUADS; i++) {
      let features = counted(next, next_start, quad);
      next_start = starts[min(i + 1u, ROW_QUADS - 1u)];
      next = fetch(readable(next_start), quad);
      g0 = accumulate(g0, gradient_at(i, class_quad), features);
      if (GRADIENT_QUADS > 1u) { g1 = accumulate(g1, gradient_at(i, class_quad + 1u), features); }
      if (GRADIENT_QUADS > 2u) { g2 = accumulate(g2, gradient_at(i, class_quad + 2u), features); }
      if (GRADIENT_QUADS > 3u) { g3 = accumulate(g3, gradient_at(i, class_quad + 3u), features); }
    }
    move_all(quad, class_quad, g0, change);
    if (GRADIENT_QUADS > 1u) { move_all(quad, class_quad + 1u, g1, change); }
    if (GRADIENT_QUADS > 2u) { move_all(quad, class_quad + 2u, g2, change); }
    if (GRADIENT_QUADS > 3u) { move_all(quad, class_quad + 3u, g3, change); }
  }
}
