/** Features in 2 bytes each: halves, by their bits. Imports half-float and its neighbours in this folder. */
import { encodeHalves, fromHalf, LARGEST_HALF } from "../half-float.js";
import type { Argument } from "./argument.js";
import type { ElementKind, ElementSource } from "./element-source.js";
import { BLOCK, eachBlock, eachPart, type HalfElements, valueAt } from "./element-source.js";
import { firstNonFiniteHalf, nonFinite, type Range } from "./finite.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { type InPieces, PIECE } from "./pieces.js";
import { refuseWideScale } from "./refusals.js";

const HALF_RANGE: Range = {
  format: "float16",
  largest: String(LARGEST_HALF),
  remedy: 'Rescale or clip it, or take features: "f32".',
};

/** A copy of halves, which keep scale and offset. Throws DataError NON_FINITE_INPUT for the first that is not finite. */
export function* keptHalves(source: ElementSource, argument: Argument): InPieces<DenseMatrix> {
  const { rows, columns, scale, offset } = source;
  refuseWideScale(source, { least: -LARGEST_HALF, most: LARGEST_HALF, elements: "halves" }, argument);
  const data = allocated(Uint16Array, rows, columns, argument.where);
  yield* eachPart(source, PIECE, argument, (run, start, count, first) => {
    const to = data.subarray(first, first + count);
    to.set((run as HalfElements).bits.subarray(start, start + count));
    const index = firstNonFiniteHalf(to);
    if (index >= 0) throw nonFinite(fromHalf(to[index]), first + index, columns, argument);
  });
  return { data, rows, columns, scale, offset };
}

/**
 * Every value rounded to the nearest half. Bytes, all of which are halves, keep scale and offset instead, and so their values.
 * Throws DataError NON_FINITE_INPUT for the first that is not finite or beyond ±65504.
 */
export function* roundedHalves(source: ElementSource, kind: ElementKind, argument: Argument): InPieces<DenseMatrix> {
  const { rows, columns } = source;
  const kept = kind === "bytes";
  const { scale, offset } = kept ? source : { scale: 1, offset: 0 };
  if (kept) refuseWideScale(source, { least: 0, most: 255, elements: "bytes" }, argument);
  const data = allocated(Uint16Array, rows, columns, argument.where);
  // In float64: rounded to float32 in between, a value may end up at another half.
  const plain = kept ? { ...source, scale: 1, offset: 0 } : source;
  yield* eachBlock(plain, new Float64Array(BLOCK), argument, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      if (Math.abs(values[i]) <= LARGEST_HALF) continue;
      throw nonFinite(valueAt(source, first + i), first + i, columns, argument, HALF_RANGE);
    }
    encodeHalves(values, data.subarray(first, first + values.length));
  });
  return { data, rows, columns, scale, offset };
}
