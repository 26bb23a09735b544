// Products of a row of four with a block of B, summed into a row of C.

// One row of C and four of the depth, in four multiply-adds: summed into C at once, since another order costs a fifth add.
fn times(sum: vec4f, x: vec4f, y: mat4x4f) -> vec4f {
  return sum + x.x * y[0] + x.y * y[1] + x.z * y[2] + x.w * y[3];
}
fn times_pair(sum: vec2f, x: vec4f, y: mat4x4f) -> vec2f {
  return sum + x.x * y[0].xy + x.y * y[1].xy + x.z * y[2].xy + x.w * y[3].xy;
}
