/** What no form of a dense matrix may be. Imports errors and its neighbours in this folder. */
import { DataError } from "../errors.js";
import type { Argument } from "./argument.js";
import { describeValue } from "./describe-value.js";

/** Throws DataError EMPTY_INPUT for a matrix without rows or without columns. */
export function refuseEmpty(rows: number, columns: number, { where, name }: Argument): void {
  if (rows > 0 && columns > 0) return;
  throw new DataError(
    "EMPTY_INPUT",
    `${where}: ${name} is empty: expected at least one row and one column, got ${rows} × ${columns}.`,
  );
}

/**
 * Throws DataError UNSUPPORTED_TYPE at the first of `values` that is no number. They are the elements of a row-major
 * matrix of `columns` columns from index `start` on.
 */
export function refuseNonNumbers(
  values: readonly unknown[],
  start: number,
  columns: number,
  { where, name }: Argument,
): asserts values is readonly number[] {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number") continue;
    const index = start + i;
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: ${name} has no number at row ${Math.floor(index / columns)}, column ${index % columns}: ` +
        `expected a finite number, got ${describeValue(value)}. Convert, drop or impute it.`,
    );
  }
}

/** Throws DataError NON_FINITE_INPUT unless all elements from `least` to `most`, such as bytes, stand for a float32. */
export function refuseWideScale(
  { scale, offset }: { readonly scale: number; readonly offset: number },
  { least, most, elements }: { readonly least: number; readonly most: number; readonly elements: string },
  { where, name }: Argument,
): void {
  if ([least * scale + offset, most * scale + offset].every((end) => Number.isFinite(Math.fround(end)))) return;
  throw new DataError(
    "NON_FINITE_INPUT",
    `${where}: ${name} is too large for float32: expected at most ±3.4028235e+38, got ${elements} · ${scale} + ${offset}.`,
  );
}
