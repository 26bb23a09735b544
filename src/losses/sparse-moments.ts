/**
 * `m = Σ r·x / Σr`, `Σ r·(x − m)²` and `Σr` of every column of sparse rows, as `columnMoments` gives them of dense ones: on the host,
 * in float64, from what is stored; each value that is not counts as 0.
 */
import type { SparseMatrix } from "../data/matrix.js";

/** @returns [3×d]: m, Σ r·(x − m)², Σr; zeros where no row counts */
export function sparseMoments(
  { values, indices, starts, rows, columns }: SparseMatrix,
  rowWeight: Float32Array | undefined,
): Float32Array {
  const sums = new Float64Array(columns);
  /** Weight of the rows that store a value of the column. */
  const stored = new Float64Array(columns);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = rowWeight?.[i] ?? 1;
    total += weight;
    for (let e = starts[i]; e < starts[i + 1]; e++) {
      sums[indices[e]] += weight * values[e];
      stored[indices[e]] += weight;
    }
  }
  const moments = new Float32Array(3 * columns);
  if (total === 0) return moments;
  const means = sums.map((sum) => sum / total);
  const squares = means.map((mean, j) => (total - stored[j]) * mean * mean);
  for (let i = 0; i < rows; i++) {
    const weight = rowWeight?.[i] ?? 1;
    for (let e = starts[i]; e < starts[i + 1]; e++) {
      const j = indices[e];
      squares[j] += weight * (values[e] - means[j]) ** 2;
    }
  }
  moments.set(means);
  moments.set(squares, columns);
  moments.fill(total, 2 * columns);
  return moments;
}
