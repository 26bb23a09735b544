/** Puts a caller's numbers into the memory they will be kept in. Imports errors and its neighbours in this folder. */
import type { Argument } from "./argument.js";
import type { ElementSource } from "./element-source.js";
import { HalfElements, kindOf, readValues, valueAt } from "./element-source.js";
import type { FeatureStorage } from "./feature-storage.js";
import { refuseNonFinite } from "./finite.js";
import { keptHalves, roundedHalves } from "./halves.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import { quantised } from "./quantised.js";
import { refuseNonNumbers, refuseWideScale } from "./refusals.js";

/** A copy of the source, stored as asked. Throws DataError for the first value that cannot be. */
export function storedMatrix(source: ElementSource, storage: FeatureStorage, argument: Argument): DenseMatrix {
  const kind = kindOf(source);
  if (kind === "numbers") refuseOthers(source, argument);
  // What is in the format already, or asked to stay as it is, keeps its elements, scale and offset.
  if (kind === "bytes" && (storage === "auto" || storage === "u8")) return keptBytes(source, argument);
  if (kind === "halves" && (storage === "auto" || storage === "f16")) return keptHalves(source, argument);
  if (storage === "f16") return roundedHalves(source, kind, argument);
  if (storage === "u8") return quantised(source, argument);
  return floats(source, argument);
}

function refuseOthers({ runs, columns }: ElementSource, argument: Argument): void {
  let first = 0;
  for (const run of runs) {
    if (Array.isArray(run)) refuseNonNumbers(run, first, columns, argument);
    first += run.length;
  }
}

function keptBytes(source: ElementSource, argument: Argument): DenseMatrix {
  const { rows, columns, scale, offset, runs } = source;
  refuseWideScale(source, { least: 0, most: 255, elements: "bytes" }, argument);
  const data = allocated(Uint8Array, rows, columns, argument.where);
  let first = 0;
  for (const run of runs as readonly Uint8Array[]) {
    data.set(run, first);
    first += run.length;
  }
  return { data, rows, columns, scale, offset };
}

function floats(source: ElementSource, argument: Argument): DenseMatrix {
  const { rows, columns, scale, offset, runs } = source;
  const data = allocated(Float32Array, rows, columns, argument.where);
  let first = 0;
  for (const run of runs) {
    const to = data.subarray(first, first + run.length);
    if (scale === 1 && offset === 0 && !(run instanceof HalfElements)) to.set(run);
    else readValues(run, 0, source, to);
    first += run.length;
  }
  refuseNonFinite(data, columns, (i) => valueAt(source, i), argument);
  return { data, rows, columns, scale: 1, offset: 0 };
}
