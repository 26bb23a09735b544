// What is staged at the edges.

// Rows and columns beyond the end of C read what they find: none of it is written. Depths beyond the sum count as zero.
fn within(quad: vec4f, depth: u32, end: u32, along_depth: bool) -> vec4f {
  let depths = select(vec4u(depth), vec4u(depth) + FOUR, along_depth);
  return select(vec4f(0.0), quad, (depths >= vec4u(parameters.depth_begin)) & (depths < vec4u(end)));
}
