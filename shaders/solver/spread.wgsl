// Where the trial steps of a launch lie, as multiples of the most promising one.
fn spread(trial: u32) -> f32 {
  let powers = array<f32, 8>(1.0, 2.0, 0.5, 4.0, 0.25, 8.0, 16.0, 32.0);
  return powers[trial];
}
