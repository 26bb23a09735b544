// score_loss, score_loss_line, score_loss_step: a row, and what must be known of it before its terms are added up.
// The kernels say how scores and the direction are read: `scores`, `slopes`.

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
