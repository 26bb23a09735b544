/**
 * Tables by columns and the columns themselves, as Apache Arrow and DuckDB-WASM have them: known by what they can do, since nothing
 * of those packages is imported. Imports nothing.
 */

/** A column, such as a Vector of Apache Arrow: `length` values, null where one is missing. */
export interface ColumnLike extends Iterable<unknown> {
  /** How many rows it has. */
  readonly length: number;
  /** The value of a row. */
  get(row: number): unknown;
  /** The memory of each chunk: `values` may be a typed array with a number for each row. */
  readonly data?: readonly { readonly length: number; readonly values?: unknown }[];
  /** How many values are missing; counted by looking where it is not given. */
  readonly nullCount?: number;
  /** What its values are, such as `Float32`. */
  readonly type?: unknown;
}

/** A table of columns of equal length, such as a Table of Apache Arrow, which is what DuckDB-WASM answers a query with. */
export interface TableLike {
  /** n */
  readonly numRows: number | bigint;
  /** The columns' names, in their order. */
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  /** The column at this place. */
  getChildAt(column: number): ColumnLike | null;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const isTableLike = (given: unknown): given is TableLike =>
  isObject(given) && "numRows" in given && "schema" in given && "getChildAt" in given;

export const isColumnLike = (given: unknown): given is ColumnLike =>
  isObject(given) && "length" in given && "get" in given && Symbol.iterator in given && !ArrayBuffer.isView(given);

/** 64-bit integers come as bigint; those that a number can tell become one. */
export const plainValue = (value: unknown): unknown =>
  typeof value === "bigint" && BigInt.asIntN(54, value) === value ? Number(value) : value;
