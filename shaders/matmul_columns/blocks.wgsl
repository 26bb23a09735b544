// matmul_columns: A by blocks of four by four, fetched a step before they are decoded.

// A is a column of ones for the last row of C.
override ONES: bool;

// The same memory as a_words, as quads of f32.
@group(0) @binding(0) var<storage, read> a: array<vec4f>;

// The bits of the quad of A with this index, counted from the start of the buffer: as many words as it has.
fn bits_of_a(index: u32) -> vec4u {
  if (FORMAT_A == 1u) { return vec4u(a_words[index], 0u, 0u, 0u); }
  if (FORMAT_A == 2u) { return vec4u(a_words[2u * index], a_words[2u * index + 1u], 0u, 0u); }
  return bitcast<vec4u>(a[index]);
}
fn decoded(bits: vec4u) -> vec4f {
  if (FORMAT_A == 1u) {
    // Masked bytes convert exactly where they stand, and as signed integers in one instruction each.
    let word = bits.x;
    let bytes = vec4u(word, word, word, word >> 8u) & vec4u(0xffu, 0xff00u, 0xff0000u, 0xff0000u);
    return vec4f(vec4i(bytes)) * parameters.a_scale + parameters.a_zero;
  }
  if (FORMAT_A == 2u) {
    let halves = vec4f(unpack2x16float(bits.x), unpack2x16float(bits.y));
    return halves * parameters.a_scale.x + parameters.a_zero;
  }
  return bitcast<vec4f>(bits);
}

// Four rows of C by four of the depth: vector r belongs to the row. Depths beyond the sum count as zero, whatever is there.
fn block_of_a(bits0: vec4u, bits1: vec4u, bits2: vec4u, bits3: vec4u, depth: u32, end: u32, quad: u32) -> mat4x4f {
  var block = mat4x4f(decoded(bits0), decoded(bits1), decoded(bits2), decoded(bits3));
  if (ONES) {
    let ones = vec4u(quad * 4u) + FOUR == vec4u(parameters.rows - 1u);
    block = mat4x4f(select(block[0], vec4f(1.0), ones), select(block[1], vec4f(1.0), ones),
                    select(block[2], vec4f(1.0), ones), select(block[3], vec4f(1.0), ones));
  }
  if (depth < parameters.depth_begin || depth + 4u > end) {
    let depths = vec4u(depth) + FOUR;
    let inside = (depths >= vec4u(parameters.depth_begin)) & (depths < vec4u(end));
    let zero = vec4f();
    block = mat4x4f(select(zero, block[0], inside.x), select(zero, block[1], inside.y),
                    select(zero, block[2], inside.z), select(zero, block[3], inside.w));
  }
  return transpose(block);
}
