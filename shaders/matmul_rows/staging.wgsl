// matmul_rows: what is read at the edges of the sum, and B as it is staged.

// B is stored as [columns × depth].
override TRANSPOSE_B: bool;

// Depths beyond the sum count as zero, whatever stands there.
fn within(quad: vec4f, depth: u32, end: u32) -> vec4f {
  let depths = vec4u(depth) + FOUR;
  return select(vec4f(0.0), quad, (depths >= vec4u(parameters.depth_begin)) & (depths < vec4u(end)));
}

fn quad_of_b(depth: u32, quad: u32, end: u32) -> vec4f {
  if (depth < parameters.depth_begin || depth >= end) { return vec4f(0.0); }
  if (!TRANSPOSE_B) { return b[parameters.b_offset + depth * parameters.b_stride + quad]; }
  let at = parameters.b_offset + quad * 4u * parameters.b_stride + depth / 4u;
  let stride = parameters.b_stride;
  let i = depth % 4u;
  return vec4f(component(b[at], i), component(b[at + stride], i), component(b[at + 2u * stride], i),
               component(b[at + 3u * stride], i));
}
// By choice: an index that is not constant would send the quad through memory.
fn component(quad: vec4f, i: u32) -> f32 {
  let two = select(quad.xy, quad.zw, i > 1u);
  return select(two.x, two.y, i % 2u == 1u);
}
