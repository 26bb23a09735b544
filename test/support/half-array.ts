/** A Float16Array for the tests, on platforms that have none too. */
import type { HalfArray } from "../../src/data/numeric-array.js";
import { toHalf } from "../../src/half-float.js";

const native = (
  globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => HalfArray }
).Float16Array;

/** The bits as a Float16Array that shares their memory; without one, as an array that says it is one. */
export function asHalfArray(bits: Uint16Array): HalfArray {
  if (native) return new native(bits.buffer, bits.byteOffset, bits.length);
  const view: object = new Uint16Array(bits.buffer, bits.byteOffset, bits.length);
  return Object.defineProperty(view, Symbol.toStringTag, { value: "Float16Array" }) as HalfArray;
}

/** The halves nearest to the values. */
export const halvesOf = (values: Iterable<number>): Uint16Array => Uint16Array.from([...values].map(toHalf));
