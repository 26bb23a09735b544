/**
 * How threads share the rows of a row-wise kernel (softmax, cross-entropy, argmax, line search).
 * Up to 16 columns one thread holds a row; above that a power of two of threads, each with at most four quads in
 * registers; past 4,096 columns 256 threads stream the row from memory more than once.
 */

/** Quads that a thread keeps in registers; the shaders' `held` arrays have this length. */
const QUADS_HELD = 4;
const MOST_LANES = 256;
const THREADS = 64;

export interface RowLanes {
  /** Values of the overrides that all row-wise shaders share. */
  readonly constants: { readonly LANES: number; readonly ROWS_PER_GROUP: number; readonly QUADS_PER_LANE: number };
  readonly rowsPerGroup: number;
}

export function rowLanes(columns: number): RowLanes {
  const quads = Math.ceil(columns / 4);
  let lanes = 1;
  while (lanes < MOST_LANES && lanes * QUADS_HELD < quads) lanes *= 2;
  const rowsPerGroup = Math.max(1, THREADS / lanes);
  return {
    constants: { LANES: lanes, ROWS_PER_GROUP: rowsPerGroup, QUADS_PER_LANE: Math.ceil(quads / lanes) },
    rowsPerGroup,
  };
}
