// score_loss, score_loss_step: scores as they stand.

fn scores(row: u32, quad: u32) -> vec4f {
  return z[parameters.z_offset + row * parameters.z_stride + quad];
}

// There is no line here.
fn slopes(row: u32, quad: u32) -> vec4f {
  return vec4f(0.0);
}
