// How far a maximum lies above a value, as a loss counts it.

const HIGHEST = 0x1.fffffep+127f;

// m − z for z ≤ m, at most the highest float.
fn gap(values: vec4f, maximum: f32) -> vec4f {
  return 2.0 * min(0.5 * maximum - 0.5 * values, vec4f(0.5 * HIGHEST));
}
