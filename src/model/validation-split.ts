/** Rows set aside for validation: a share of each class, drawn by the seed. Imports data and random. */
import type { DenseMatrix, SparseMatrix } from "../data/matrix.js";
import { type InPieces, PIECE } from "../data/pieces.js";
import { isSparseMatrix, sparseRows } from "../data/sparse-matrix.js";
import { OptionError } from "../errors.js";
import { Random } from "../random.js";
import type { EncodedLabels } from "./labels.js";
import { likeliestClasses } from "./labels.js";

/** Row numbers, ascending. */
export interface Split {
  readonly training: Int32Array;
  readonly validation: Int32Array;
}

/**
 * Sets aside `share` of the rows, of each class alike: class shares are rounded so that they add up, and a class keeps one row to be
 * trained on. Rows that do not count (weight 0) stay where they do no harm, with the training rows. The same seed draws the same rows.
 *
 * @throws OptionError BAD_OPTION when no row would be set aside
 */
export function stratifiedSplit(
  y: EncodedLabels,
  weights: Float32Array | undefined,
  share: number,
  seed: number,
): Split {
  const classOf = likeliestClasses(y);
  const rowsOfClass = y.classes.map(() => [] as number[]);
  classOf.forEach((index, row) => {
    if (weights?.[row] !== 0) rowsOfClass[index].push(row);
  });
  const random = new Random(seed);
  const chosen = new Uint8Array(classOf.length);
  let [due, taken] = [0, 0];
  for (const rows of rowsOfClass) {
    due += share * rows.length;
    const order = Uint32Array.from(rows);
    random.shuffle(order);
    const count = Math.max(0, Math.min(Math.round(due) - taken, rows.length - 1));
    for (const row of order.subarray(0, count)) chosen[row] = 1;
    taken += count;
  }
  if (taken === 0) {
    throw new OptionError(
      "BAD_OPTION",
      `fit: option \`validation\` sets no row aside: expected a larger share of ${classOf.length} rows, got ${share}.`,
    );
  }
  const rowsWith = (mark: number): Int32Array => Int32Array.from(chosen.keys()).filter((row) => chosen[row] === mark);
  return { training: rowsWith(0), validation: rowsWith(1) };
}

/** Some rows of a matrix, in memory of their own. */
export function* matrixRows(m: DenseMatrix | SparseMatrix, rows: Int32Array): InPieces<DenseMatrix | SparseMatrix> {
  if (isSparseMatrix(m)) return yield* sparseRows(m, rows);
  const data = new (m.data.constructor as new (length: number) => DenseMatrix["data"])(rows.length * m.columns);
  const together = Math.max(1, Math.floor(PIECE / m.columns));
  for (let to = 0; to < rows.length; to++) {
    if (to > 0 && to % together === 0) yield;
    const from = rows[to];
    data.set(m.data.subarray(from * m.columns, (from + 1) * m.columns), to * m.columns);
  }
  return { ...m, data, rows: rows.length };
}

export function labelRows(y: EncodedLabels, rows: Int32Array): EncodedLabels {
  if (y.kind === "labels") {
    const { ignored } = y;
    const kept = ignored ? { ignored: Uint8Array.from(rows, (row) => ignored[row]) } : {};
    return { ...y, indices: rows.map((row) => y.indices[row]), ...kept };
  }
  const k = y.classes.length;
  const targets = new Float32Array(rows.length * k);
  rows.forEach((from, to) => {
    targets.set(y.targets.subarray(from * k, (from + 1) * k), to * k);
  });
  return { ...y, targets };
}

export const weightRows = (weights: Float32Array | undefined, rows: Int32Array): Float32Array | undefined =>
  weights && Float32Array.from(rows, (row) => weights[row]);
