// Z ← Z + t·D, and there the gradient and the sum of the losses in score_loss/terms.wgsl:
// Σ_i r[i] · loss(z[i])        dZ[i,j] = c · r[i] · ∂loss/∂z[i,j]
// Nothing is done when the solver has stopped or its line search goes on.
//
// Workgroups walk the rows with a fixed stride and leave one (Σ ℓ, 0, 0, faults) each, to be added up by who reads them. A row
// that counts and has a label that is no class, a score or weight that is not finite, or a loss beyond float32, is a fault;
// its gradient is NaN.

@group(0) @binding(0) var<storage, read_write> z: array<vec4f>;
@group(0) @binding(3) var<storage, read> direction: array<vec4f>;
// The first quad is (running, step, trials, taken).
@group(0) @binding(4) var<storage, read> state: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> d_logits: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(7) var<uniform> parameters: Parameters;

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices) { return; }
  let now = state[parameters.state_offset];
  if (now.x == 0.0 || now.z > 0.0) { return; }
  // Σ ℓ and faults of this thread's rows.
  var result = vec2f(0.0);
  for (var group = id; group < parameters.groups; group += parameters.slices) {
    let wanted = group * ROWS_PER_GROUP + local.y;
    if (now.y != 0.0 && wanted < parameters.rows) {
      for (var i = 0u; i < QUADS_PER_LANE; i++) {
        let quad = i * LANES + local.x;
        if (quad < parameters.z_stride) {
          z[parameters.z_offset + wanted * parameters.z_stride + quad] +=
            now.y * direction[parameters.direction_offset + wanted * parameters.direction_stride + quad];
        }
      }
    }
    // A row's scores are moved before its other lanes read them.
    storageBarrier();
    let row = row_at(wanted);
    let found = survey(row, local.x, thread);
    let all = added_up(row, found, local.x, thread);
    if (local.x == 0u && row.counts) {
      if (is_broken(row, all)) { result.y += 1.0; } else { result.x += row.weight * all[0].x; }
    }
    if (wanted < parameters.rows) {
      for (var i = 0u; i < QUADS_PER_LANE; i++) {
        let quad = i * LANES + local.x;
        if (quad < parameters.d_stride) {
          d_logits[parameters.d_offset + wanted * parameters.d_stride + quad] =
            gradient_of(row, found, all, quad, parameters.scale);
        }
      }
    }
  }
  shares[thread][0] = vec4f(result.x, 0.0, 0.0, result.y);
  // All rows' results are written before thread 0 adds them up.
  workgroupBarrier();
  if (thread != 0u) { return; }
  var total = vec4f(0.0);
  for (var r = 0u; r < ROWS_PER_GROUP; r++) { total += shares[r * LANES][0]; }
  if (parameters.accumulate == 1u) { total += partials[parameters.out_offset + id]; }
  partials[parameters.out_offset + id] = total;
}
