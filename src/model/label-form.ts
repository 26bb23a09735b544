/** Which of its forms the caller's y has: one label for each row, or one probability for each row and class. */
import type { Argument } from "../data/argument.js";
import type { Label } from "../data/classes.js";
import { isColumnLike, plainValue } from "../data/columns.js";
import { describeValue } from "../data/describe-value.js";
import { HalfElements } from "../data/element-source.js";
import {
  type ColumnLike,
  type MatrixData,
  type MatrixLike,
  type NumericArray,
  type TensorData,
  toDenseMatrix,
} from "../data/matrix.js";
import { checkedData, checkedShape } from "../data/matrix-from-data.js";
import { isNumericArray, refuseDetached } from "../data/numeric-array.js";
import { DataError, LabelError, ShapeError } from "../errors.js";
import { fromHalf } from "../half-float.js";

/**
 * Labels as a caller may give them: an array of labels, a typed array, or a tensor of shape [n] or [n, 1], whose numbers
 * are the labels, or a column of a table, null only where it is the label to ignore; or a matrix [n×k] of target probabilities (one-hot or soft), whose columns are the classes in their order.
 */
export type LabelsLike =
  | readonly (Label | null)[]
  | NumericArray
  | MatrixLike
  | ColumnLike
  | { readonly data: readonly (Label | null)[]; readonly shape: readonly number[] };

/** Either `labels [n]`, not yet looked through, or checked `targets [n×k]`. */
export type LabelForm =
  | { readonly kind: "labels"; readonly labels: ArrayLike<unknown> }
  | { readonly kind: "soft"; readonly targets: Float32Array; readonly columns: number };

/** How far the probabilities of a row may add up past or short of 1. */
const SUM_TOLERANCE = 1e-4;

/** Reads y. Throws ShapeError unless it has `rows` rows, DataError for other types, LabelError for bad probabilities. */
export function labelForm(y: LabelsLike, rows: number, where: string): LabelForm {
  const argument = { where, name: "y" };
  const given: unknown = y;
  if (isNumericArray(given)) {
    refuseDetached(given, argument);
    return flat(given, rows, argument);
  }
  if (Array.isArray(given)) {
    const isMatrix = Array.isArray(given[0]) || ArrayBuffer.isView(given[0]);
    return isMatrix ? soft(given, rows, argument) : flat(given, rows, argument);
  }
  if (isColumnLike(given)) return flat(Array.from(given, plainValue), rows, argument);
  if (!hasData(given)) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: y has an unsupported type: expected an array of labels, a typed array or a matrix of target probabilities, ` +
        `got ${describeValue(given)}.`,
    );
  }
  const shape = checkedShape(given, argument);
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  return isColumn ? flatTensor(given, shape[0], rows, argument) : soft(given, rows, argument);
}

function hasData(given: unknown): given is MatrixData | TensorData {
  return typeof given === "object" && given !== null && "data" in given && ("shape" in given || "dims" in given);
}

function flat(labels: ArrayLike<unknown>, rows: number, { where }: Argument): LabelForm {
  if (labels.length !== rows) throw otherLength(labels.length, rows, where);
  return { kind: "labels", labels };
}

function flatTensor(y: MatrixData | TensorData, length: number, rows: number, argument: Argument): LabelForm {
  const { where } = argument;
  const given = checkedData(y, argument);
  const labels = given instanceof HalfElements ? Float32Array.from(given.bits, fromHalf) : given;
  if (labels.length !== length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: the data of y does not fill its shape: expected ${length} labels, got ${labels.length}.`,
    );
  }
  if ((y.scale ?? 1) !== 1 || (y.offset ?? 0) !== 0) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: y has a scale or an offset: expected labels as they are. Pass the array of labels alone.`,
    );
  }
  return flat(labels, rows, argument);
}

function soft(y: MatrixLike, rows: number, argument: Argument): LabelForm {
  const { where } = argument;
  const matrix = toDenseMatrix(y, where, argument.name, "f32");
  const { columns } = matrix;
  if (matrix.rows !== rows) throw otherLength(matrix.rows, rows, where);
  if (columns === 1) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: y is a matrix of one column: expected labels in a flat array, or one column for each class. Pass y.flat() for labels.`,
    );
  }
  const targets = matrix.data as Float32Array;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const probability = targets[i];
      if (!(probability >= 0)) {
        throw new LabelError(
          "BAD_LABEL",
          `${where}: y has a negative probability at row ${row}, column ${i % columns}: expected 0 … 1, got ${probability}.`,
        );
      }
      sum += probability;
    }
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
      throw new LabelError(
        "BAD_LABEL",
        `${where}: the probabilities of y in row ${row} do not add up to 1: expected 1 within ${SUM_TOLERANCE}, got ${sum}. ` +
          "Divide each row by its sum.",
      );
    }
  }
  return { kind: "soft", targets, columns };
}

function otherLength(got: number, rows: number, where: string): ShapeError {
  return new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: X and y differ in length: expected ${rows} labels for ${rows} rows of X, got ${got}.`,
  );
}
