/** Which arrays of numbers Luce reads, recognised also when they come from another frame or worker. Imports errors only. */
import { DataError } from "../errors.js";
import type { Argument } from "./argument.js";

/** What Luce needs of a Float16Array, which TypeScript knows from `lib: ["ESNext.Float16"]` on only. */
export interface HalfArray extends ArrayBufferView {
  readonly [Symbol.toStringTag]: "Float16Array";
  /** Elements. */
  readonly length: number;
  [index: number]: number;
  /** As of any typed array. */
  findIndex(predicate: (value: number, index: number) => boolean): number;
  /** A copy of a part. */
  slice(start?: number, end?: number): HalfArray;
  /** A part in the same memory. */
  subarray(start?: number, end?: number): HalfArray;
}

/** Typed arrays whose elements are plain numbers. 64-bit integers are not: they would lose digits without a word. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | HalfArray
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

const NUMERIC_ARRAYS: ReadonlySet<string> = new Set([
  "Float32Array",
  "Float64Array",
  "Float16Array",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
]);

// `instanceof` fails for arrays made in another frame; the tag does not.
export const tagOf = (value: unknown): string =>
  ArrayBuffer.isView(value) ? String((value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]) : "";

export function isNumericArray(value: unknown): value is NumericArray {
  return NUMERIC_ARRAYS.has(tagOf(value));
}

export function isByteArray(value: unknown): value is Uint8Array | Uint8ClampedArray {
  const tag = tagOf(value);
  return tag === "Uint8Array" || tag === "Uint8ClampedArray";
}

export const isHalfArray = (value: unknown): value is HalfArray => tagOf(value) === "Float16Array";

/** Throws DataError DETACHED_BUFFER when `memory` has been transferred away. */
export function refuseDetached(memory: ArrayBufferView | ArrayBufferLike, { where, name }: Argument): void {
  // Only empty memory can be detached, and only the attempt to look into it tells the two apart.
  if (memory.byteLength > 0) return;
  try {
    new Uint8Array(ArrayBuffer.isView(memory) ? memory.buffer : memory);
  } catch (cause) {
    throw new DataError(
      "DETACHED_BUFFER",
      `${where}: the buffer of ${name} is detached: it was transferred elsewhere. Pass a copy.`,
      cause,
    );
  }
}
