/** Random sparse matrices for the tests, some of their rows and columns empty, some full. */
import type { SparseData, SparseMatrix } from "../../src/data/matrix.js";
import { Random } from "../../src/random.js";

/**
 * About `density` of all values, in [−1, 1): every seventh row and every fifth column hold nothing, and the second column is full
 * but for those rows.
 */
export function randomSparse(rows: number, columns: number, density: number, seed: number): SparseMatrix {
  const random = new Random(seed);
  const [values, indices, starts]: [number[], number[], number[]] = [[], [], [0]];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns && i % 7 !== 3; j++) {
      if (j % 5 === 4 || (j !== 1 && random.next() >= density)) continue;
      indices.push(j);
      values.push(2 * random.next() - 1);
    }
    starts.push(indices.length);
  }
  return {
    ...{ values: Float32Array.from(values), indices: Int32Array.from(indices), starts: Int32Array.from(starts) },
    ...{ rows, columns },
  };
}

/** What of some rows is further from 0 than `least`. */
export function sparseOf(
  data: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  least: number,
): SparseMatrix {
  const [values, indices, starts]: [number[], number[], number[]] = [[], [], [0]];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = data[i * columns + j];
      if (Math.abs(value) <= least) continue;
      indices.push(j);
      values.push(value);
    }
    starts.push(indices.length);
  }
  return {
    ...{ values: Float32Array.from(values), indices: Int32Array.from(indices), starts: Int32Array.from(starts) },
    ...{ rows, columns },
  };
}

/** The same as a caller would give it. */
export const csrOf = ({ values, indices, starts, rows, columns }: SparseMatrix): SparseData => ({
  ...{ data: values, indices, indptr: starts, shape: [rows, columns] },
});

/** The same with all its zeros, row by row. */
export function denseOf({ values, indices, starts, rows, columns }: SparseMatrix): Float32Array {
  const dense = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let p = starts[i]; p < starts[i + 1]; p++) dense[i * columns + indices[p]] = values[p];
  }
  return dense;
}
