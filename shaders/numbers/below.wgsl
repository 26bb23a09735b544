// How far a value lies below another, as what exp may be given.

// Most negative finite number: WGSL promises nothing about infinities.
const LOWEST = -0x1.fffffep+127f;

// z − m for z ≤ m, at least −128: halved first, so that the difference of two huge numbers stays finite. exp(−128) is 0.
fn below(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * max(0.5 * values - 0.5 * maximum, vec4f(-64.0));
}
