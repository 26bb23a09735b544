// score_loss, score_loss_line, score_loss_step: the loss of one row of scores z, its gradient, and what it does along a line.
//   squared   Σ_j (z_j − t_j)²                            dz_j = 2 (z_j − t_j)
//   brier     Σ_j (p_j − t_j)²     h_j = 2 (p_j − t_j)    dz_j = p_j (h_j − Σ_c p_c h_c),   p = softmax(z)
//   absolute  Σ_j |p_j − t_j|      h_j = sign(p_j − t_j)  dz_j likewise
//   margin    Σ_{j≠y} m_j^power    m_j = max(0, Δ − z_y + z_j)    dz_j = a_j = power · m_j^(power−1),   dz_y = −Σ a_j;
//             with LARGEST the largest m_j alone, of several the first
// with t_j = (1 − ε) q_j + ε / k, q the one-hot row of a label or a row of soft targets; margin knows labels alone.
// The kernels declare `z`, `parameters`, and how scores and the direction are read: `scores`, `slopes`.

// Threads that share one row, a power of two up to 256.
override LANES: u32;
// Rows that one workgroup handles at a time.
override ROWS_PER_GROUP: u32;
// Quads of the row that fall to one lane.
override QUADS_PER_LANE: u32;
// Targets are rows of probabilities, not labels.
override SOFT: bool;
override HAS_ROW_WEIGHT: bool;
// SQUARED, BRIER, ABSOLUTE or MARGIN.
override KIND: u32;
// Of the margins only the largest counts.
override LARGEST: bool;
// Margins are squared: power is 2, else 1.
override SQUARED_MARGINS: bool;

const SQUARED = 0u;
const BRIER = 1u;
const ABSOLUTE = 2u;
const MARGIN = 3u;

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32,       // quads to the first row
  z_stride: u32,       // quads from row to row
  direction_offset: u32,
  direction_stride: u32,
  d_offset: u32,       // dZ
  d_stride: u32,
  target_offset: u32,  // SOFT: quads to the first row of the targets; else the index of the first label
  target_stride: u32,
  weight_offset: u32,  // index of the first row weight
  out_offset: u32,     // quads to the first partial sum; in score_loss the index of the first loss
  state_offset: u32,   // quads
  groups: u32,         // groups of ROWS_PER_GROUP rows
  slices: u32,         // workgroups that share the rows
  accumulate: u32,     // 1: add to what `partials` hold
  denominator_offset: u32,  // quads to the first part of the denominator
  denominator_stride: u32,  // quads from part to part
  denominator_parts: u32,
  ignored: i32,        // label of rows to leave out
  not_a_number: u32,   // the bits of NaN, which WGSL cannot spell
  smoothing: f32,      // ε
  scale: f32,          // of the gradient
  delta: f32,          // Δ
}

@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> row_weight: array<f32>;

// Most negative finite number: WGSL promises nothing about infinities.
const LOWEST = -0x1.fffffep+127f;

// What each lane has to add.
var<workgroup> shares: array<mat2x4f, LANES * ROWS_PER_GROUP>;

struct Row {
  index: u32,
  label: i32,
  weight: f32,
  counts: bool,
  // A label that is no class, or a weight that is not finite.
  fault: bool,
}

// What must be known of a row before its terms are added up.
struct Survey {
  maximum: f32,  // of z, and Σ exp(z − maximum)
  sum: f32,
  slope: f32,    // what the direction is measured from: its mean by p, or that of class y
  own: f32,      // z_y
  rival: u32,    // the column of the largest margin
}

// By bits: comparisons with NaN cannot be relied upon on real devices.
fn finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) <= 0x7f7fffffu;
}

// z − m for z ≤ m, at least −128: halved first, so that the difference of two huge numbers stays finite. exp(−128) is 0.
fn below(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * max(0.5 * values - 0.5 * maximum, vec4f(-64.0));
}

fn columns_of(quad: u32) -> vec4u {
  return vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u);
}

fn inside(quad: u32) -> vec4<bool> {
  return columns_of(quad) < vec4u(parameters.columns);
}

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: Row, quad: u32) -> vec4f {
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row.index * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(columns_of(quad)) == vec4i(row.label));
  }
  let t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.columns);
  return select(vec4f(0.0), t, inside(quad));
}

// Threads beyond the last row go along with it, since all must meet at the barriers, and count for nothing.
fn row_at(wanted: u32) -> Row {
  var row = Row(min(wanted, parameters.rows - 1u), 0i, 1.0, wanted < parameters.rows, false);
  if (!SOFT) {
    let at = parameters.target_offset + row.index;
    row.label = bitcast<i32>(targets[at >> 2u][at & 3u]);
    if (row.label == parameters.ignored) { row.counts = false; }
    else if (row.label < 0 || row.label >= i32(parameters.columns)) { row.fault = true; }
  }
  if (HAS_ROW_WEIGHT) {
    row.weight = row_weight[parameters.weight_offset + row.index];
    // By bits: `!=` is false for NaN on real devices, and the row would pass for one that does not count.
    let size = bitcast<u32>(row.weight) & 0x7fffffffu;
    row.counts = row.counts && size != 0u;
    row.fault = row.fault || size > 0x7f7fffffu;
  }
  return row;
}

// Of two (score, column) the larger score, of equal ones the first column.
fn ahead(one: vec2f, other: vec2f) -> vec2f {
  let wins = other.x > one.x || (other.x == one.x && other.y < one.y);
  return select(one, other, wins);
}

// (maximum, Σ exp, Σ exp · d) of two parts of a row (Milakov & Gimelshein 2018).
fn merged(one: vec3f, other: vec3f) -> vec3f {
  let m = max(one.x, other.x);
  let e = exp(below(vec4f(one.x, other.x, m, m), m));
  return vec3f(m, one.yz * e.x + other.yz * e.y);
}

fn survey(row: Row, lane: u32, thread: u32) -> Survey {
  var found = Survey(0.0, 1.0, 0.0, 0.0, 0u);
  if (KIND == SQUARED) { return found; }
  if (KIND == MARGIN) {
    let own = u32(clamp(row.label, 0i, i32(parameters.columns) - 1i));
    found.own = scores(row.index, own >> 2u)[own & 3u];
    found.slope = slopes(row.index, own >> 2u)[own & 3u];
    if (!LARGEST) { return found; }
    var best = vec2f(LOWEST, f32(parameters.columns));
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + lane;
      if (quad < parameters.z_stride) {
        let values = scores(row.index, quad);
        for (var c = 0u; c < 4u; c++) {
          let column = 4u * quad + c;
          if (column < parameters.columns && column != own) { best = ahead(best, vec2f(values[c], f32(column))); }
        }
      }
    }
    shares[thread][0] = vec4f(best, 0.0, 0.0);
    for (var width = LANES / 2u; width > 0u; width /= 2u) {
      // The pairs of the level below are written before they are read.
      workgroupBarrier();
      if (lane < width) { shares[thread][0] = vec4f(ahead(shares[thread][0].xy, shares[thread + width][0].xy), 0.0, 0.0); }
    }
    // Lane 0's pair is complete before the other lanes read it.
    workgroupBarrier();
    found.rival = u32(shares[thread - lane][0].y);
    // Every lane has its copy before the array is used again.
    workgroupBarrier();
    return found;
  }
  var mine = vec3f(LOWEST, 0.0, 0.0);
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + lane;
    if (quad < parameters.z_stride) {
      let values = select(vec4f(LOWEST), scores(row.index, quad), inside(quad));
      let next = max(max(values.x, values.y), max(values.z, values.w));
      let e = select(vec4f(0.0), exp(below(values, next)), inside(quad));
      mine = merged(mine, vec3f(next, dot(e, vec4f(1.0)), dot(e, select(vec4f(0.0), slopes(row.index, quad), inside(quad)))));
    }
  }
  shares[thread][0] = vec4f(mine, 0.0);
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    // The parts of the level below are written before they are read.
    workgroupBarrier();
    if (lane < width) { shares[thread][0] = vec4f(merged(shares[thread][0].xyz, shares[thread + width][0].xyz), 0.0); }
  }
  // Lane 0's part is complete before the other lanes read it.
  workgroupBarrier();
  let whole = shares[thread - lane][0];
  // Every lane has its copy before the array is used again.
  workgroupBarrier();
  found.maximum = whole.x;
  found.sum = whole.y;
  found.slope = whole.z / whole.y;
  return found;
}

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
