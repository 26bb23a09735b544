// φ(t) = Σ_i r[i] · loss(z[i] + t·d[i]) with φ′ and φ″, for the losses in score_loss/terms.wgsl, at several trial steps in one launch.
// With p = softmax, δ = d − Σ p d:   φ′ = Σ p h δ,   φ″ = Σ p h δ² − Σ p δ² · Σ p h, and 2 Σ (p δ)² more for brier.
//
// Neighbouring workgroups take the same rows at different steps, and a step's workgroups walk the rows with a fixed stride and
// leave one (φ, φ′, φ″, faults) each, to be added up by who reads them. A row that counts and has a label that is no class, a
// moved score or weight that is not finite, or a loss beyond float32, is a fault and left out.

// Trial steps in a launch, at most: a power of two up to 8.
override TRIALS: u32;

@group(0) @binding(0) var<storage, read> z: array<vec4f>;
@group(0) @binding(3) var<storage, read> direction: array<vec4f>;
// The first quad is (running, step, trials, taken), the sixth begins the trial steps.
@group(0) @binding(4) var<storage, read> state: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(6) var<uniform> parameters: Parameters;

var<private> step_here: f32;

fn slopes(row: u32, quad: u32) -> vec4f {
  return direction[parameters.direction_offset + row * parameters.direction_stride + quad];
}

fn scores(row: u32, quad: u32) -> vec4f {
  return z[parameters.z_offset + row * parameters.z_stride + quad] + step_here * slopes(row, quad);
}

@compute @workgroup_size(LANES, ROWS_PER_GROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) launched: vec3u,
        @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let id = workgroup.y * launched.x + workgroup.x;
  if (id >= parameters.slices * TRIALS) { return; }
  let trial = id % TRIALS;
  step_here = state[parameters.state_offset + 5u + trial / 4u][trial % 4u];
  // A step that nobody wants has no rows.
  let groups = select(0u, parameters.groups, f32(trial) < state[parameters.state_offset].z);
  var result = vec4f(0.0);
  for (var group = id / TRIALS; group < groups; group += parameters.slices) {
    let row = row_at(group * ROWS_PER_GROUP + local.y);
    let found = survey(row, local.x, thread);
    let all = added_up(row, found, local.x, thread);
    if (local.x == 0u && row.counts) {
      if (is_broken(row, all)) { result.w += 1.0; }
      else { result += row.weight * vec4f(all[0].xy, all[0].z - all[0].w * all[1].x, 0.0); }
    }
  }
  shares[thread][0] = result;
  // All rows' results are written before thread 0 adds them up.
  workgroupBarrier();
  if (thread != 0u) { return; }
  var total = vec4f(0.0);
  for (var r = 0u; r < ROWS_PER_GROUP; r++) { total += shares[r * LANES][0]; }
  if (parameters.accumulate == 1u) { total += partials[parameters.out_offset + id]; }
  partials[parameters.out_offset + id] = total;
}
