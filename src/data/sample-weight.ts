/** How much each row counts. Imports errors and its neighbours in this folder. */
import { DataError, ShapeError } from "../errors.js";
import { describeValue } from "./describe-value.js";
import { isNumericArray, type NumericArray, refuseDetached } from "./numeric-array.js";
import { readable } from "./readable.js";

/**
 * The checked float32 copy of a caller's row weights [rows]: finite, none negative, at least one above zero.
 * A weight of 0 is the same as leaving the row out, a weight of 2 the same as having it twice.
 *
 * @param mayBeNone whether all of them may be 0, as of some of the rows that are trained on
 * @throws DataError BAD_WEIGHTS with the row; UNSUPPORTED_TYPE; DETACHED_BUFFER
 * @throws ShapeError SHAPE_MISMATCH when there is not one weight for each row
 */
export function checkSampleWeight(
  weights: NumericArray | readonly number[],
  rows: number,
  where: string,
  mayBeNone = false,
): Float32Array {
  return checked(weights, rows, where, Float32Array, mayBeNone);
}

/** The same in float64, for sums on the host. Throws as `checkSampleWeight` does, but takes weights of any finite size. */
export function checkExactSampleWeight(
  weights: NumericArray | readonly number[],
  rows: number,
  where: string,
): Float64Array {
  return checked(weights, rows, where, Float64Array, false);
}

function checked<Weights extends Float32Array | Float64Array>(
  weights: NumericArray | readonly number[],
  rows: number,
  where: string,
  kind: { new (length: number): Weights; from(values: readonly number[]): Weights; readonly BYTES_PER_ELEMENT: number },
  mayBeNone: boolean,
): Weights {
  return readable({ where, name: "sampleWeight" }, () => copied(weights, rows, where, kind, mayBeNone));
}

function copied<Weights extends Float32Array | Float64Array>(
  weights: NumericArray | readonly number[],
  rows: number,
  where: string,
  kind: { new (length: number): Weights; from(values: readonly number[]): Weights; readonly BYTES_PER_ELEMENT: number },
  mayBeNone: boolean,
): Weights {
  const given: unknown = weights;
  if (isNumericArray(given)) refuseDetached(given, { where, name: "sampleWeight" });
  else if (!Array.isArray(given)) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: sampleWeight has an unsupported type: expected an array of ${rows} numbers, got ${describeValue(given)}.`,
    );
  }
  if (weights.length !== rows) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: sampleWeight and X differ in length: expected ${rows} weights, one for each row, got ${weights.length}.`,
    );
  }
  const copy = new kind(rows);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight: unknown = weights[row];
    // Rounding first also finds numbers that are finite only in float64.
    copy[row] = typeof weight === "number" ? weight : Number.NaN;
    const rounded = copy[row];
    if (!(rounded >= 0 && rounded < Number.POSITIVE_INFINITY)) {
      throw new DataError(
        "BAD_WEIGHTS",
        `${where}: sampleWeight cannot be used at row ${row}: expected a finite number of 0 or more, got ${describeValue(weight)}.`,
      );
    }
    total += rounded;
  }
  // The devices add the weights up in the same precision.
  if (total === 0 && mayBeNone) return copy;
  if (total > 0 && Number.isFinite(kind.from([total])[0])) return copy;
  throw new DataError(
    "BAD_WEIGHTS",
    `${where}: sampleWeight adds up to ${total}: expected a sum above 0 and within float${8 * kind.BYTES_PER_ELEMENT}. ` +
      (total > 0 ? "Scale the weights down." : "Give at least one row a weight above 0."),
  );
}
