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
  const { rows, names } = partsOf(table, argument);
  const columns = names.length;
  refuseEmpty(rows, columns, argument);
  const data = allocated(Float32Array, rows, columns, argument.where);
  for (const [index, name] of names.entries()) {
    const called = `column ${index} (${describeValue(name).replace("the string ", "")})`;
    const column = table.getChildAt(index);
    const length = column ? lengthOf(column, rows) : "no column";
    if (!column || length !== rows) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${argument.where}: ${called} of ${argument.name} has another length than the table: expected ${rows}, got ${length}.`,
      );
    }
    yield* fill(data, columns, { column, index, called }, argument);
  }
  const matrix = { data, rows, columns, scale: 1, offset: 0 };
  return storage === "auto" || storage === "f32"
    ? matrix
    : yield* storedMatrix({ ...matrix, runs: [data] }, storage, argument);
}

/** Rows and names of columns. */
function partsOf(
  { numRows, schema }: TableLike,
  { where, name }: Argument,
): { readonly rows: number; readonly names: readonly unknown[] } {
  const rows = plainValue(numRows);
  const fields: unknown = (schema as TableLike["schema"] | null)?.fields;
  if (Number.isSafeInteger(rows) && (rows as number) >= 0 && Array.isArray(fields))
    return { rows: rows as number, names: fields.map((field: { readonly name?: unknown } | null) => field?.name) };
  const [part, expected, got] = Array.isArray(fields)
    ? ["numRows", "a whole number of 0 or more", numRows]
    : ["schema", "{ fields: [{ name }, …] }", schema];
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: the ${part} of the table ${name} cannot be used: expected ${expected}, got ${describeValue(got)}.`,
  );
}

/** Memory of each chunk, where a column shows it. */
const chunksOf = ({ data, length }: ColumnLike): readonly { readonly length: number; readonly values?: unknown }[] =>
  Array.isArray(data) ? data : [{ length: Number(length) }];

/** How many rows a column has: what it says, unless its chunks, where it shows them, have others. */
const lengthOf = (column: ColumnLike, expected: number): number =>
  Number(column.length) === expected ? chunksOf(column).reduce((sum, { length }) => sum + length, 0) : column.length;

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
  for (const chunk of chunksOf(column)) {
    const { values } = chunk;
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
