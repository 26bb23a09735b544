/** Checks and copies a table of columns into a row-major matrix. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { type ColumnLike, plainValue, type TableLike } from "./columns.js";
import { describeValue } from "./describe-value.js";
import type { FeatureStorage } from "./feature-storage.js";
import { nonFinite } from "./finite.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { type InPieces, PIECE } from "./pieces.js";
import { refuseEmpty } from "./refusals.js";
import { storedMatrix } from "./stored-matrix.js";

/** A column on its way into the matrix. */
interface Place {
  readonly column: ColumnLike;
  readonly index: number;
  /** As messages name it. */
  readonly called: string;
}

/** Arrays whose elements are the values of their rows. Other memory (bits, dictionaries, decimals, halves) is asked for row by row. */
const PLAIN: ReadonlySet<string> = new Set([
  "Int8",
  "Int16",
  "Int32",
  "Uint8",
  "Uint16",
  "Uint32",
  "Float32",
  "Float64",
]);

export function* matrixFromColumns(
  table: TableLike,
  storage: FeatureStorage,
  argument: Argument,
): InPieces<DenseMatrix> {
  const { numRows: rows, schema } = table;
  const columns = schema.fields.length;
  refuseEmpty(rows, columns, argument);
  const data = allocated(Float32Array, rows, columns, argument.where);
  for (const [index, { name }] of schema.fields.entries()) {
    const called = `column ${index} (${describeValue(name).replace("the string ", "")})`;
    const column = table.getChildAt(index);
    if (column?.length !== rows) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${argument.where}: ${called} of ${argument.name} has another length than the table: expected ${rows}, got ${column?.length}.`,
      );
    }
    yield* fill(data, columns, { column, index, called }, argument);
  }
  const matrix = { data, rows, columns, scale: 1, offset: 0 };
  return storage === "auto" || storage === "f32"
    ? matrix
    : yield* storedMatrix({ ...matrix, runs: [data] }, storage, argument);
}

function* fill(
  data: Float32Array,
  columns: number,
  { column, index, called }: Place,
  argument: Argument,
): InPieces<void> {
  const { where, name } = argument;
  const type = String(column.type ?? "");
  const isPlain = PLAIN.has(type) && column.nullCount === 0;
  let row = 0;
  let pause = PIECE;
  for (const chunk of column.data ?? [{ length: column.length }]) {
    const { values } = chunk as { values?: unknown };
    const plain = isPlain && ArrayBuffer.isView(values) && (values as Float32Array).length >= chunk.length;
    for (let i = 0; i < chunk.length; i++, row++) {
      const value: unknown = plain ? (values as Float32Array)[i] : plainValue(column.get(row));
      if (typeof value !== "number") throw noNumber(value, row);
      const at = row * columns + index;
      data[at] = value;
      if (!Number.isFinite(data[at])) throw nonFinite(value, at, columns, argument);
      if (row < pause) continue;
      pause += PIECE;
      yield;
    }
  }
  function noNumber(value: unknown, at: number): DataError {
    if (value === null || value === undefined) {
      return new DataError(
        "NON_FINITE_INPUT",
        `${where}: ${name} has no value at row ${at}, ${called}: expected a finite number, got null. Drop or impute it.`,
      );
    }
    return new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: ${called} of ${name} is no column of numbers: expected integers or floats, got ${describeValue(value)} at row ${at}` +
        `${type ? ` (${type})` : ""}. Select the columns of features, as table.select([…]) does.`,
    );
  }
}
