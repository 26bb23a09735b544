// How A and B are stored: for kernels that take them in any order.

// A is stored as [depth × rows].
override TRANSPOSE_A: bool;
// B is stored as [columns × depth].
override TRANSPOSE_B: bool;
// With TRANSPOSE_A: A is a column of ones for the last row of C.
override ONES: bool;
