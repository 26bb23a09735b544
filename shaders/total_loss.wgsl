// out[0] = sum / denominator from the summary (sum, sum of squares, maximum, faults) of the rows' losses:
// NaN when any row's loss is not finite, 0 when the denominator is 0, since a mean over no rows is no fault of the rows.

override HAS_DENOMINATOR: bool;

struct Parameters {
  summary_offset: u32,     // quads
  denominator_offset: u32, // quads
  out_offset: u32,         // quads
  not_a_number: u32,       // the bits of NaN, which WGSL cannot spell
}

@group(0) @binding(0) var<storage, read> summary: array<vec4f>;
@group(0) @binding(1) var<storage, read> denominator: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4u>;
@group(0) @binding(3) var<uniform> parameters: Parameters;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) workgroup: vec3u) {
  if (workgroup.x > 0u) { return; }
  let losses = summary[parameters.summary_offset];
  var value = losses.x;
  if (HAS_DENOMINATOR) {
    let divisor = denominator[parameters.denominator_offset].x;
    value = 0.0;
    if (divisor != 0.0) { value = losses.x / divisor; }
  }
  let bits = select(bitcast<u32>(value), parameters.not_a_number, losses.w > 0.0);
  // The padding of the quad is zero.
  out[parameters.out_offset] = vec4u(bits, 0u, 0u, 0u);
}
