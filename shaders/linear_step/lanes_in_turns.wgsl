// linear_step: how lanes add up what each of them has of four rows' logits, on any device: in workgroup memory, one after the other.

fn put(at: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  if (adding) { z[at] += transpose(m); } else { z[at] = transpose(m); }
}

fn add_up_lanes(sums: ClassQuads, place: u32, own_class: u32, lane: u32) {
  for (var turn = 0u; turn < SEGMENT; turn++) {
    // A lane has put down its share before the next one adds to it.
    if (turn > 0u) { workgroupBarrier(); }
    if (lane % SEGMENT == turn) {
      let adding = turn > 0u;
      put(place, own_class, adding, sums.q0);
      if (OWN_QUADS > 1u) { put(place + 1u, own_class + 1u, adding, sums.q1); }
      if (OWN_QUADS > 2u) { put(place + 2u, own_class + 2u, adding, sums.q2); }
      if (OWN_QUADS > 3u) { put(place + 3u, own_class + 3u, adding, sums.q3); }
    }
  }
}
