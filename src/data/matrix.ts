/**
 * The door through which every matrix comes in: checked once here, trusted everywhere after.
 * Imports errors and its neighbours in this folder only, so that the engine may use it too.
 */
import { DataError, ShapeError } from "../errors.js";
import { isTableLike } from "./columns.js";
import { describeValue } from "./describe-value.js";
import type { FeatureStorage } from "./feature-storage.js";
import { matrixFromColumns } from "./matrix-from-columns.js";
import { matrixFromData } from "./matrix-from-data.js";
import { matrixFromRows } from "./matrix-from-rows.js";
import type { DenseMatrix, DenseMatrixLike, MatrixData, TensorData } from "./matrix-like.js";
import { isNumericArray } from "./numeric-array.js";
import { atOnce, type InPieces } from "./pieces.js";
import { readableInPieces } from "./readable.js";
import { isSparse } from "./sparse-matrix.js";

export type { ColumnLike, TableLike } from "./columns.js";
export type { FeatureStorage } from "./feature-storage.js";
export type {
  AskedTensor,
  DenseMatrix,
  DenseMatrixLike,
  MatrixData,
  MatrixLike,
  SparseData,
  SparseMatrix,
  TensorData,
} from "./matrix-like.js";
export type { HalfArray, NumericArray } from "./numeric-array.js";
export { isSparse, sparseMatrix, toSparseMatrix } from "./sparse-matrix.js";

/**
 * The checked copy of a caller's matrix [rows×columns]; rows and columns count from 0 in every message.
 *
 * Unless `storage` says otherwise, bytes (Uint8Array, Uint8ClampedArray) and halves (Float16Array, or a Uint16Array of their
 * bits with `type: "float16"`) stay what they are and keep `scale` and `offset`. All other numbers become float32, with
 * `data · scale + offset` computed in float64 before it is rounded, once. The copy owns its memory: the caller may change or
 * transfer the input afterwards, which itself is never changed. Shared memory and views with a byte offset are read too.
 *
 * @param where the call named in messages, such as `fit`
 * @param name the argument named in messages, such as `X`
 * @param storage the memory that each value takes; what the choices mean is said at {@link FeatureStorage}
 * @throws DataError NON_FINITE_INPUT for NaN, an infinity, or a value beyond the range of its storage, with its row and column;
 *   EMPTY_INPUT; UNSUPPORTED_TYPE for anything that is no dense matrix of numbers; DETACHED_BUFFER
 * @throws ShapeError SHAPE_MISMATCH when shape and length disagree or the rank is not 2; RAGGED_ROWS
 */
export function toDenseMatrix(
  input: DenseMatrixLike,
  where: string,
  name: string,
  storage: FeatureStorage = "auto",
): DenseMatrix {
  return atOnce(readableInPieces({ where, name }, denseMatrix(input, where, name, storage)));
}

/** The same piece by piece, where others may have their turn in between: what they change in the input then may be seen, or not. */
export function* denseMatrix(
  input: DenseMatrixLike,
  where: string,
  name: string,
  storage: FeatureStorage,
): InPieces<DenseMatrix> {
  const argument = { where, name };
  const given: unknown = input;
  if (Array.isArray(given)) return yield* matrixFromRows(given, storage, argument);
  if (isNumericArray(given)) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} has no shape: expected { data, shape: [rows, columns] }, got ${describeValue(given)}.`,
    );
  }
  if (isTableLike(given)) return yield* matrixFromColumns(given, storage, argument);
  if (hasData(given)) return yield* matrixFromData(given, storage, argument);
  const got = isSparse(given) ? "a sparse matrix. engine.sparse takes those" : describeValue(given);
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: ${name} is not a dense matrix: expected { data, shape: [rows, columns] } or an array of rows, got ${got}.`,
  );
}

/** Whether this is numbers with a shape. A sparse matrix has both too, but its data means something else. */
function hasData(given: unknown): given is MatrixData | TensorData {
  if (typeof given !== "object" || given === null || isSparse(given)) return false;
  return "data" in given && ("shape" in given || "dims" in given);
}
