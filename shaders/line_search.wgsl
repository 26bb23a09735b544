// φ(t) = Σ_i r[i] ℓ(z[i] + t·d[i]) for cross-entropy, with its first and second derivative along d:
//   φ′ = Σ r (T·Σ_j p d − Σ_j t d)      φ″ = Σ r T (Σ_j p d² − (Σ_j p d)²)      p = softmax(z + t·d)
// Logits are linear in the step, so a trial step costs no product with X: Z and the direction's logits D are enough.
//
// Several trial steps in one launch: neighbouring workgroups take the same rows at different steps, and a step's workgroups
// walk the rows with a fixed stride and leave one (φ, φ′, φ″, faults) each, to be added up by who reads them.
// t[i,j], T, r, ε and the treatment of ignored rows are those of cross_entropy.wgsl. A row that counts and has a label that
// is no class, or a moved logit or weight that is not finite, is a fault and left out.

// Trial steps in a launch, at most: a power of two up to 8.
override TRIALS: u32;

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32,       // quads to the first row
  z_stride: u32,       // quads from row to row
  d_offset: u32,
  d_stride: u32,
  target_offset: u32,  // SOFT: quads to the first row of the targets; else the index of the first label
  target_stride: u32,
  weight_offset: u32,  // index of the first row weight
  groups: u32,         // groups of ROWS_PER_GROUP rows
  slices: u32,         // workgroups that share the rows at each step
  out_offset: u32,     // quads
  ignored: i32,        // label of rows to leave out
  smoothing: f32,      // ε
  class_weight_offset: u32, // quads
  state_offset: u32,   // quads
  accumulate: u32,     // 1: add to what `partials` hold
}

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read> direction: array<vec4f>;
@group(0) @binding(2) var<storage, read> targets: array<vec4u>;
@group(0) @binding(3) var<storage, read> class_weight: array<vec4f>;
@group(0) @binding(4) var<storage, read> row_weight: array<f32>;
// The first quad is (running, step, trials, taken), the sixth begins the trial steps.
@group(0) @binding(5) var<storage, read> state: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

var<workgroup> pairs: array<vec2f, LANES * ROWS_PER_GROUP>;
var<workgroup> moments: array<vec4f, LANES * ROWS_PER_GROUP>;
var<workgroup> distances: array<f32, LANES * ROWS_PER_GROUP>;
// Whether any lane of a row met what cannot be right.
var<workgroup> faults: array<u32, LANES * ROWS_PER_GROUP>;

// z + t·d; the lowest float beyond the last class.
fn moved(row: u32, quad: u32, step: f32) -> vec4f {
  let value = z[parameters.z_offset + row * parameters.z_stride + quad]
            + step * direction[parameters.d_offset + row * parameters.d_stride + quad];
  return select(vec4f(LOWEST), value, columns_of(quad) < vec4u(parameters.columns));
}

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices * TRIALS) { return; }
  let trial = id % TRIALS;
  let step = state[parameters.state_offset + 5u + trial / 4u][trial % 4u];
  // A step that nobody wants has no rows.
  let groups = select(0u, parameters.groups, f32(trial) < state[parameters.state_offset].z);
  let first = local.y * LANES;
  var result = vec4f(0.0);

  for (var group = id / TRIALS; group < groups; group += parameters.slices) {
    let wanted = group * ROWS_PER_GROUP + local.y;
    // Threads beyond the last row go along, since all must meet at the barriers, and count for nothing.
    let row = min(wanted, parameters.rows - 1u);
    var label = 0i;
    var weight = 1.0;
    var counts = wanted < parameters.rows;
    var fault = false;
    if (!SOFT) {
      let index = parameters.target_offset + row;
      label = bitcast<i32>(targets[index >> 2u][index & 3u]);
      if (label == parameters.ignored) { counts = false; }
      else if (label < 0 || label >= i32(parameters.columns)) { fault = true; }
    }
    if (HAS_ROW_WEIGHT) {
      weight = row_weight[parameters.weight_offset + row];
      let size = bitcast<u32>(weight) & 0x7fffffffu;
      counts = counts && size != 0u;
      fault = fault || size > 0x7f7fffffu;
    }

    var maximum = LOWEST;
    var sum = 0.0;
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + local.x;
      if (quad < parameters.z_stride) {
        let values = moved(row, quad, step);
        // By bits: comparisons with NaN cannot be relied upon on real devices.
        fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
        let next = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
        let e = exp(below(values, next));
        sum = sum * exp(below(vec4f(maximum), next).x)
            + dot(select(vec4f(0.0), e, columns_of(quad) < vec4u(parameters.columns)), vec4f(1.0));
        maximum = next;
      }
    }
    faults[thread] = u32(fault);
    pairs[thread] = vec2f(maximum, sum);
    for (var width = LANES / 2u; width > 0u; width /= 2u) {
      // The pairs of the level below are written before they are read.
      workgroupBarrier();
      if (local.x < width) {
        let one = pairs[thread];
        let other = pairs[thread + width];
        let m = max(one.x, other.x);
        let scale = exp(below(vec4f(one.x, other.x, m, m), m));
        pairs[thread] = vec2f(m, one.y * scale.x + other.y * scale.y);
        faults[thread] |= faults[thread + width];
      }
    }
    // Lane 0's pair is complete before the other lanes read it.
    workgroupBarrier();
    maximum = pairs[first].x;
    sum = pairs[first].y;

    // (Σ e d, Σ e d², Σ t d, T) and Σ t (m − z)
    var moment = vec4f(0.0);
    var distance = 0.0;
    for (var i = 0u; i < QUADS_PER_LANE; i++) {
      let quad = i * LANES + local.x;
      if (quad < parameters.z_stride) {
        let values = moved(row, quad, step);
        let inside = columns_of(quad) < vec4u(parameters.columns);
        let e = select(vec4f(0.0), exp(below(values, maximum)), inside);
        let d = select(vec4f(0.0), direction[parameters.d_offset + row * parameters.d_stride + quad], inside);
        let t = target_weights(row, label, quad);
        moment += vec4f(dot(e, d), dot(e * d, d), dot(t, d), dot(t, vec4f(1.0)));
        distance += dot(t, gap(values, maximum));
      }
    }
    moments[thread] = moment;
    distances[thread] = distance;
    for (var width = LANES / 2u; width > 0u; width /= 2u) {
      // The sums of the level below are written before they are read.
      workgroupBarrier();
      if (local.x < width) {
        moments[thread] += moments[thread + width];
        distances[thread] += distances[thread + width];
      }
    }
    if (local.x == 0u && counts) {
      moment = moments[thread];
      let mean = moment.x / sum;
      let variance = max(0.0, moment.y / sum - mean * mean);
      if (faults[thread] != 0u) {
        result.w += 1.0;
      } else {
        result += weight * vec4f(moment.w * log(sum) + distances[thread], moment.w * mean - moment.z, moment.w * variance, 0.0);
      }
    }
    // Nobody writes the next rows' pairs and sums while lane 0 still reads these.
    workgroupBarrier();
  }

  moments[thread] = result;
  // All rows' results are written before thread 0 adds them up.
  workgroupBarrier();
  if (thread != 0u) { return; }
  var total = vec4f(0.0);
  for (var r = 0u; r < ROWS_PER_GROUP; r++) {
    total += moments[r * LANES];
  }
  if (parameters.accumulate == 1u) { total += partials[parameters.out_offset + id]; }
  partials[parameters.out_offset + id] = total;
}
