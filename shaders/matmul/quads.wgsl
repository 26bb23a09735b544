// A by quads, of any element type: for kernels that read it four values at a time.

// The same memory as a_words, as quads of f32.
@group(0) @binding(0) var<storage, read> a: array<vec4f>;

// The quad of A with this index, counted from the start of the buffer.
fn quad_of_a(index: u32) -> vec4f {
  if (FORMAT_A == 1u) {
    // Masked bytes convert exactly where they stand, and as signed integers in one instruction each.
    let word = a_words[index];
    let bytes = vec4u(word, word, word, word >> 8u) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff0000u);
    return vec4f(vec4i(bytes)) * parameters.a_scale + parameters.a_zero;
  }
  if (FORMAT_A == 2u) {
    let halves = vec4f(unpack2x16float(a_words[2u * index]), unpack2x16float(a_words[2u * index + 1u]));
    return halves * parameters.a_scale.x + parameters.a_zero;
  }
  return a[index];
}
