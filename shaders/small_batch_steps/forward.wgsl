// small_batch_steps: the logits of a batch's rows. Lanes share the features of a row and add up their sums in workgroup memory.

// Four features' weights for a quad of classes: vector e belongs to the feature.
fn weights(quad: u32, class_quad: u32) -> mat4x4f {
  let step = CLASS_QUADS * parameters.quads;
  let at = parameters.packed_offset + min(class_quad, CLASS_QUADS - 1u) * parameters.quads + quad;
  return mat4x4f(packed[at], packed[at + step], packed[at + 2u * step], packed[at + 3u * step]);
}

// Puts down, or adds, a lane's shares of the logits of four rows.
fn put(at: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  if (adding) { shares[at + class_quad] += m; } else { shares[at + class_quad] = m; }
}

fn forward(thread: u32) {
  let lane = thread % LANES;
  let group = thread / LANES;
  let row_quad_of_round = group % QUADS_AT_ONCE;
  let forward_class = group / QUADS_AT_ONCE * FORWARD_QUADS;
  let works_forward = group < QUADS_AT_ONCE * FORWARD_GROUPS;
  let segments = LANES / SEGMENT;
  let own_shares = (row_quad_of_round * segments + lane / SEGMENT) * CLASS_QUADS;
  for (var round = 0u; round < ROUNDS; round++) {
    var a0 = mat4x4f(); var a1 = mat4x4f(); var a2 = mat4x4f(); var a3 = mat4x4f();
    let row_quad = round * QUADS_AT_ONCE + row_quad_of_round;
    let busy = works_forward && row_quad < ROW_QUADS;
    if (busy) {
      let start = starts[row_quad];
      var next = fetch(start, lane);
      for (var turn = 0u; turn < MOST_STEPS; turn++) {
        let quad = turn * LANES + lane;
        if (quad >= parameters.quads) { break; }
        let features = decoded(next, quad);
        next = fetch(start, quad + LANES);
        a0 = accumulate(a0, weights(quad, forward_class), features);
        if (FORWARD_QUADS > 1u) { a1 = accumulate(a1, weights(quad, forward_class + 1u), features); }
        if (FORWARD_QUADS > 2u) { a2 = accumulate(a2, weights(quad, forward_class + 2u), features); }
        if (FORWARD_QUADS > 3u) { a3 = accumulate(a3, weights(quad, forward_class + 3u), features); }
      }
    }
    for (var turn = 0u; turn < SEGMENT; turn++) {
      if (busy && lane % SEGMENT == turn) {
        put(own_shares, forward_class, turn > 0u, a0);
        if (FORWARD_QUADS > 1u) { put(own_shares, forward_class + 1u, turn > 0u, a1); }
        if (FORWARD_QUADS > 2u) { put(own_shares, forward_class + 2u, turn > 0u, a2); }
        if (FORWARD_QUADS > 3u) { put(own_shares, forward_class + 3u, turn > 0u, a3); }
      }
      // A lane has added its share before the next one does, and all have before they are summed up.
      workgroupBarrier();
    }
    for (var i = 0u; i < (4u * QUADS_AT_ONCE * CLASS_QUADS + THREADS - 1u) / THREADS; i++) {
      let item = i * THREADS + thread;
      let place = item / 4u;
      let to = round * QUADS_AT_ONCE * CLASS_QUADS + place;
      if (place < QUADS_AT_ONCE * CLASS_QUADS && to < ROW_QUADS * CLASS_QUADS) {
        var at = place / CLASS_QUADS * segments * CLASS_QUADS + place % CLASS_QUADS;
        var sum = shares[at][item % 4u];
        for (var s = 1u; s < LANES / SEGMENT; s++) {
          at += CLASS_QUADS;
          sum += shares[at][item % 4u];
        }
        z[to][item % 4u] = sum;
      }
    }
    // The shares have been read before the next round or the rows' losses take their place, and the logits are complete.
    workgroupBarrier();
  }
}
