// ℓ[i] = r[i] · Σ_j t[i,j] · (logsumexp(z[i]) − z[i,j])        dZ[i,j] = c · r[i] · (T[i] · p[i,j] − t[i,j]),  T = Σ_j t
// with t[i,j] = w[j] · ((1 − ε) · q[i,j] + ε / k), q the one-hot row of label y[i] or a row of soft targets,
// w class weights, r row weights, ε label smoothing, c = scale, divided by the sum of `denominator` where there is one.
//
// Loss and gradient in one kernel, from logits and never from log(softmax): probabilities that round to 0 would hide the
// loss and freeze the gradient. A row whose label is `ignored`, or whose weight is 0, counts for nothing whatever it holds.
// A row with a label that is no class, or with a logit or weight that is not finite, gets NaN: wrong numbers must not look
// healthy. Where the denominators add up to 0 no row counts, and the gradient is 0.

// Z is the sum of so many matrices, one below the other: what a product left whose sum was split over workgroups.
override PARTS: u32;
// Targets are rows of probabilities, not labels.
override SOFT: bool;
// Labels and no smoothing: t is 0 but for one class, whose logit alone tells the loss.
override ONE_HOT: bool;
override HAS_CLASS_WEIGHT: bool;
override HAS_ROW_WEIGHT: bool;
override HAS_DENOMINATOR: bool;
// Write dZ as well as the loss.
override WRITE_GRADIENT: bool;

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32,       // quads to the first row of Z
  z_stride: u32,       // quads from row to row
  target_offset: u32,  // SOFT: quads to the first row of the targets; else the index of the first label
  target_stride: u32,
  d_offset: u32,
  d_stride: u32,
  weight_offset: u32,  // index of the first row weight
  loss_offset: u32,    // index of the first loss
  ignored: i32,        // label of rows to leave out
  not_a_number: u32,   // the bits of NaN, which WGSL cannot spell
  smoothing: f32,      // ε
  scale: f32,          // c
  class_weight_offset: u32, // quads
  denominator_offset: u32,  // quads to the first part of the denominator
  denominator_stride: u32,  // quads from part to part
  denominator_parts: u32,
  part_stride: u32,    // quads from one part of Z to the next
}

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read> targets: array<vec4u>;
@group(0) @binding(2) var<storage, read> class_weight: array<vec4f>;
@group(0) @binding(3) var<storage, read> row_weight: array<f32>;
@group(0) @binding(4) var<storage, read> denominator: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_logits: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

var<workgroup> maxima: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> sums: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> faults: array<u32, LANES * ROWS_PER_GROUP>;

fn logits(start: u32, quad: u32) -> vec4f {
  var values = z[start + quad];
  for (var part = 1u; part < PARTS; part++) { values += z[start + quad + part * parameters.part_stride]; }
  return select(vec4f(LOWEST), values, columns_of(quad) < vec4u(parameters.columns));
}

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  let column = columns_of(quad);
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(column) == vec4i(label));
  }
  var t = q;
  if (!ONE_HOT) { t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.columns); }
  if (HAS_CLASS_WEIGHT) { t *= class_weight[parameters.class_weight_offset + quad]; }
  return select(vec4f(0.0), t, column < vec4u(parameters.columns));
}

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let wanted = (workgroup.y * launched.x + workgroup.x) * ROWS_PER_GROUP + local.y;
  // Threads beyond the last row go along, since all must meet at the barriers, and write nothing.
  let row = min(wanted, parameters.rows - 1u);
  let start = parameters.z_offset + row * parameters.z_stride;
  let first = local.y * LANES;
  var held: array<vec4f, 4>;

  var label = 0i;
  var weight = 1.0;
  var counts = true;
  var fault = 0u;
  if (!SOFT) {
    let index = parameters.target_offset + row;
    label = bitcast<i32>(targets[index >> 2u][index & 3u]);
    if (label == parameters.ignored) { counts = false; }
    else if (label < 0 || label >= i32(parameters.columns)) { fault = 1u; }
  }
  if (HAS_ROW_WEIGHT) {
    weight = row_weight[parameters.weight_offset + row];
    // By bits: `!=` is false for NaN on real devices, and the row would pass for one that does not count.
    let size = bitcast<u32>(weight) & 0x7fffffffu;
    counts = counts && size != 0u;
    if (size > 0x7f7fffffu) { fault = 1u; }
  }

  // Maximum and sum together (Milakov & Gimelshein 2018), one pair a lane.
  var maximum = LOWEST;
  var sum = 0.0;
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.z_stride) {
      let values = logits(start, quad);
      if (QUADS_PER_LANE <= 4u) { held[i] = values; }
      // By bits: comparisons with NaN cannot be relied upon on real devices.
      if (any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu))) { fault = 1u; }
      let next = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
      let e = exp(below(values, next));
      sum = sum * exp(below(vec4f(maximum), next).x)
          + dot(select(vec4f(0.0), e, columns_of(quad) < vec4u(parameters.columns)), vec4f(1.0));
      maximum = next;
    }
  }
  maxima[thread] = maximum;
  sums[thread] = sum;
  faults[thread] = fault;
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    // The pairs of the level below are written before they are read.
    workgroupBarrier();
    if (local.x < width) {
      let m1 = maxima[thread];
      let m2 = maxima[thread + width];
      let m = max(m1, m2);
      let scale = exp(below(vec4f(m1, m2, m, m), m));
      sums[thread] = sums[thread] * scale.x + sums[thread + width] * scale.y;
      maxima[thread] = m;
      faults[thread] |= faults[thread + width];
    }
  }
  // Lane 0's pair is complete before the other lanes read it.
  workgroupBarrier();
  maximum = maxima[first];
  sum = sums[first];
  fault = faults[first];

  // Σ t · (m − z) and T = Σ t.
  var distance = 0.0;
  var total = 0.0;
  if (ONE_HOT) {
    let class_of_row = u32(clamp(label, 0i, i32(parameters.columns) - 1i));
    total = 1.0;
    if (HAS_CLASS_WEIGHT) {
      total = class_weight[parameters.class_weight_offset + (class_of_row >> 2u)][class_of_row & 3u];
    }
    distance = total * gap(logits(start, class_of_row >> 2u), maximum)[class_of_row & 3u];
  } else {
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + local.x;
      if (quad < parameters.z_stride) {
        var values: vec4f;
        if (QUADS_PER_LANE <= 4u) { values = held[i]; } else { values = logits(start, quad); }
        let t = target_weights(row, label, quad);
        distance += dot(t, gap(values, maximum));
        total += dot(t, vec4f(1.0));
      }
    }
    // Every lane has its copy of the pair before the arrays are used again.
    workgroupBarrier();
    maxima[thread] = distance;
    sums[thread] = total;
    for (var width = LANES / 2u; width > 0u; width /= 2u) {
      // The sums of the level below are written before they are read.
      workgroupBarrier();
      if (local.x < width) {
        maxima[thread] += maxima[thread + width];
        sums[thread] += sums[thread + width];
      }
    }
    // Lane 0's sums are complete before the other lanes read them.
    workgroupBarrier();
    distance = maxima[first];
    total = sums[first];
  }
  if (wanted >= parameters.rows) { return; }

  let broken = counts && fault != 0u;
  if (local.x == 0u) {
    let value = select(0.0, weight * (total * log(sum) + distance), counts);
    loss[parameters.loss_offset + row] = bitcast<f32>(select(bitcast<u32>(value), parameters.not_a_number, broken));
    // The padding of the last quad is written as zero: the losses are added up by quads.
    if (row == parameters.rows - 1u) {
      for (var i = parameters.rows; i < (parameters.rows + 3u) / 4u * 4u; i++) { loss[parameters.loss_offset + i] = 0.0; }
    }
  }
  if (!WRITE_GRADIENT) { return; }
  var factor = parameters.scale * weight;
  if (HAS_DENOMINATOR) {
    var divisor = 0.0;
    for (var part = 0u; part < parameters.denominator_parts; part++) {
      divisor += denominator[parameters.denominator_offset + part * parameters.denominator_stride].x;
    }
    if (divisor == 0.0) { factor = 0.0; } else { factor /= divisor; }
  }
  let to = parameters.d_offset + row * parameters.d_stride;
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.d_stride) {
      var values: vec4f;
      if (QUADS_PER_LANE <= 4u) { values = held[i]; } else { values = logits(start, quad); }
      let probability = exp(below(values, maximum)) / sum;
      let gradient = factor * (total * probability - target_weights(row, label, quad));
      let inside = columns_of(quad) < vec4u(parameters.columns);
      let written = select(vec4f(0.0), gradient, inside & vec4<bool>(counts));
      d_logits[to + quad] = bitcast<vec4f>(
        select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), inside & vec4<bool>(broken)));
    }
  }
}
