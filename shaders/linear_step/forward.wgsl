// linear_step: the logits of a block's rows, without bias. Lanes share the features of a row; what a lane fetches next is on its
// way before what it has is used.

// Four features' weights for a quad of classes: vector c belongs to the class.
fn weights_at(feature_quad: u32, class_quad: u32) -> mat4x4f {
  var row = vec4u(feature_quad * 4u) + FOUR;
  if (RAGGED) { row = min(row, vec4u(parameters.features - 1u)); }
  let at = parameters.theta_offset + row * CLASS_QUADS + min(class_quad, CLASS_QUADS - 1u);
  return transpose(mat4x4f(theta[at.x], theta[at.y], theta[at.z], theta[at.w]));
}

// Puts into workgroup memory what all lanes need of W until the next staging: [turn][quad of classes][lane], so that
// neighbouring lanes read neighbouring memory.
fn stage(thread: u32, first: u32, feature_quads: u32) {
  for (var i = 0u; i < (STAGED * LANES * WIDE * CLASS_QUADS + THREADS - 1u) / THREADS; i++) {
    let number = i * THREADS + thread;
    let quad = number / CLASS_QUADS;
    if (number < STAGED * LANES * WIDE * CLASS_QUADS && first + quad < feature_quads) {
      let class_quad = number % CLASS_QUADS;
      let turn = quad / (LANES * WIDE) * WIDE + quad % WIDE;
      z[(turn * CLASS_QUADS + class_quad) * LANES + quad / WIDE % LANES] = weights_at(first + quad, class_quad);
    }
  }
}

fn weights_for(quad: u32, class_quad: u32, staged: u32) -> mat4x4f {
  if (STAGED > 0u) { return z[staged + min(class_quad, CLASS_QUADS - 1u) * LANES]; }
  return weights_at(quad, class_quad);
}

fn own_weights(quad: u32, own_class: u32, staged: u32) -> ClassQuads {
  var w = ClassQuads();
  w.q0 = weights_for(quad, own_class, staged);
  if (OWN_QUADS > 1u) { w.q1 = weights_for(quad, own_class + 1u, staged); }
  if (OWN_QUADS > 2u) { w.q2 = weights_for(quad, own_class + 2u, staged); }
  if (OWN_QUADS > 3u) { w.q3 = weights_for(quad, own_class + 3u, staged); }
  return w;
}

// Adds four features' products, x a vector a feature: to whole quads of classes, and to what there is of the last one.
fn add_products(sums: ptr<function, ClassQuads>, x: mat4x4f, w: ClassQuads) {
  if (OWN_QUADS > 1u) { (*sums).q0 = plus_quad((*sums).q0, x, w.q0); } else { (*sums).q0 = plus_last_quad((*sums).q0, x, w.q0); }
  if (OWN_QUADS > 2u) { (*sums).q1 = plus_quad((*sums).q1, x, w.q1); }
  if (OWN_QUADS == 2u) { (*sums).q1 = plus_last_quad((*sums).q1, x, w.q1); }
  if (OWN_QUADS > 3u) { (*sums).q2 = plus_quad((*sums).q2, x, w.q2); }
  if (OWN_QUADS == 3u) { (*sums).q2 = plus_last_quad((*sums).q2, x, w.q2); }
  if (OWN_QUADS == 4u) { (*sums).q3 = plus_last_quad((*sums).q3, x, w.q3); }
}

fn plus_quad(sum: mat4x4f, x: mat4x4f, w: mat4x4f) -> mat4x4f {
  return mat4x4f(plus_products(sum[0], x, w[0]), plus_products(sum[1], x, w[1]),
                 plus_products(sum[2], x, w[2]), plus_products(sum[3], x, w[3]));
}

fn plus_last_quad(sum: mat4x4f, x: mat4x4f, w: mat4x4f) -> mat4x4f {
  var result = sum;
  result[0] = plus_products(sum[0], x, w[0]);
  if (LAST_CLASSES > 1u) { result[1] = plus_products(sum[1], x, w[1]); }
  if (LAST_CLASSES > 2u) { result[2] = plus_products(sum[2], x, w[2]); }
  if (LAST_CLASSES > 3u) { result[3] = plus_products(sum[3], x, w[3]); }
  return result;
}

fn add_quad(a: ptr<function, ClassQuads>, b: ptr<function, ClassQuads>, raw_a: Raw, raw_b: Raw, quad: u32, own_class: u32, staged: u32) {
  let w = own_weights(quad, own_class, staged);
  add_products(a, transpose(decoded_wide(raw_a, quad)), w);
  if (ROW_QUADS > 1u) { add_products(b, transpose(decoded_wide(raw_b, quad)), w); }
}

// Leaves the shares of the logits of the block's rows in z.
fn put_logits(thread: u32) {
  let lane = thread % LANES;
  let group = thread / LANES;
  let row_groups = THREADS / (LANES * CLASS_GROUPS);
  let own_row = (group % row_groups) * 4u * ROW_QUADS;
  let own_class = (group / row_groups) * OWN_QUADS;
  let feature_quads = (parameters.features + 3u) / 4u;
  // For the first quad of rows, and the second.
  var a = ClassQuads();
  var b = ClassQuads();
  let at = starts[own_row / 4u];
  var more = at;
  if (ROW_QUADS > 1u) { more = starts[own_row / 4u + 1u]; }
  // Where the last fetch of a row begins.
  let last = (feature_quads - 1u) / WIDE * WIDE;
  var next_a = fetch_wide(at, min(lane * WIDE, last));
  var next_b = next_a;
  if (ROW_QUADS > 1u) { next_b = fetch_wide(more, min(lane * WIDE, last)); }
  for (var step = 0u; step < MOST_STEPS; step++) {
    if (step * LANES * WIDE >= feature_quads) { break; }
    if (STAGED > 0u && step % max(STAGED, 1u) == 0u) {
      // Nobody overwrites the weights that a slower thread still reads.
      workgroupBarrier();
      stage(thread, step * LANES * WIDE, feature_quads);
      // All weights are there before they are read.
      workgroupBarrier();
    }
    let quad = (step * LANES + lane) * WIDE;
    let now_a = next_a;
    let now_b = next_b;
    next_a = fetch_wide(at, min(quad + LANES * WIDE, last));
    if (ROW_QUADS > 1u) { next_b = fetch_wide(more, min(quad + LANES * WIDE, last)); }
    let staged = (step % max(STAGED, 1u)) * WIDE * CLASS_QUADS * LANES + lane;
    // Rows of a block that is not full are left out, and so are features behind the last.
    if (own_row < parameters.block_rows && quad < feature_quads) {
      add_quad(&a, &b, now_a, now_b, quad, own_class, staged);
      if (WIDE > 1u && quad + 1u < feature_quads) {
        add_quad(&a, &b, second_quad(now_a), second_quad(now_b), quad + 1u, own_class, staged + CLASS_QUADS * LANES);
      }
      if (WIDE > 2u && quad + 2u < feature_quads) {
        add_quad(&a, &b, third_quad(now_a), third_quad(now_b), quad + 2u, own_class, staged + 2u * CLASS_QUADS * LANES);
      }
      if (WIDE > 3u && quad + 3u < feature_quads) {
        add_quad(&a, &b, fourth_quad(now_a), fourth_quad(now_b), quad + 3u, own_class, staged + 3u * CLASS_QUADS * LANES);
      }
    }
  }
  // Staged weights have been read before logits take their place.
  if (STAGED > 0u) { workgroupBarrier(); }
  let place = (own_row / 4u * SHARES + lane / SEGMENT) * CLASS_QUADS + own_class;
  add_up_lanes(a, place, own_class, lane);
  if (ROW_QUADS > 1u) { add_up_lanes(b, place + SHARES * CLASS_QUADS, own_class, lane); }
}
