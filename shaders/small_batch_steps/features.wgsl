// small_batch_steps: four features of four rows of X, decoded.

fn word_of_x(index: u32) -> u32 { return x[index >> 2u][index & 3u]; }

// What row r has there in vector r: one word of bytes, two of halves, four of floats.
struct Raw { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn fetch_row(start: u32, quad: u32) -> vec4u {
  let at = start + quad;
  if (FORMAT == 0u) { return x[at]; }
  if (FORMAT == 2u) { return vec4u(word_of_x(2u * at), word_of_x(2u * at + 1u), 0u, 0u); }
  return vec4u(word_of_x(at), 0u, 0u, 0u);
}

// Beyond the features there is nothing to read, and nothing of what is read is used.
fn fetch(start: vec4u, quad: u32) -> Raw {
  let inside = min(quad, (parameters.features - 1u) / 4u);
  return Raw(fetch_row(start.x, inside), fetch_row(start.y, inside), fetch_row(start.z, inside), fetch_row(start.w, inside));
}

fn value_of(raw: vec4u, quad: u32) -> vec4f {
  var value: vec4f;
  if (FORMAT == 0u) {
    value = bitcast<vec4f>(raw);
  } else if (FORMAT == 2u) {
    value = vec4f(unpack2x16float(raw.x), unpack2x16float(raw.y));
  } else {
    // As signed integers, which convert in one instruction where unsigned ones take several.
    value = vec4f(vec4i(vec4u(raw.x, raw.x >> 8u, raw.x >> 16u, raw.x >> 24u) & vec4u(0xffu)));
  }
  if (DECODE) { value = value * parameters.scale + parameters.offset; }
  if (quad * 4u + 4u > parameters.features) {
    let column = vec4u(quad * 4u) + FOUR;
    var beyond = vec4u(0u);
    if (HAS_BIAS) { beyond = select(vec4u(0u), vec4u(bitcast<u32>(1.0f)), column == vec4u(parameters.features)); }
    value = bitcast<vec4f>(select(beyond, bitcast<vec4u>(value), column < vec4u(parameters.features)));
  }
  return value;
}

// Vector r: four features of row r.
fn decoded(raw: Raw, quad: u32) -> mat4x4f {
  return mat4x4f(value_of(raw.a, quad), value_of(raw.b, quad), value_of(raw.c, quad), value_of(raw.d, quad));
}

fn kept(value: vec4f, absent: bool) -> vec4f {
  return bitcast<vec4f>(select(bitcast<vec4u>(value), vec4u(0u), vec4<bool>(absent)));
}

// Vector f: feature f of four rows. A row that counts for nothing has no features, even where they are not finite.
fn counted(raw: Raw, start: vec4u, quad: u32) -> mat4x4f {
  var m = decoded(raw, quad);
  if (FORMAT != 1u) {
    m = mat4x4f(kept(m[0], start.x == ABSENT), kept(m[1], start.y == ABSENT),
                kept(m[2], start.z == ABSENT), kept(m[3], start.w == ABSENT));
  }
  return transpose(m);
}

// Where rows begin, as far as they can be read.
fn readable(start: vec4u) -> vec4u { return select(start, vec4u(parameters.x_offset), start == vec4u(ABSENT)); }
