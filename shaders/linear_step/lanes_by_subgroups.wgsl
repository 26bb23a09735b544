enable subgroups;
// linear_step: how lanes add up what each of them has of four rows' logits, where all lanes of a row, 4 or more, are of one
// subgroup: by shuffles, without waiting for the rest of the workgroup. Threads follow each other in a subgroup as they do in
// the workgroup, which is one-dimensional. Partners add the same two numbers, so the order of sums is fixed.

fn from_lane(value: vec4f, distance: u32) -> vec4f {
  return subgroupShuffleXor(value, distance);
}

// One value of four, that of row lane % 4, summed up over all lanes: each keeps half of what it has and gives away the other.
fn own_row_sum(share: vec4f, lane: u32) -> f32 {
  let upper = (lane & 2u) != 0u;
  let odd = (lane & 1u) != 0u;
  let pair = select(share.xy, share.zw, upper) + subgroupShuffleXor(select(share.zw, share.xy, upper), 2u);
  return select(pair.x, pair.y, odd) + subgroupShuffleXor(select(pair.y, pair.x, odd), 1u);
}

fn put_own_row(at: u32, class_quad: u32, lane: u32, m: mat4x4f) {
  var share = m;
  for (var distance = LANES / 2u; distance > 2u; distance /= 2u) {
    share += mat4x4f(from_lane(share[0], distance), from_lane(share[1], distance),
                     from_lane(share[2], distance), from_lane(share[3], distance));
  }
  let sums = vec4f(own_row_sum(share[0], lane), own_row_sum(share[1], lane), own_row_sum(share[2], lane), own_row_sum(share[3], lane));
  if (lane < 4u && class_quad < CLASS_QUADS) { z[at][lane] = sums; }
}

fn add_up_lanes(sums: ClassQuads, place: u32, own_class: u32, lane: u32) {
  put_own_row(place, own_class, lane, sums.q0);
  if (OWN_QUADS > 1u) { put_own_row(place + 1u, own_class + 1u, lane, sums.q1); }
  if (OWN_QUADS > 2u) { put_own_row(place + 2u, own_class + 2u, lane, sums.q2); }
  if (OWN_QUADS > 3u) { put_own_row(place + 3u, own_class + 3u, lane, sums.q3); }
}
