// linear_step: four features of four rows at a time, in any of the formats that X may have.

// Features of four rows as they stand in memory: four bytes of row r in a[r]; else what row r has in a, b, c or d.
struct Raw { a: vec4u, b: vec4u, c: vec4u, d: vec4u }

fn word_of_x(index: u32) -> u32 {
  if (HAS_CLASS_WEIGHT) { return x[index >> 2u][index & 3u]; }
  return words[index];
}

fn half_words(index: u32) -> vec4u {
  return vec4u(word_of_x(2u * index), word_of_x(2u * index + 1u), 0u, 0u);
}

// From where the rows begin.
fn fetch(start: vec4u, quad: u32) -> Raw {
  let at = start + quad;
  if (FORMAT == FLOATS) { return Raw(x[at.x], x[at.y], x[at.z], x[at.w]); }
  if (FORMAT == HALVES) { return Raw(half_words(at.x), half_words(at.y), half_words(at.z), half_words(at.w)); }
  return Raw(vec4u(word_of_x(at.x), word_of_x(at.y), word_of_x(at.z), word_of_x(at.w)), vec4u(0u), vec4u(0u), vec4u(0u));
}

// Sixteen bytes a row.
fn fetch_wide(start: vec4u, quad: u32) -> Raw {
  if (WIDE == 1u) { return fetch(start, quad); }
  let at = (start + quad) / WIDE;
  return Raw(x[at.x], x[at.y], x[at.z], x[at.w]);
}

// What a wide fetch brought besides, as if it had been fetched first.
fn second_quad(r: Raw) -> Raw {
  if (FORMAT == HALVES) { return third_quad(r); }
  return Raw(r.a.yzwx, r.b.yzwx, r.c.yzwx, r.d.yzwx);
}

fn third_quad(r: Raw) -> Raw {
  return Raw(r.a.zwxy, r.b.zwxy, r.c.zwxy, r.d.zwxy);
}

fn fourth_quad(r: Raw) -> Raw {
  return Raw(r.a.wxyz, r.b.wxyz, r.c.wxyz, r.d.wxyz);
}

fn value_of(raw: vec4u, word: u32, quad: u32) -> vec4f {
  var value: vec4f;
  if (FORMAT == FLOATS) {
    value = bitcast<vec4f>(raw);
  } else if (FORMAT == HALVES) {
    value = vec4f(unpack2x16float(raw.x), unpack2x16float(raw.y));
  } else {
    value = vec4f(vec4u(word, word >> 8u, word >> 16u, word >> 24u) & vec4u(0xffu));
  }
  if (DECODE) { value = value * parameters.scale + parameters.offset; }
  if (RAGGED) {
    let inside = vec4u(quad * 4u) + FOUR < vec4u(parameters.features);
    value = bitcast<vec4f>(select(vec4u(0u), bitcast<vec4u>(value), inside));
  }
  return value;
}

// Vector r: four features of row r, the first that a wide fetch brought.
fn decoded_wide(raw: Raw, quad: u32) -> mat4x4f {
  if (WIDE == 1u) { return decoded(raw, quad); }
  return mat4x4f(value_of(raw.a, raw.a.x, quad), value_of(raw.b, raw.b.x, quad),
                 value_of(raw.c, raw.c.x, quad), value_of(raw.d, raw.d.x, quad));
}

// Vector r: four features of row r.
fn decoded(raw: Raw, quad: u32) -> mat4x4f {
  return mat4x4f(value_of(raw.a, raw.a.x, quad), value_of(raw.b, raw.a.y, quad),
                 value_of(raw.c, raw.a.z, quad), value_of(raw.d, raw.a.w, quad));
}

fn kept(value: vec4f, absent: bool) -> vec4f {
  return bitcast<vec4f>(select(bitcast<vec4u>(value), vec4u(0u), vec4<bool>(absent)));
}

// Vector r: four features of row r, or none, even where they are not finite, if the row counts for nothing.
fn counted(raw: Raw, start: vec4u, quad: u32) -> mat4x4f {
  let m = decoded(raw, quad);
  if (FORMAT == BYTES) { return m; }
  return mat4x4f(kept(m[0], start.x == ABSENT), kept(m[1], start.y == ABSENT),
                 kept(m[2], start.z == ABSENT), kept(m[3], start.w == ABSENT));
}

// Where rows begin, as far as they can be read.
fn readable(start: vec4u) -> vec4u {
  if (FORMAT == BYTES) { return start; }
  return select(start, vec4u(parameters.x_offset), start == vec4u(ABSENT));
}
