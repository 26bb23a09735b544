// matmul_rows: A by sixteen bytes, of any element type.

// Rows of A begin at multiples of sixteen bytes.
override WIDE: bool;

// The same memory as a_words, by sixteen bytes.
@group(0) @binding(0) var<storage, read> a: array<vec4u>;

// Words of a quad of A, and values in sixteen bytes.
override QUAD_WORDS = select(select(4u, 1u, FORMAT_A == 1u), 2u, FORMAT_A == 2u);
override VALUES = 16u / QUAD_WORDS;

fn words_of_a(at: u32) -> vec4u {
  if (WIDE) { return a[at / 4u]; }
  return vec4u(a_words[at], a_words[at + 1u], a_words[at + 2u], a_words[at + 3u]);
}

// The first quad in sixteen bytes, and the sixteen bytes turned so that the next quad comes first.
fn first_quad(words: vec4u) -> vec4f {
  if (FORMAT_A == 1u) {
    // Masked bytes convert exactly where they stand, and as signed integers in one instruction each.
    let bytes = vec4u(words.x, words.x, words.x, words.x >> 8u) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff0000u);
    return vec4f(vec4i(bytes)) * parameters.a_scale + parameters.a_zero;
  }
  if (FORMAT_A == 2u) {
    let halves = vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
    return halves * parameters.a_scale.x + parameters.a_zero;
  }
  return bitcast<vec4f>(words);
}
fn turned(words: vec4u) -> vec4u {
  if (FORMAT_A == 1u) { return words.yzwx; }
  return words.zwxy;
}
