// How threads share rows: what every kernel that takes a row at a time is told.

// Threads that share one row, a power of two up to 256.
override LANES: u32;
// Rows that one workgroup handles at a time.
override ROWS_PER_GROUP: u32;
// Quads of the row that fall to one lane; up to 4 may stay in registers.
override QUADS_PER_LANE: u32;
