// Z ← Z + t·D, and there the gradient and the losses of cross-entropy, in one walk over the logits:
// ℓ[i] = r[i] · Σ_j t[i,j] · (logsumexp(z[i]) − z[i,j])        dZ[i,j] = c · r[i] · (T[i] · p[i,j] − t[i,j]),  T = Σ_j t
// t[i,j], T, r, ε and the treatment of ignored rows are those of cross_entropy.wgsl. Nothing is done when the solver has
// stopped or its line search goes on.
//
// Workgroups walk the rows with a fixed stride and leave one (Σ ℓ, 0, 0, faults) each, to be added up by who reads them. A row
// that counts and has a label that is no class, or a logit, weight or loss that is not finite, is a fault; its gradient is NaN.

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
  class_weight_offset: u32, // quads
  state_offset: u32,   // quads
  out_offset: u32,     // quads
  groups: u32,         // groups of ROWS_PER_GROUP rows
  slices: u32,         // workgroups that share the rows
  accumulate: u32,     // 1: add to what `partials` hold
  ignored: i32,        // label of rows to leave out
  not_a_number: u32,   // the bits of NaN, which WGSL cannot spell
  smoothing: f32,      // ε
  scale: f32,          // c
}

@group(0) @binding(0) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(1) var<storage, read> direction: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<vec4u>;
@group(0) @binding(3) var<storage, read> class_weight: array<vec4f>;
@group(0) @binding(4) var<storage, read> row_weight: array<f32>;
// The first quad is (running, step, trials, taken).
@group(0) @binding(5) var<storage, read> state: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> d_logits: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(8) var<uniform> parameters: Parameters;

var<workgroup> maxima: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> sums: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> faults: array<u32, LANES * ROWS_PER_GROUP>;

fn logits(start: u32, quad: u32) -> vec4f {
  return select(vec4f(LOWEST), z[start + quad], columns_of(quad) < vec4u(parameters.columns));
}

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices) { return; }
  let now = state[parameters.state_offset];
  if (now.x == 0.0 || now.z > 0.0) { return; }
  let first = local.y * LANES;
  var held: array<vec4f, 4>;
  // Σ ℓ and faults of this thread's rows.
  var result = vec2f(0.0);

  for (var group = id; group < parameters.groups; group += parameters.slices) {
    let row = group * ROWS_PER_GROUP + local.y;
    // Threads beyond the last row go along, since all must meet at the barriers, and neither read nor write.
    let exists = row < parameters.rows;
    let start = parameters.z_offset + row * parameters.z_stride;
    var label = 0i;
    var weight = 1.0;
    var counts = exists;
    var fault = 0u;
    if (!SOFT && exists) {
      let index = parameters.target_offset + row;
      label = bitcast<i32>(targets[index >> 2u][index & 3u]);
      if (label == parameters.ignored) { counts = false; }
      else if (label < 0 || label >= i32(parameters.columns)) { fault = 1u; }
    }
    if (HAS_ROW_WEIGHT && exists) {
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
      if (exists && quad < parameters.z_stride) {
        var moved = z[start + quad];
        if (now.y != 0.0) {
          moved += now.y * direction[parameters.direction_offset + row * parameters.direction_stride + quad];
          z[start + quad] = moved;
        }
        let inside = columns_of(quad) < vec4u(parameters.columns);
        let values = select(vec4f(LOWEST), moved, inside);
        if (QUADS_PER_LANE <= 4u) { held[i] = values; }
        if (any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu))) { fault = 1u; }
        let next = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
        let e = exp(below(values, next));
        sum = sum * exp(below(vec4f(maximum), next).x) + dot(select(vec4f(0.0), e, inside), vec4f(1.0));
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
    // Every lane has its copy before the arrays are used again.
    workgroupBarrier();

    // Σ t · (m − z) and T = Σ t.
    var distance = 0.0;
    var total = 0.0;
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + local.x;
      if (exists && quad < parameters.z_stride) {
        var values: vec4f;
        if (QUADS_PER_LANE <= 4u) { values = held[i]; } else { values = logits(start, quad); }
        let t = target_weights(row, label, quad);
        distance += dot(t, gap(values, maximum));
        total += dot(t, vec4f(1.0));
      }
    }
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

    let broken = counts && fault != 0u;
    if (local.x == 0u && counts) {
      let loss = weight * (total * log(sum) + distance);
      if (broken || !finite(loss)) { result.y += 1.0; } else { result.x += loss; }
    }
    let factor = parameters.scale * weight;
    let to = parameters.d_offset + row * parameters.d_stride;
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + local.x;
      if (exists && quad < parameters.d_stride) {
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
    // Every lane has read the sums before the next rows' pairs take their place.
    workgroupBarrier();
  }

  maxima[thread] = result.x;
  sums[thread] = result.y;
  // All rows' results are written before thread 0 adds them up.
  workgroupBarrier();
  if (thread != 0u) { return; }
  var total = vec4f(0.0);
  for (var r = 0u; r < ROWS_PER_GROUP; r++) {
    total += vec4f(maxima[r * LANES], 0.0, 0.0, sums[r * LANES]);
  }
  if (parameters.accumulate == 1u) { total += partials[parameters.out_offset + id]; }
  partials[parameters.out_offset + id] = total;
}
