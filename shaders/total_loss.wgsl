// out[0] = scale · Σ losses / Σ denominators: NaN when any loss is not finite, and 0 when the denominators add up to 0, since a
// mean over no rows is no fault of the rows. One workgroup does it all; MERGE reads (sum, sum of squares, maximum, faults) of
// parts of many losses instead of the losses.

// Threads of the workgroup, a power of two.
override THREADS: u32;
override MERGE: bool;
override HAS_DENOMINATOR: bool;

struct Parameters {
  quads: u32,              // of losses, or parts
  losses_offset: u32,      // quads
  denominator_offset: u32, // quads to the first part
  denominator_stride: u32, // quads from part to part
  denominator_parts: u32,  // their first values add up
  out_offset: u32,         // quads
  not_a_number: u32,       // the bits of NaN, which WGSL cannot spell
  scale: f32,
}

@group(0) @binding(0) var<storage, read> losses: array<vec4f>;
@group(0) @binding(1) var<storage, read> denominator: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4u>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

// (Σ, faults) of each thread.
var<workgroup> sums: array<vec2f, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  if (workgroup.x > 0u || workgroup.y > 0u) { return; }
  var sum = vec2f(0.0);
  for (var quad = thread; quad < parameters.quads; quad += THREADS) {
    let values = losses[parameters.losses_offset + quad];
    if (MERGE) {
      sum += values.xw;
    } else {
      // By bits: comparisons with NaN cannot be relied upon on real devices.
      let finite = (bitcast<vec4u>(values) & vec4u(0x7fffffffu)) <= vec4u(0x7f7fffffu);
      sum += vec2f(dot(select(vec4f(0.0), values, finite), vec4f(1.0)),
                   dot(select(vec4f(1.0), vec4f(0.0), finite), vec4f(1.0)));
    }
  }
  sums[thread] = sum;
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    // The sums of the level below are written before they are read.
    workgroupBarrier();
    if (thread < width) { sums[thread] += sums[thread + width]; }
  }
  if (thread > 0u) { return; }
  var value = parameters.scale * sums[0].x;
  if (HAS_DENOMINATOR) {
    var divisor = 0.0;
    for (var part = 0u; part < parameters.denominator_parts; part++) {
      divisor += denominator[parameters.denominator_offset + part * parameters.denominator_stride].x;
    }
    if (divisor != 0.0) { value /= divisor; } else { value = 0.0; }
  }
  let bits = select(bitcast<u32>(value), parameters.not_a_number, sums[0].y > 0.0);
  // The padding of the quad is zero.
  out[parameters.out_offset] = vec4u(bits, 0u, 0u, 0u);
}
