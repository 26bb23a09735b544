/** What a tensor may be made as, and what may be written to it. */
import { describeValue } from "../data/describe-value.js";
import type { DenseMatrixLike, NumericArray } from "../data/matrix.js";
import { tagOf } from "../data/numeric-array.js";
import { DataError, ShapeError } from "../errors.js";
import type { ElementType } from "../ops/op.js";
import type { Tensor } from "./tensor.js";

/** Arrays whose elements become those of a tensor without a change but the rounding to float32. */
const WRITABLE: Readonly<Record<ElementType, readonly string[]>> = {
  f32: ["Float32Array", "Float64Array", "Int32Array", "Uint8Array"],
  f16: ["Uint16Array", "Float16Array"],
  i32: ["Int32Array"],
  u8: ["Uint8Array"],
};

/** Throws ShapeError unless `shape` is `[n]` or `[n, d]`, and DataError for an element type that does not exist. */
export function checkShape(shape: readonly number[], type: ElementType): void {
  // A copy, so that holes are looked at too.
  const sizes: readonly unknown[] = Array.isArray(shape) ? [...shape] : [shape];
  if (
    sizes.length < 1 ||
    sizes.length > 2 ||
    !Array.isArray(shape) ||
    !sizes.every((n) => Number.isSafeInteger(n) && Number(n) > 0)
  ) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `engine: bad shape: expected [n] or [n, d] of positive integers, got [${sizes.map(describeValue).join(", ")}].`,
    );
  }
  if (Object.hasOwn(WRITABLE, type)) return;
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `engine: unknown element type: expected "f32", "f16", "i32" or "u8", got ${describeValue(type)}.`,
  );
}

/** Throws DataError unless `data` is a typed array that `t` can take over value by value. */
export function checkElements(t: Tensor, data: unknown): void {
  const allowed = WRITABLE[t.type];
  if (allowed.includes(tagOf(data))) return;
  throw new DataError(
    "UNSUPPORTED_TYPE",
    `write: the data cannot be used: expected ${allowed[0]} for a tensor of ${t.type}, got ${describeValue(data)}.`,
  );
}

/** Whether the input is one run of numbers, not a matrix. */
export function isVector(
  input: DenseMatrixLike | NumericArray | readonly number[],
): input is NumericArray | readonly number[] {
  return ArrayBuffer.isView(input) || (Array.isArray(input) && (input.length === 0 || typeof input[0] === "number"));
}
