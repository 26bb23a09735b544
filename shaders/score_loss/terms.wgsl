// score_loss, score_loss_line, score_loss_step: the loss of one row of scores z, its gradient, and what it does along a line.
//   squared   Σ_j (z_j − t_j)²                            dz_j = 2 (z_j − t_j)
//   brier     Σ_j (p_j − t_j)²     h_j = 2 (p_j − t_j)    dz_j = p_j (h_j − Σ_c p_c h_c),   p = softmax(z)
//   absolute  Σ_j |p_j − t_j|      h_j = sign(p_j − t_j)  dz_j likewise
//   margin    Σ_{j≠y} m_j^power    m_j = max(0, Δ − z_y + z_j)    dz_j = a_j = power · m_j^(power−1),   dz_y = −Σ a_j;
//             with LARGEST the largest m_j alone, of several the first
// with t_j = (1 − ε) q_j + ε / k, q the one-hot row of a label or a row of soft targets; margin knows labels alone.

// m; zero where it does not count.
fn margins(row: Row, found: Survey, quad: u32) -> vec4f {
  let column = columns_of(quad);
  var rivals = inside(quad) & (vec4i(column) != vec4i(row.label));
  if (LARGEST) { rivals = rivals & (column == vec4u(found.rival)); }
  return select(vec4f(0.0), max(vec4f(0.0), parameters.delta - found.own + scores(row.index, quad)), rivals);
}

// a
fn pulls(m: vec4f) -> vec4f {
  return select(vec4f(0.0), select(vec4f(1.0), 2.0 * m, SQUARED_MARGINS), m > vec4f(0.0));
}

fn probabilities(row: Row, found: Survey, quad: u32) -> vec4f {
  return select(vec4f(0.0), exp(below(scores(row.index, quad), found.maximum)) / found.sum, inside(quad));
}

// h. No probability is above a target of 1 or below one of 0, however it is rounded.
fn sides(p: vec4f, t: vec4f) -> vec4f {
  if (KIND == BRIER) { return 2.0 * (p - t); }
  return select(select(sign(p - t), vec4f(1.0), t <= vec4f(0.0)), vec4f(-1.0), t >= vec4f(1.0));
}

// A quad's part of ((ℓ, φ′, φ″ without its last term, Σ p d²), (Σ p h or Σ a, faults, 0, 0)), d measured from found.slope.
fn terms(row: Row, found: Survey, quad: u32) -> mat2x4f {
  let values = scores(row.index, quad);
  let wrong = inside(quad) & ((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
  let fault = select(0.0, 1.0, any(wrong));
  let d = select(vec4f(0.0), slopes(row.index, quad) - found.slope, inside(quad));
  if (KIND == MARGIN) {
    let m = margins(row, found, quad);
    let a = pulls(m);
    let curved = select(vec4f(0.0), 2.0 * d, (m > vec4f(0.0)) & vec4<bool>(SQUARED_MARGINS));
    return mat2x4f(vec4f(dot(m, select(vec4f(1.0), m, SQUARED_MARGINS)), dot(a, d), dot(curved, d), 0.0),
                   vec4f(dot(a, vec4f(1.0)), fault, 0.0, 0.0));
  }
  let t = target_weights(row, quad);
  if (KIND == SQUARED) {
    let gap = select(vec4f(0.0), values - t, inside(quad));
    return mat2x4f(vec4f(dot(gap, gap), 2.0 * dot(gap, d), 2.0 * dot(d, d), 0.0), vec4f(0.0, fault, 0.0, 0.0));
  }
  let p = probabilities(row, found, quad);
  let gap = p - t;
  let pull = p * sides(p, t);
  var loss = dot(abs(gap), vec4f(1.0));
  var curvature = dot(pull * d, d);
  if (KIND == BRIER) {
    loss = dot(gap, gap);
    curvature += 2.0 * dot(p * d, p * d);
  }
  return mat2x4f(vec4f(loss, dot(pull, d), curvature, dot(p * d, d)), vec4f(dot(pull, vec4f(1.0)), fault, 0.0, 0.0));
}

// The terms of the whole row.
fn added_up(row: Row, found: Survey, lane: u32, thread: u32) -> mat2x4f {
  var mine = mat2x4f();
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + lane;
    if (quad < parameters.z_stride) { mine += terms(row, found, quad); }
  }
  shares[thread] = mine;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (lane < width) { shares[thread] += shares[thread + width]; }
  }
  // Lane 0's sums are complete before the other lanes read them.
  workgroupBarrier();
  let all = shares[thread - lane];
  // Every lane has its copy before the array is used again.
  workgroupBarrier();
  return all;
}

// Whether a row that counts cannot be right, or its loss is beyond float32.
fn is_broken(row: Row, all: mat2x4f) -> bool {
  return row.counts && (row.fault || all[1].y > 0.0 || !finite(row.weight * all[0].x));
}

// A quad of dZ, padding zero; NaN in a broken row.
fn gradient_of(row: Row, found: Survey, all: mat2x4f, quad: u32, factor: f32) -> vec4f {
  var d: vec4f;
  if (KIND == MARGIN) {
    let own = vec4i(columns_of(quad)) == vec4i(row.label);
    d = select(pulls(margins(row, found, quad)), vec4f(-all[1].x), own);
  } else if (KIND == SQUARED) {
    d = 2.0 * (scores(row.index, quad) - target_weights(row, quad));
  } else {
    let p = probabilities(row, found, quad);
    d = p * (sides(p, target_weights(row, quad)) - all[1].x);
  }
  let written = select(vec4f(0.0), factor * row.weight * d, inside(quad) & vec4<bool>(row.counts));
  let broken = inside(quad) & vec4<bool>(is_broken(row, all));
  return bitcast<vec4f>(select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), broken));
}
