// small_batch_steps: θ and what is remembered of it, where lanes find it side by side; and how a step moves it.

// 1 / (1 − eˡ) for l = t · ln β < 0: near 0 by the series of eˡ − 1, where the difference would cancel.
fn correction(l: f32) -> f32 {
  let series = l * (1.0 + l / 2.0 * (1.0 + l / 3.0 * (1.0 + l / 4.0 * (1.0 + l / 5.0 * (1.0 + l / 6.0 * (1.0 + l / 7.0 * (1.0 + l / 8.0)))))));
  return -1.0 / select(exp(max(l, -80.0)) - 1.0, series, l > -0.5);
}

// What is the same for all weights in a step: the sums of its rows, the rates of the rule, and θ's share in θ̄, 0 while there is none.
struct Change { total: vec4f, rates: Rates, share: f32 }

fn change_of(step: u32, total: vec4f) -> Change {
  let of_rates = min(step, RATES - 1u);
  let rate = parameters.rates[of_rates / 4u][of_rates % 4u];
  var rates = Rates(rate, parameters.momentum, parameters.beta1, parameters.beta2, parameters.rest1, parameters.rest2,
                    1.0, 1.0, parameters.epsilon, parameters.l2, rate * parameters.weight_decay, 0.0);
  let number = parameters.number + step;
  if (RULE == ADAM) {
    rates.correction1 = correction(f32(number) * parameters.log1);
    rates.correction2 = correction(f32(number) * parameters.log2);
  }
  var share = 0.0;
  if (AVERAGED && number >= parameters.average_first) {
    let averaged = number - parameters.average_first + 1u;
    // Whatever a device makes of 1 / 1: the first mean is θ itself.
    if (averaged == 1u) { share = 1.0; } else { share = 1.0 / f32(averaged); }
  }
  return Change(total, rates, share);
}

// Moves the weights of one feature and a quad of classes by the sum of their gradients.
fn move_weights(quad: u32, feature: u32, class_quad: u32, sum: vec4f, change: Change) {
  let row = quad * 4u + feature;
  if (row >= parameters.theta_rows || class_quad >= CLASS_QUADS) { return; }
  let at = parameters.packed_offset + (feature * CLASS_QUADS + class_quad) * parameters.quads + quad;
  let section = 4u * CLASS_QUADS * parameters.quads;
  let empty = change.total.y == 0.0 && change.total.w == 0.0;
  // Padding stays zero, also where what is beside it is not finite.
  let gradient = select(vec4f(0.0), sum / change.total.y, is_class(class_quad) & vec4<bool>(!empty));
  var first = vec4f(0.0);
  var second = vec4f(0.0);
  if (RULE != PLAIN_SGD) { first = packed[at + section]; }
  if (RULE == ADAM) { second = packed[at + 2u * section]; }
  let moved = moved_by(change.rates, row < parameters.penalised, packed[at], first, second, gradient);
  packed[at] = moved.weight;
  if (RULE != PLAIN_SGD) { packed[at + section] = moved.first; }
  if (RULE == ADAM) { packed[at + 2u * section] = moved.second; }
  if (AVERAGED && change.share > 0.0) {
    let of_average = at + (MOMENTS + 1u) * section;
    var average = change.share * moved.weight;
    // The first forgets what was there, whatever it was.
    if (change.share < 1.0) { average += (1.0 - change.share) * packed[of_average]; }
    packed[of_average] = average;
  }
}

fn move_all(quad: u32, class_quad: u32, sums: mat4x4f, change: Change) {
  move_weights(quad, 0u, class_quad, sums[0], change);
  move_weights(quad, 1u, class_quad, sums[1], change);
  move_weights(quad, 2u, class_quad, sums[2], change);
  move_weights(quad, 3u, class_quad, sums[3], change);
}

// Brings θ and the moments into `packed`, or back to where they live.
fn repack(thread: u32, returning: bool) {
  let section = 4u * CLASS_QUADS * parameters.quads;
  let moment_step = parameters.theta_rows * CLASS_QUADS;
  let kept = MOMENTS + u32(AVERAGED);
  for (var i = 0u; i < MOST_STEPS; i++) {
    let item = i * THREADS + thread;
    if (item >= section) { break; }
    let place = item / parameters.quads;
    let row = item % parameters.quads * 4u + place / CLASS_QUADS;
    let natural = row * CLASS_QUADS + place % CLASS_QUADS;
    let at = parameters.packed_offset + item;
    let moment = parameters.moment_offset + natural;
    if (row < parameters.theta_rows) {
      if (returning) {
        theta[parameters.theta_offset + natural] = packed[at];
        for (var m = 0u; m < kept; m++) { moments[moment + m * moment_step] = packed[at + (m + 1u) * section]; }
      } else {
        packed[at] = theta[parameters.theta_offset + natural];
        for (var m = 0u; m < kept; m++) { packed[at + (m + 1u) * section] = moments[moment + m * moment_step]; }
      }
    } else if (!returning) {
      packed[at] = vec4f(0.0);
    }
  }
}
