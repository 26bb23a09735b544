// linear_step: from the logits of one row of the block to its loss and dz, in workgroup memory.

fn class_weight(class_index: u32) -> f32 {
  return bitcast<f32>(words[parameters.class_weight_offset + class_index]);
}

// t[i, 4·quad …]; zero beyond the last class.
fn target_weights(row: u32, label: i32, quad: u32) -> vec4f {
  let column = vec4u(quad * 4u) + FOUR;
  var q: vec4f;
  if (SOFT) {
    q = bitcast<vec4f>(targets[parameters.target_offset + row * parameters.target_stride + quad]);
  } else {
    q = select(vec4f(0.0), vec4f(1.0), vec4i(column) == vec4i(label));
  }
  var t = (1.0 - parameters.smoothing) * q + parameters.smoothing / f32(parameters.classes);
  if (HAS_CLASS_WEIGHT) { t *= vec4f(class_weight(column.x), class_weight(column.y), class_weight(column.z), class_weight(column.w)); }
  return select(vec4f(0.0), t, column < vec4u(parameters.classes));
}

// Turns the logits of one row of the block into dz. Returns (loss, weight in the mean's denominator, 0, 1 if faulty).
fn softmax_row(block: u32, row_of_block: u32) -> vec4f {
  let index = block * parameters.block_rows + row_of_block;
  let row = row_at(index);
  let first = row_of_block / 4u * SHARES * CLASS_QUADS;
  let of_four = row_of_block % 4u;
  var counts = row_of_block < parameters.block_rows && index < parameters.rows && row - parameters.x_first < parameters.x_rows;
  var label = 0i;
  var weight = 1.0;
  var share_of_mean = 1.0;
  var fault = false;
  if (!SOFT) {
    let at = parameters.target_offset + row;
    label = bitcast<i32>(targets[at >> 2u][at & 3u]);
    let known = label >= 0 && label < i32(parameters.classes);
    counts = counts && label != parameters.ignored;
    fault = !known;
    if (HAS_CLASS_WEIGHT && known) {
      share_of_mean = class_weight(u32(label));
    }
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
    var sum = z[first + quad][of_four];
    for (var s = 1u; s < SHARES; s++) { sum += z[first + s * CLASS_QUADS + quad][of_four]; }
    if (!DECODE) { sum *= parameters.scale; }
    if (HAS_BIAS) { sum += bias[parameters.bias_offset + quad]; }
    let values = select(vec4f(LOWEST), sum, vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    // By bits: comparisons with NaN cannot be relied upon on real devices.
    fault = fault || any((bitcast<vec4u>(values) & vec4u(0x7fffffffu)) > vec4u(0x7f7fffffu));
    maximum = max(maximum, max(max(values.x, values.y), max(values.z, values.w)));
    z[first + quad][of_four] = values;
  }
  var sum = 0.0;
  var distance = 0.0;
  var total = 0.0;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let values = z[first + quad][of_four];
    let t = target_weights(row, label, quad);
    distance += dot(t, gap(values, maximum));
    total += dot(t, vec4f(1.0));
    let e = select(vec4f(0.0), exp(below(values, maximum)), vec4u(quad * 4u) + FOUR < vec4u(parameters.classes));
    sum += dot(e, vec4f(1.0));
    z[first + quad][of_four] = e;
  }
  fault = fault && counts;
  for (var quad = 0u; quad < CLASS_QUADS; quad++) {
    let gradient = weight * (total * (z[first + quad][of_four] / sum) - target_weights(row, label, quad));
    let inside = vec4u(quad * 4u) + FOUR < vec4u(parameters.classes);
    let written = select(vec4f(0.0), gradient, inside & vec4<bool>(counts));
    z[first + quad][of_four] = bitcast<vec4f>(
      select(bitcast<vec4u>(written), vec4u(parameters.not_a_number), inside & vec4<bool>(fault)));
  }
  if (!counts) {
    // Bytes are finite, and dz is 0.
    if (FORMAT != BYTES) { starts[row_of_block / 4u][row_of_block % 4u] = ABSENT; }
    return vec4f(0.0);
  }
  let loss = weight * (total * log(sum) + distance);
  let finite = !fault && (bitcast<u32>(loss) & 0x7fffffffu) <= 0x7f7fffffu;
  // What is not finite would hide what the other rows add up to.
  if (finite) { return vec4f(loss, weight * share_of_mean, 0.0, 0.0); }
  return vec4f(0.0, 0.0, 0.0, 1.0);
}
