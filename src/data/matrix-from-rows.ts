/** Checks and copies an array of rows. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";
import { readableRuns } from "./element-source.js";
import type { FeatureStorage } from "./feature-storage.js";
import type { DenseMatrix } from "./matrix-like.js";
import { isNumericArray, type NumericArray, refuseDetached } from "./numeric-array.js";
import type { InPieces } from "./pieces.js";
import { refuseEmpty } from "./refusals.js";
import { storedMatrix } from "./stored-matrix.js";

type Row = NumericArray | readonly unknown[];

export function* matrixFromRows(
  input: readonly unknown[],
  storage: FeatureStorage,
  argument: Argument,
): InPieces<DenseMatrix> {
  if (input.length === 0) refuseEmpty(0, 0, argument);
  const columns = checkedRow(input[0], 0, argument).length;
  for (let i = 0; i < input.length; i++) {
    const row = checkedRow(input[i], i, argument);
    if (row.length !== columns) {
      throw new ShapeError(
        "RAGGED_ROWS",
        `${argument.where}: the rows of ${argument.name} differ in length: expected ${columns} values in row ${i} as in row 0, got ${row.length}.`,
      );
    }
  }
  refuseEmpty(input.length, columns, argument);
  // Whether plain rows hold numbers only is seen when they are stored.
  const runs = readableRuns(input as readonly (NumericArray | readonly number[])[]);
  return yield* storedMatrix({ rows: input.length, columns, scale: 1, offset: 0, runs }, storage, argument);
}

function checkedRow(row: unknown, index: number, argument: Argument): Row {
  if (Array.isArray(row)) return row;
  if (isNumericArray(row)) {
    refuseDetached(row, { where: argument.where, name: `row ${index} of ${argument.name}` });
    return row;
  }
  const { where, name } = argument;
  if (typeof row === "number") {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} is not a matrix: expected rows of numbers, got the number ${row} at index ${index}. ` +
        `Pass [${name}] for one row, or { data, shape: [rows, columns] }.`,
    );
  }
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: row ${index} of ${name} has an unsupported type: expected an array of numbers, got ${describeValue(row)}.`,
  );
}
