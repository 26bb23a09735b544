// ℓ[i] = r[i] · loss(z[i], t[i])        dZ[i,j] = c · r[i] · ∂loss/∂z[i,j]
// for the losses in score_loss/terms.wgsl: squared, brier, absolute, margin; r row weights, c = scale, divided by the sum of
// `denominator` where there is one. A row whose label is `ignored`, or whose weight is 0, counts for nothing whatever it
// holds. A row with a label that is no class, with a score or weight that is not finite, or with a loss beyond float32
// gets NaN. Where the denominators add up to 0 no row counts, and the gradient is 0.

override HAS_DENOMINATOR: bool;
// Write dZ as well as the loss.
override WRITE_GRADIENT: bool;

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(3) var<storage, read> denominator: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;
@group(0) @binding(5) var<storage, read_write> d_logits: array<vec4f>;
@group(0) @binding(6) var<uniform> parameters: Parameters;

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let wanted = (workgroup.y * launched.x + workgroup.x) * ROWS_PER_GROUP + local.y;
  let row = row_at(wanted);
  let found = survey(row, local.x, thread);
  let all = added_up(row, found, local.x, thread);
  if (wanted >= parameters.rows) { return; }
  if (local.x == 0u) {
    let value = select(0.0, row.weight * all[0].x, row.counts);
    loss[parameters.out_offset + wanted] =
      bitcast<f32>(select(bitcast<u32>(value), parameters.not_a_number, is_broken(row, all)));
    // The padding of the last quad is written as zero: the losses are added up by quads.
    if (wanted == parameters.rows - 1u) {
      for (var i = parameters.rows; i < (parameters.rows + 3u) / 4u * 4u; i++) { loss[parameters.out_offset + i] = 0.0; }
    }
  }
  if (!WRITE_GRADIENT) { return; }
  var factor = parameters.scale;
  if (HAS_DENOMINATOR) {
    var divisor = 0.0;
    for (var part = 0u; part < parameters.denominator_parts; part++) {
      divisor += denominator[parameters.denominator_offset + part * parameters.denominator_stride].x;
    }
    if (divisor == 0.0) { factor = 0.0; } else { factor /= divisor; }
  }
  for (var i = 0u; i < QUADS_PER_LANE; i++) {
    let quad = i * LANES + local.x;
    if (quad < parameters.d_stride) {
      d_logits[parameters.d_offset + wanted * parameters.d_stride + quad] = gradient_of(row, found, all, quad, factor);
    }
  }
}
