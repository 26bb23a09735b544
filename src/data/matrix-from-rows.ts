/** Checks and copies an array of rows. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";
import { refuseNonFinite } from "./finite.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { isByteArray, isNumericArray, type NumericArray, refuseDetached } from "./numeric-array.js";
import { refuseEmpty, refuseNonNumbers } from "./refusals.js";

type Row = NumericArray | readonly unknown[];

export function matrixFromRows(input: readonly unknown[], argument: Argument): DenseMatrix {
  if (input.length === 0) refuseEmpty(0, 0, argument);
  const columns = checkedRow(input[0], 0, argument).length;
  let bytesOnly = true;
  for (let i = 0; i < input.length; i++) {
    const row = checkedRow(input[i], i, argument);
    if (row.length !== columns) {
      throw new ShapeError(
        "RAGGED_ROWS",
        `${argument.where}: the rows of ${argument.name} differ in length: expected ${columns} values in row ${i} as in row 0, got ${row.length}.`,
      );
    }
    bytesOnly &&= isByteArray(row);
  }
  refuseEmpty(input.length, columns, argument);
  const rows = input as readonly Row[];
  return bytesOnly ? joinBytes(rows as readonly Uint8Array[], columns, argument) : joinFloats(rows, columns, argument);
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

function joinBytes(rows: readonly Uint8Array[], columns: number, { where }: Argument): DenseMatrix {
  const data = allocated(Uint8Array, rows.length, columns, where);
  for (let i = 0; i < rows.length; i++) data.set(rows[i], i * columns);
  return { data, rows: rows.length, columns, scale: 1, offset: 0 };
}

function joinFloats(rows: readonly Row[], columns: number, argument: Argument): DenseMatrix {
  const data = allocated(Float32Array, rows.length, columns, argument.where);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isNumericArray(row)) refuseNonNumbers(row, i * columns, columns, argument);
    data.set(row, i * columns);
  }
  const given = (i: number): number => rows[Math.floor(i / columns)][i % columns] as number;
  refuseNonFinite(data, columns, given, argument);
  return { data, rows: rows.length, columns, scale: 1, offset: 0 };
}
