/**
 * Checks and copies a matrix in compressed sparse rows, which is never made dense. Imports errors and its neighbours in this folder.
 */
import { DataError, OptionError, ShapeError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";
import type { FeatureStorage } from "./feature-storage.js";
import { nonFinite } from "./finite.js";
import { checkedShape } from "./matrix-from-data.js";
import type { SparseData, SparseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { isNumericArray, refuseDetached } from "./numeric-array.js";
import { atOnce, type InPieces, PIECE } from "./pieces.js";
import { readableInPieces } from "./readable.js";
import { refuseEmpty } from "./refusals.js";

/** Column numbers are 32-bit integers, and one more column may stand behind the others. */
const MOST_COLUMNS = 2 ** 31 - 2;

/** Whether this is meant as a sparse matrix. */
export const isSparse = (given: unknown): given is SparseData =>
  typeof given === "object" && given !== null && "indptr" in given;

/** Which of the two that have been checked it is. */
export const isSparseMatrix = (m: object): m is SparseMatrix => "starts" in m;

/**
 * The checked copy of `{ data, indices, indptr, shape }`, as SciPy's `csr_matrix` has it: row i has the values `data[indptr[i] …
 * indptr[i + 1] − 1]` in the columns of the same places in `indices`; all else is zero. Columns may stand in any order; values of the
 * same row and column are added up, in float64, before they are rounded to float32; zeros that are stored are left out.
 *
 * @throws DataError NON_FINITE_INPUT with row and column; EMPTY_INPUT; UNSUPPORTED_TYPE; DETACHED_BUFFER
 * @throws ShapeError SHAPE_MISMATCH where the three arrays and the shape do not fit together; OptionError for `storage` f16 or u8
 */
export function toSparseMatrix(
  input: SparseData,
  where: string,
  name: string,
  storage: FeatureStorage = "auto",
): SparseMatrix {
  return atOnce(readableInPieces({ where, name }, sparseMatrix(input, where, name, storage)));
}

/** The same piece by piece, where others may have their turn in between: what they change in the input then may be seen, or not. */
export function* sparseMatrix(
  input: SparseData,
  where: string,
  name: string,
  storage: FeatureStorage,
): InPieces<SparseMatrix> {
  const argument = { where, name };
  if (storage === "f16" || storage === "u8") {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`features\` does not fit ${name}, which is sparse: expected "auto" or "f32", got ${describeValue(storage)}. ` +
        "What a sparse matrix stores is kept in float32.",
    );
  }
  refuseDenseParts(input, argument);
  const data = checkedNumbers(input.data, "data", argument);
  const indices = checkedNumbers(input.indices, "indices", argument);
  const indptr = checkedNumbers(input.indptr, "indptr", argument);
  const [rows, columns] = sparseShape(input, argument);
  if (indices.length !== data.length) {
    throw mismatch(argument, "indices and data differ in length", `${data.length} indices`, indices.length);
  }
  checkStarts(indptr, rows, data.length, argument);
  return yield* compressed({ data, indices, indptr, rows, columns }, argument);
}

/** What only dense forms have: zeros that are not stored would be shifted by an offset, and bits of halves taken for integers. */
function refuseDenseParts(input: object, { where, name }: Argument): void {
  const { scale = 1, offset = 0, type } = input as Readonly<Record<string, unknown>>;
  if (scale === 1 && offset === 0 && type === undefined) return;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: ${name} is sparse, and ${scale !== 1 ? "scale" : offset !== 0 ? "offset" : "type"} does not go with that: expected { data, indices, indptr, shape }. ` +
      "Multiply data before, as Float32Array.",
  );
}

type Numbers = ArrayLike<number>;

function checkedNumbers(given: unknown, part: string, argument: Argument): Numbers {
  const { where, name } = argument;
  if (isNumericArray(given)) {
    refuseDetached(given, { where, name: `${part} of ${name}` });
    return given;
  }
  // Whether a plain array holds numbers only is seen when they are read.
  if (Array.isArray(given)) return given;
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${where}: ${part} of ${name} has an unsupported type: expected an array of numbers or a typed array of up to 32 bits, got ` +
      `${describeValue(given)}. Pass { data, indices, indptr, shape }; 64-bit integers convert by Int32Array.from(${part}, Number).`,
  );
}

function mismatch({ where, name }: Argument, wrong: string, expected: string, got: unknown): ShapeError {
  return new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: the compressed rows of ${name} cannot be right: ${wrong}: expected ${expected}, got ${describeValue(got)}.`,
  );
}

function sparseShape(input: SparseData, argument: Argument): readonly [number, number] {
  const shape = checkedShape(input, argument);
  const { where, name } = argument;
  if (shape.length !== 2) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} is not a matrix: expected the shape [rows, columns], got [${shape.join(", ")}].`,
    );
  }
  const [rows, columns] = shape as readonly [number, number];
  refuseEmpty(rows, columns, argument);
  if (columns > MOST_COLUMNS) throw mismatch(argument, "too many columns", `at most ${MOST_COLUMNS}`, columns);
  return [rows, columns];
}

function checkStarts(indptr: Numbers, rows: number, stored: number, argument: Argument): void {
  if (indptr.length !== rows + 1) {
    throw mismatch(argument, "wrong length of indptr", `${rows + 1}, one more than rows`, indptr.length);
  }
  if (indptr[0] !== 0) throw mismatch(argument, "indptr does not begin with 0", "0", indptr[0]);
  for (let row = 0; row < rows; row++) {
    const [begin, end] = [indptr[row], indptr[row + 1]];
    if (Number.isSafeInteger(end) && end >= begin) continue;
    throw mismatch(argument, `indptr falls or is no integer at ${row + 1}`, `an integer of at least ${begin}`, end);
  }
  if (indptr[rows] !== stored) {
    throw mismatch(argument, "indptr does not end with the number of values", String(stored), indptr[rows]);
  }
}

interface Given {
  readonly data: Numbers;
  readonly indices: Numbers;
  readonly indptr: Numbers;
  readonly rows: number;
  readonly columns: number;
}

function* compressed({ data, indices, indptr, rows, columns }: Given, argument: Argument): InPieces<SparseMatrix> {
  const values = allocated(Float32Array, 1, data.length, argument.where);
  const places = allocated(Int32Array, 1, data.length, argument.where);
  const starts = allocated(Int32Array, 1, rows + 1, argument.where);
  let stored = 0;
  for (let row = 0, next = PIECE; row < rows; row++) {
    if (indptr[row] + row >= next) {
      yield;
      next += PIECE;
    }
    const begin = stored;
    let last = -1;
    let ascending = true;
    for (let p = indptr[row]; p < indptr[row + 1]; p++) {
      const [column, value] = [indices[p], data[p]];
      if (!(Number.isInteger(column) && column >= 0 && column < columns)) {
        throw mismatch(argument, `no such column in row ${row}`, `an integer of 0 … ${columns - 1}`, column);
      }
      values[stored] = checkedValue(value, row, column, columns, argument);
      if (values[stored] === 0) continue;
      if (column <= last) ascending = false;
      last = column;
      places[stored++] = column;
    }
    if (!ascending) {
      const sums = summedRow({ data, indices, indptr, rows, columns }, row, argument);
      stored = begin;
      for (const [column, value] of sums) {
        values[stored] = value;
        places[stored++] = column;
      }
    }
    starts[row + 1] = stored;
  }
  const whole = stored === data.length;
  return {
    values: whole ? values : values.slice(0, stored),
    indices: whole ? places : places.slice(0, stored),
    starts,
    rows,
    columns,
  };
}

function checkedValue(value: unknown, row: number, column: number, columns: number, argument: Argument): number {
  if (typeof value === "number") {
    if (Number.isFinite(Math.fround(value))) return value;
    throw nonFinite(value, row * columns + column, columns, argument);
  }
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `${argument.where}: ${argument.name} has no number at row ${row}, column ${column}: expected a finite number, got ` +
      `${describeValue(value)}. Convert, drop or impute it.`,
  );
}

/** A row's values by ascending column, those of one column added up in the order in which they stand. */
function summedRow({ data, indices, indptr, columns }: Given, row: number, argument: Argument): [number, number][] {
  const sums = new Map<number, number>();
  for (let p = indptr[row]; p < indptr[row + 1]; p++) {
    sums.set(indices[p], (sums.get(indices[p]) ?? 0) + data[p]);
  }
  const sorted = [...sums].sort(([a], [b]) => a - b);
  for (const [column, value] of sorted) checkedValue(value, row, column, columns, argument);
  return sorted.filter(([, value]) => Math.fround(value) !== 0);
}

/** Rows of a sparse matrix in the order given, in memory of their own. */
export function* sparseRows(
  { values, indices, starts, columns }: SparseMatrix,
  rows: Int32Array,
): InPieces<SparseMatrix> {
  const own = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    own[i + 1] = own[i] + starts[row + 1] - starts[row];
  });
  const part: SparseMatrix = {
    ...{ values: new Float32Array(own[rows.length]), indices: new Int32Array(own[rows.length]) },
    ...{ starts: own, rows: rows.length, columns },
  };
  for (let i = 0, next = PIECE; i < rows.length; i++) {
    if (own[i] >= next) {
      yield;
      next += PIECE;
    }
    part.values.set(values.subarray(starts[rows[i]], starts[rows[i] + 1]), own[i]);
    part.indices.set(indices.subarray(starts[rows[i]], starts[rows[i] + 1]), own[i]);
  }
  return part;
}

/** Rows `first … first + count − 1`, sharing the memory of what they store. */
export function sparseRowRange(
  { values, indices, starts, columns }: SparseMatrix,
  first: number,
  count: number,
): SparseMatrix {
  const [begin, end] = [starts[first], starts[first + count]];
  return {
    values: values.subarray(begin, end),
    indices: indices.subarray(begin, end),
    starts: starts.subarray(first, first + count + 1).map((start) => start - begin),
    rows: count,
    columns,
  };
}
