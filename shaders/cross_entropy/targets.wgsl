// cross_entropy_step, line_search: what a row is trained towards, t[i,j] = w[j] · ((1 − ε) · q[i,j] + ε / k).

// Targets are rows of probabilities, not labels.
override SOFT: bool;
override HAS_CLASS_WEIGHT: bool;
override HAS_ROW_WEIGHT: bool;

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  let column = columns_of(quad);
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(column) == vec4i(label));
  }
  var t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.columns);
  if (HAS_CLASS_WEIGHT) { t *= class_weight[parameters.class_weight_offset + quad]; }
  return select(vec4f(0.0), t, column < vec4u(parameters.columns));
}
