// How all kernels of a matrix product write C.

fn write_quad(split: u32, row: u32, quad: u32, sum: vec4f) {
  if (row >= parameters.rows || quad * 4u >= parameters.columns) { return; }
  let at = parameters.c_offset + split * parameters.split_stride + row * parameters.c_stride + quad;
  var value = parameters.alpha * sum;
  if (parameters.has_bias == 1u && split == 0u) { value += bias[parameters.bias_offset + quad]; }
  if (parameters.accumulate == 1u) { value += c[at]; }
  c[at] = select(vec4f(0.0), value, vec4u(quad * 4u) + FOUR < vec4u(parameters.columns));
}
