// P[i,j] = exp(z[i,j] − m[i]) / Σ_j exp(z[i,j] − m[i]),  m[i] = max_j z[i,j];  with LOG: z[i,j] − m[i] − log Σ_j exp(…)
//
// LANES threads share a row. Maximum and sum are found together in one read (Milakov & Gimelshein 2018, "Online
// normalizer calculation for softmax"): each lane keeps a running pair (m, s), pairs are merged in a fixed tree.
// Up to four quads a lane stay in registers, so rows of 4,096 values are read once; longer rows are read twice.
// A row with a logit that is not finite becomes NaN throughout: wrong numbers must not look healthy.

// Write logarithms.
override LOG: bool;

struct Parameters {
  rows: u32,
  columns: u32,
  z_offset: u32, // quads to the first row of Z
  z_stride: u32, // quads from row to row
  p_offset: u32,
  p_stride: u32,
  not_a_number: u32, // the bits of NaN, which WGSL cannot spell
}

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

var<workgroup> maxima: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> sums: array<f32, LANES * ROWS_PER_GROUP>;
var<workgroup> faults: array<u32, LANES * ROWS_PER_GROUP>;

fn inside(quad: u32) -> vec4<bool> {
  return vec4u(quad * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(parameters.columns);
}

fn padded(quad: u32, values: vec4f) -> vec4f {
  return select(vec4f(LOWEST), values, inside(quad));
}

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let wanted = (workgroup.y * launched.x + workgroup.x) * ROWS_PER_GROUP + local.y;
  // Threads beyond the last row go along, since all must meet at the barriers, and write nothing.
  let row = min(wanted, parameters.rows - 1u);
  let start = parameters.z_offset + row * parameters.z_stride;
  var held: array<vec4f, 4>;

  var maximum = LOWEST;
  var sum = 0.0;
  var fault = 0u;
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.z_stride) {
      let values = padded(quad, z[start + quad]);
      if (QUADS_PER_LANE <= 4u) { held[i] = values; }
      // By bits: comparisons with NaN cannot be relied upon on real devices.
      if (any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu))) { fault = 1u; }
      let next = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
      let e = exp(below(values, next));
      sum = sum * exp(below(vec4f(maximum), next).x) + dot(select(vec4f(0.0), e, inside(quad)), vec4f(1.0));
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
  let first = local.y * LANES;
  maximum = maxima[first];
  sum = sums[first];
  fault = faults[first];
  if (wanted >= parameters.rows) { return; }

  let to = parameters.p_offset + row * parameters.p_stride;
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.p_stride) {
      var values: vec4f;
      if (QUADS_PER_LANE <= 4u) { values = held[i]; } else { values = padded(quad, z[start + quad]); }
      var result: vec4f;
      if (LOG) {
        // Doubled last and clamped before, so that the answer for a hopeless class is the lowest float, not −∞.
        result = 2.0 * max(0.5 * values - 0.5 * maximum - 0.5 * log(sum), vec4f(0.5 * LOWEST));
      } else {
        result = exp(below(values, maximum)) / sum;
      }
      let bits = select(bitcast<vec4u>(result), vec4u(parameters.not_a_number), vec4<bool>(fault != 0u));
      p[to + quad] = bitcast<vec4f>(select(vec4u(0u), bits, inside(quad)));
    }
  }
}
