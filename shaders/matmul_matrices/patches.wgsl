// matmul_matrices: from the subgroups' sums to C, by way of workgroup memory.

// In the end: one matrix of C of each of four subgroups, in lines of four quads.
const PATCHES = 4u;
const PATCH_LINE = 4u;
var<workgroup> patches: array<vec4f, PATCHES * SIDE * PATCH_LINE>;

// Writes one matrix of every subgroup; row and column are where this thread's subgroup has it.
fn write_matrix(split: u32, row: u32, column: u32, thread: u32, sum: Sum) {
  let subgroup = thread / LANES;
  let lane = thread % LANES;
  let place = subgroup % PATCHES * (SIDE * PATCH_LINE);
  for (var round = 0u; round < SUBGROUPS / PATCHES; round++) {
    let mine = subgroup / PATCHES == round;
    if (mine) { subgroupMatrixStore<row_major>(&patches, place, sum, PATCH_LINE); }
    // Threads read what others of their subgroup have stored.
    workgroupBarrier();
    if (mine) {
      for (var half = 0u; half < 2u; half++) {
        let line = lane / 4u + 8u * half;
        write_quad(split, row + line, column / 4u + lane % 4u, patches[place + line * PATCH_LINE + lane % 4u]);
      }
    }
    // Nobody stores the next matrix while a slower thread still reads this one.
    workgroupBarrier();
  }
}
