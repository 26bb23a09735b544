// linear_step: Σ_i x_i ⊗ dz_i and Σ_i dz_i over the rows of a block, dz from workgroup memory. A thread owns 4 · FEATURE_QUADS
// features × a group of classes; where threads are left, ROW_GROUPS of them share the rows.

// dz of four rows of the block for a quad of classes, a vector a row.
fn gradient_at(row_quad: u32, class_quad: u32) -> mat4x4f {
  return z[row_quad * (SHARES * CLASS_QUADS) + min(class_quad, CLASS_QUADS - 1u)];
}

// A thread's share of Σ dz, for the quad of classes thread % CLASS_QUADS.
fn share_of_dz_sum(thread: u32) -> vec4f {
  let segment = thread / CLASS_QUADS;
  var sum = vec4f(0.0);
  if (segment < BIAS_SEGMENTS) {
    for (var i = 0u; i < (ROWS / 4u + BIAS_SEGMENTS - 1u) / BIAS_SEGMENTS; i++) {
      let row_quad = i * BIAS_SEGMENTS + segment;
      if (row_quad < ROWS / 4u) {
        let dz = gradient_at(row_quad, thread % CLASS_QUADS);
        sum += (dz[0] + dz[1]) + (dz[2] + dz[3]);
      }
    }
  }
  return sum;
}

// sum + v ⊗ dz, for all classes of the quad, or those that the last quad has.
fn plus_row(sum: mat4x4f, v: vec4f, dz: vec4f) -> mat4x4f {
  return mat4x4f(sum[0] + v * dz.x, sum[1] + v * dz.y, sum[2] + v * dz.z, sum[3] + v * dz.w);
}

fn plus_row_to_last(sum: mat4x4f, v: vec4f, dz: vec4f) -> mat4x4f {
  var result = sum;
  result[0] += v * dz.x;
  if (LAST_CLASSES > 1u) { result[1] += v * dz.y; }
  if (LAST_CLASSES > 2u) { result[2] += v * dz.z; }
  if (LAST_CLASSES > 3u) { result[3] += v * dz.w; }
  return result;
}

// Adds one row's x ⊗ dz; v are its four features, and its dz of the thread's classes come in quads.
fn add_row(sums: ptr<function, ClassQuads>, v: vec4f, dz0: vec4f, dz1: vec4f, dz2: vec4f, dz3: vec4f) {
  if (OWN_QUADS > 1u) { (*sums).q0 = plus_row((*sums).q0, v, dz0); } else { (*sums).q0 = plus_row_to_last((*sums).q0, v, dz0); }
  if (OWN_QUADS > 2u) { (*sums).q1 = plus_row((*sums).q1, v, dz1); }
  if (OWN_QUADS == 2u) { (*sums).q1 = plus_row_to_last((*sums).q1, v, dz1); }
  if (OWN_QUADS > 3u) { (*sums).q2 = plus_row((*sums).q2, v, dz2); }
  if (OWN_QUADS == 3u) { (*sums).q2 = plus_row_to_last((*sums).q2, v, dz2); }
  if (OWN_QUADS == 4u) { (*sums).q3 = plus_row_to_last((*sums).q3, v, dz3); }
}

fn add_rows(sums: ptr<function, ClassQuads>, v: mat4x4f, dz: ClassQuads) {
  add_row(sums, v[0], dz.q0[0], dz.q1[0], dz.q2[0], dz.q3[0]);
  add_row(sums, v[1], dz.q0[1], dz.q1[1], dz.q2[1], dz.q3[1]);
  add_row(sums, v[2], dz.q0[2], dz.q1[2], dz.q2[2], dz.q3[2]);
  add_row(sums, v[3], dz.q0[3], dz.q1[3], dz.q2[3], dz.q3[3]);
}

// Writes four features' sums for a quad of classes where they wait between blocks and in the end, or adds to what is there.
fn add_sums(first: u32, feature_quad: u32, class_quad: u32, adding: bool, m: mat4x4f) {
  if (class_quad >= CLASS_QUADS) { return; }
  let at = first + feature_quad * 4u * CLASS_QUADS + class_quad;
  let rest = parameters.features - min(parameters.features, feature_quad * 4u);
  if (rest > 0u) { add_sum(at, adding, m[0]); }
  if (rest > 1u) { add_sum(at + CLASS_QUADS, adding, m[1]); }
  if (rest > 2u) { add_sum(at + 2u * CLASS_QUADS, adding, m[2]); }
  if (rest > 3u) { add_sum(at + 3u * CLASS_QUADS, adding, m[3]); }
}

fn add_sum(at: u32, adding: bool, value: vec4f) {
  if (adding) { partials[at] += value; } else { partials[at] = value; }
}

struct Owner {
  place: u32,       // of the workgroup's sums
  adding: bool,     // there are sums of other blocks already
  busy: bool,       // the thread has features and rows
  unit: u32,        // which of the threads that share rows
  units: u32,       // how many of these
  row_group: u32,
}

// One quad's sums of all row groups, from the first of which they go to memory.
fn add_up_row_groups(own: Owner, feature_quad: u32, class_quad: u32, m: mat4x4f) {
  var scale = 1.0;
  if (!DECODE) { scale = parameters.scale; }
  var sum = scale * transpose(m);
  if (ROW_GROUPS > 1u) {
    // dz, or the sums of another quad, have been read before these take their place.
    workgroupBarrier();
    if (own.busy && own.row_group > 0u) { z[(own.row_group - 1u) * own.units + own.unit] = sum; }
    // All groups' sums are there before the first adds them up.
    workgroupBarrier();
    if (own.busy && own.row_group == 0u) {
      for (var i = 0u; i < ROW_GROUPS - 1u; i++) { sum += z[i * own.units + own.unit]; }
    }
  }
  if (own.busy && own.row_group == 0u) { add_sums(own.place, feature_quad, class_quad, own.adding, sum); }
}

// g for the first quad of features, h for the second. What comes next is fetched before what is there is used.
fn add_gradient(place: u32, thread: u32, adding: bool) {
  let feature_quads = (parameters.features + 3u) / 4u;
  let units = (feature_quads + FEATURE_QUADS - 1u) / FEATURE_QUADS * CLASS_GROUPS;
  let row_quads = parameters.block_rows / 4u;
  let rows_each = (row_quads + ROW_GROUPS - 1u) / ROW_GROUPS;
  for (var slab = 0u; slab < MOST_STEPS; slab++) {
    if (slab * THREADS >= units * ROW_GROUPS) { break; }
    let item = slab * THREADS + thread;
    var row_group = 0u;
    if (ROW_GROUPS > 1u) { row_group = item / units; }
    let unit = item - row_group * units;
    let own = Owner(place, adding, item < units * ROW_GROUPS, unit, units, row_group);
    let quad = unit / CLASS_GROUPS * FEATURE_QUADS;
    let next_quad = min(quad + 1u, feature_quads - 1u);
    let class_quad = unit % CLASS_GROUPS * OWN_QUADS;
    var g = ClassQuads();
    var h = ClassQuads();
    if (own.busy) {
      let begin = row_group * rows_each;
      let end = min(begin + rows_each, row_quads);
      var next_at = starts[min(begin, row_quads - 1u)];
      var next_g = fetch(readable(next_at), quad);
      var next_h = next_g;
      if (FEATURE_QUADS > 1u) { next_h = fetch(readable(next_at), next_quad); }
      for (var step = 0u; step < ROWS / 4u; step++) {
        let row_quad = begin + step;
        if (row_quad >= end) { break; }
        let at = next_at;
        let now_g = next_g;
        let now_h = next_h;
        next_at = starts[min(row_quad + 1u, row_quads - 1u)];
        next_g = fetch(readable(next_at), quad);
        if (FEATURE_QUADS > 1u) { next_h = fetch(readable(next_at), next_quad); }
        var dz = ClassQuads();
        dz.q0 = gradient_at(row_quad, class_quad);
        if (OWN_QUADS > 1u) { dz.q1 = gradient_at(row_quad, class_quad + 1u); }
        if (OWN_QUADS > 2u) { dz.q2 = gradient_at(row_quad, class_quad + 2u); }
        if (OWN_QUADS > 3u) { dz.q3 = gradient_at(row_quad, class_quad + 3u); }
        add_rows(&g, counted(now_g, at, quad), dz);
        if (FEATURE_QUADS > 1u) { add_rows(&h, counted(now_h, at, next_quad), dz); }
      }
    }
    add_up_row_groups(own, quad, class_quad, g.q0);
    if (OWN_QUADS > 1u) { add_up_row_groups(own, quad, class_quad + 1u, g.q1); }
    if (OWN_QUADS > 2u) { add_up_row_groups(own, quad, class_quad + 2u, g.q2); }
    if (OWN_QUADS > 3u) { add_up_row_groups(own, quad, class_quad + 3u, g.q3); }
    if (FEATURE_QUADS > 1u) {
      add_up_row_groups(own, quad + 1u, class_quad, h.q0);
      if (OWN_QUADS > 1u) { add_up_row_groups(own, quad + 1u, class_quad + 1u, h.q1); }
      if (OWN_QUADS > 2u) { add_up_row_groups(own, quad + 1u, class_quad + 2u, h.q2); }
      if (OWN_QUADS > 3u) { add_up_row_groups(own, quad + 1u, class_quad + 3u, h.q3); }
    }
  }
}
