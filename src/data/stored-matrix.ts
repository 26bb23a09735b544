/** Puts a caller's numbers into the memory they will be kept in. Imports errors and its neighbours in this folder. */
import type { Argument } from "./argument.js";
import type { ElementSource } from "./element-source.js";
import { eachPart, HalfElements, kindOf, readValues, valueAt } from "./element-source.js";
import type { FeatureStorage } from "./feature-storage.js";
import { refuseNonFinite } from "./finite.js";
import { keptHalves, roundedHalves } from "./halves.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { type InPieces, PIECE } from "./pieces.js";
import { quantised } from "./quantised.js";
import { refuseNonNumbers, refuseWideScale } from "./refusals.js";

/** A copy of the source, stored as asked. Throws DataError for the first value that cannot be. */
export function* storedMatrix(
  source: ElementSource,
  storage: FeatureStorage,
  argument: Argument,
): InPieces<DenseMatrix> {
  const kind = kindOf(source);
  if (kind === "numbers") yield* refuseOthers(source, argument);
  // What is in the format already, or asked to stay as it is, keeps its elements, scale and offset.
  if (kind === "bytes" && (storage === "auto" || storage === "u8")) return yield* keptBytes(source, argument);
  if (kind === "halves" && (storage === "auto" || storage === "f16")) return yield* keptHalves(source, argument);
  if (storage === "f16") return yield* roundedHalves(source, kind, argument);
  if (storage === "u8") return yield* quantised(source, argument);
  return yield* floats(source, argument);
}

/** Typed arrays hold nothing but numbers. */
function* refuseOthers(source: ElementSource, argument: Argument): InPieces<void> {
  if (!source.runs.some(Array.isArray)) return;
  yield* eachPart(source, source.runs[0].length, argument, (run, _start, _count, first) => {
    if (Array.isArray(run)) refuseNonNumbers(run, first, source.columns, argument);
  });
}

function* keptBytes(source: ElementSource, argument: Argument): InPieces<DenseMatrix> {
  const { rows, columns, scale, offset } = source;
  refuseWideScale(source, { least: 0, most: 255, elements: "bytes" }, argument);
  const data = allocated(Uint8Array, rows, columns, argument.where);
  yield* eachPart(source, PIECE, argument, (run, start, count, first) => {
    data.set((run as Uint8Array).subarray(start, start + count), first);
  });
  return { data, rows, columns, scale, offset };
}

function* floats(source: ElementSource, argument: Argument): InPieces<DenseMatrix> {
  const { rows, columns, scale, offset } = source;
  const data = allocated(Float32Array, rows, columns, argument.where);
  yield* eachPart(source, PIECE, argument, (run, start, count, first) => {
    const to = data.subarray(first, first + count);
    if (scale === 1 && offset === 0 && count === run.length && !(run instanceof HalfElements)) to.set(run);
    else readValues(run, start, source, to);
    refuseNonFinite(to, columns, (i) => valueAt(source, i), argument, first);
  });
  return { data, rows, columns, scale: 1, offset: 0 };
}
