/** Features in 1 byte each: `value ≈ byte · scale + offset`. Imports errors and its neighbours in this folder. */
import { DataError } from "../errors.js";
import type { Argument } from "./argument.js";
import { DistinctValues } from "./distinct-values.js";
import type { ElementSource } from "./element-source.js";
import { BLOCK, eachBlock, valueAt } from "./element-source.js";
import { refuseNonFinite } from "./finite.js";
import type { DenseMatrix } from "./matrix-like.js";
import { allocated } from "./memory.js";
import type { InPieces } from "./pieces.js";

/** The values that bytes stand for: `offset`, `offset + scale`, … `offset + 255 · scale`. */
export interface Steps {
  readonly scale: number;
  readonly offset: number;
}

const MOST_STEPS = 255;
/** Rounding of `byte · scale + offset` in float32, relative to the largest value: of scale, product and sum, and of the data. */
const ROUNDING = 2 ** -22;
/** Values this close to a step, in steps, are on it; 256 steps between any values would leave half a step. */
const ON_STEP = 2 ** -9;

/**
 * Every value as a byte: what lies on even steps stays where it is, anything else goes to the nearest of 256 even steps from the
 * smallest to the largest value, (max − min) / 510 away at most. Throws DataError NON_FINITE_INPUT.
 */
export function* quantised(source: ElementSource, argument: Argument): InPieces<DenseMatrix> {
  const { rows, columns } = source;
  const block = new Float32Array(BLOCK);
  const distinct = new DistinctValues();
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  yield* eachBlock(source, block, argument, (values, first) => {
    refuseNonFinite(values, columns, (i) => valueAt(source, i), argument, first);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < least) least = value;
      if (value > most) most = value;
    }
    distinct.add(values);
  });
  if (!Number.isFinite(Math.fround(most - least))) {
    throw new DataError(
      "NON_FINITE_INPUT",
      `${argument.where}: the values of ${argument.name} are too far apart for u8: expected at most 3.4028235e+38, got ${least} … ${most}. ` +
        'Rescale or clip it, or take features: "f32".',
    );
  }
  const { scale, offset } = (distinct.values && stepsThrough(distinct.values)) ?? stepsBetween(least, most);
  const data = allocated(Uint8Array, rows, columns, argument.where);
  // Rounds to the nearest byte on storing, and can leave 0 … 255 by no accident of rounding.
  const bytes = new Uint8ClampedArray(data.buffer);
  yield* eachBlock(source, block, argument, (values, first) => {
    for (let i = 0; i < values.length; i++) bytes[first + i] = (values[i] - offset) / scale;
  });
  return { data, rows, columns, scale, offset };
}

/** Even steps that all these values lie on, from zero where that will do, since zeros cost the CPU nothing. */
export function stepsThrough(values: readonly number[]): Steps | undefined {
  const least = Math.min(...values);
  const most = Math.max(...values);
  if (least === most) return { scale: 1, offset: least };
  const rounding = ROUNDING * Math.max(Math.abs(least), Math.abs(most));
  for (const offset of least > 0 ? [0, least] : [least]) {
    for (let count = 1; count <= MOST_STEPS; count++) {
      const scale = (most - offset) / count;
      const near = Math.min(rounding, scale * ON_STEP);
      const isOnStep = (value: number): boolean =>
        Math.abs(Math.round((value - offset) / scale) * scale + offset - value) <= near;
      if (values.every(isOnStep)) return { scale, offset };
    }
  }
  return undefined;
}

function stepsBetween(least: number, most: number): Steps {
  // As the devices have it. A step too small for float32 would be none at all.
  const scale = Math.fround((most - least) / MOST_STEPS);
  return { scale: scale > 0 ? scale : 1, offset: least };
}
