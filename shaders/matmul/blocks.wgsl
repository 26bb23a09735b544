// B by blocks of four by four, from memory straight to registers.

fn masked(quad: vec4f, mask: vec4u) -> vec4f {
  return bitcast<vec4f>(bitcast<vec4u>(quad) & mask);
}

// Four of the depth by four columns of C: vector e belongs to the depth, its components to the columns.
fn block_of_b(at: vec4u) -> mat4x4f {
  let block = mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  if (TRANSPOSE_B) { return transpose(block); }
  return block;
}
// Where four rows of Bᵀ begin. Those beyond the end repeat the last; they are not written.
fn column_starts_b(quad: u32) -> vec4u {
  return parameters.b_offset + min(vec4u(quad * 4u) + FOUR, vec4u(parameters.columns - 1u)) * parameters.b_stride;
}
