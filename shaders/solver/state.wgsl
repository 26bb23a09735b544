// choose_step, judge_point, two_loop: the scalars of a solver. src/ops/solver-state.ts says what each is.

struct State {
  running: f32,
  step: f32,
  trials: f32,
  taken: f32,
  status: f32,
  iteration: f32,
  fresh: f32,
  pairs: f32,
  failed: f32,
  slope: f32,
  low: f32,
  high: f32,
  best_step: f32,
  best_slope: f32,
  launches: f32,
  since: f32,
  least_loss: f32,
  least_gradient: f32,
  fit: f32,
  slot: f32,
  steps: array<f32, 8>,
}

@group(0) @binding(2) var<storage, read_write> states: array<State>;
