// matmul_columns, matmul_rows: a C of so few columns that a thread has them all in registers, and B staged for it.

// Columns of C: so many quads, 0 … 4, and one or two columns more if PAIR.
override FULL_QUADS: u32;
override PAIR: bool;
// The lanes take their turn so many times between two stagings of B.
override STEPS: u32;
// Quads of B that each thread stages, at most.
override LOADS_B: u32;

// Quads of columns.
override QUADS = FULL_QUADS + u32(PAIR);

// Workgroup memory in quads: 16 KiB.
const SHARED = 1024u;
// While summing: what is staged of B. In the end: the lanes' sums, [row][thread].
var<workgroup> shared_quads: array<vec4f, SHARED>;
