// small_batch_steps: from the logits of a row to its loss and dz, and the sum over the batch.

fn is_class(quad: u32) -> vec4<bool> { return vec4u(quad * 4u) + FOUR < vec4u(parameters.classes); }

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(vec4u(quad * 4u) + FOUR) == vec4i(label));
  }
  let t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.classes);
  return select(vec4f(0.0), t, is_class(quad));
}

// Turns the logits of one row of the batch into dz. Returns (loss, weight in the mean's denominator, 0, 1 if faulty).
fn softmax_row(first_row: u32, row_of_batch: u32, rows: u32) -> vec4f {
  let row = row_at(first_row, row_of_batch, rows);
  let first = row_of_batch / 4u * CLASS_QUADS;
  let of_four = row_of_batch % 4u;
  var counts = row_of_batch < rows;
  var label = 0i;
  var weight = 1.0;
  var fault = false;
  if (!SOFT) {
    let at = parameters.target_offset + row;
    label = bitcast<i32>(targets[at >> 2u][at & 3u]);
    counts = counts && label != parameters.ignored;
    fault = label < 0 || label >= i32(parameters.classes);
  }
  if (HAS_ROW_WEIGHT) {
    weight = row_weight[parameters.weight_offset + row];
    // By bits: `!=` is false for NaN on real devices, and the row would pass for one that does not count.
    let size = bitcast<u32>(weight) & 0x7fffffffu;
    counts = counts && size != 0u;
    fault = fault || size > 0x7f7fffffu;
  }

  var maximum = LOWEST;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = select(vec4f(LOWEST), z[first + quad][of_four], is_class(quad));
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
    maximum = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
  }
  var sum = 0.0;
  var distance = 0.0;
  var total = 0.0;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = select(vec4f(LOWEST), z[first + quad][of_four], is_class(quad));
    let t = target_weights(row, label, quad);
    distance += dot(t, gap(values, maximum));
    total += dot(t, vec4f(1.0));
    let e = select(vec4f(0.0), exp(below(values, maximum)), is_class(quad));
    sum += dot(e, vec4f(1.0));
    z[first + quad][of_four] = e;
  }
  fault = fault && counts;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let gradient = weight * (total * (z[first + quad][of_four] / sum) - target_weights(row, label, quad));
    let written = select(vec4f(0.0), gradient, is_class(quad) & vec4<bool>(counts));
    z[first + quad][of_four] = bitcast<vec4f>(
      select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), is_class(quad) & vec4<bool>(fault)));
  }
  if (!counts) {
    starts[row_of_batch / 4u][of_four] = ABSENT;
    return vec4f(0.0);
  }
  let loss = weight * (total * log(sum) + distance);
  let finite = !fault && (bitcast<u32>(loss) & 0x7fffffffu) <= 0x7f7fffffu;
  // What is not finite would hide what the other rows add up to.
  if (finite) { return vec4f(loss, weight, 0.0, 0.0); }
  return vec4f(0.0, 0.0, 0.0, 1.0);
}

// dz of all rows of the batch; every thread is told the sum of what softmax_row returns.
fn softmax(first_row: u32, rows: u32, thread: u32) -> vec4f {
  for (var turn = 0u; turn < (ROW_QUADS + SHARES - 1u) / SHARES; turn++) {
    for (var i = 0u; i < (4u * SHARES + THREADS - 1u) / THREADS; i++) {
      let place = i * THREADS + thread;
      let row = turn * 4u * SHARES + place;
      if (place < 4u * SHARES && row < 4u * ROW_QUADS) {
        let summary = softmax_row(first_row, row, rows);
        if (turn == 0u) { shares[place / 4u][place % 4u] = summary; } else { shares[place / 4u][place % 4u] += summary; }
      }
    }
  }
  // dz is complete, and so are the rows' losses and the marks of absent rows, before they are used.
  workgroupBarrier();
  let held = 4u * min(ROW_QUADS, SHARES);
  var total = vec4f(0.0);
  if (thread < min(SUMMERS, THREADS)) {
    for (var i = 0u; i < (held + min(SUMMERS, THREADS) - 1u) / min(SUMMERS, THREADS); i++) {
      let at = i * min(SUMMERS, THREADS) + thread;
      if (at < held) { total += shares[at / 4u][at % 4u]; }
    }
  }
  // The first threads have read their losses before any of them is overwritten.
  workgroupBarrier();
  if (thread < min(SUMMERS, THREADS)) { shares[thread / 4u][thread % 4u] = total; }
  // The sums are written before everybody adds them up.
  workgroupBarrier();
  total = vec4f(0.0);
  for (var i = 0u; i < min(SUMMERS, THREADS); i++) { total += shares[i / 4u][i % 4u]; }
  return total;
}
