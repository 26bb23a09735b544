/**
 * How far a right kernel may be from the truth, from the accuracy table of WGSL's specification ("Accuracy of concrete
 * floating point expressions"): + − × correctly rounded (½ ULP), division 2.5 ULP, exp(x) 3 + 2|x| ULP, log 2⁻²¹ absolute
 * on [0.5, 2] and 3 ULP elsewhere. Results below the smallest normal number may be flushed to zero.
 */

import type { CrossEntropyArguments } from "../../src/ops/cross-entropy.js";
import { at } from "../../src/ops/host-matrix.js";
import type { HostMatrix, On } from "../../src/ops/op.js";
import { rowLanes } from "../../src/ops/row-lanes.js";
import { rowWeightAt, targetAt } from "../../src/ops/targets.js";

/** One unit in the last place of 1: no float32 is further from its neighbour, relative to itself. */
export const ULP: number = 2 ** -23;
export const SMALLEST_NORMAL: number = 2 ** -126;
/** exp(−87.4) is the smallest normal number: beyond, a probability is within SMALLEST_NORMAL of the truth anyway. */
const UNDERFLOW = 87.4;

/** How often the running (maximum, sum) of a row-wise kernel is rescaled: once a quad, once a level of the tree. */
export function mergeSteps(columns: number): number {
  const { LANES, QUADS_PER_LANE } = rowLanes(columns).constants;
  return QUADS_PER_LANE + Math.log2(LANES);
}

/** max over rows of (largest − smallest logit), where it matters. */
export function spreadOf(logits: HostMatrix): number {
  let spread = 0;
  for (let i = 0; i < logits.rows; i++) {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let j = 0; j < logits.columns; j++) {
      low = Math.min(low, at(logits, i, j));
      high = Math.max(high, at(logits, i, j));
    }
    spread = Math.max(spread, high - low);
  }
  return Math.min(spread, UNDERFLOW);
}

/**
 * Relative error of S = Σ exp(zⱼ − m). A term e⁻ᵘ: exp 3 + 2u, its rounded argument ½u. Each rescaling: exp 3, product ½,
 * sum ½ (the rescalings' 2.5|Δ| and the terms' 2.5u share one total of u); ½ for each of the 3 sums in a quad. The terms
 * weigh as the probabilities do, and Σ p·u ≤ ln k.
 */
function sumError(columns: number): number {
  return (5 + 4 * mergeSteps(columns) + 2.5 * Math.log(columns)) * ULP;
}

/** Relative error of p = e⁻ᵘ / S for u ≤ spread: exp 3 + 2.5u, that of S, division 2.5, rounding of the product with it ½. */
export function probabilityError(columns: number, spread: number): number {
  return (6 + 2.5 * spread) * ULP + sumError(columns);
}

/** Absolute error of log S, 1 ≤ S ≤ k: that of log, and S's own. */
export function logSumError(columns: number): number {
  return 2 ** -21 + 3 * ULP * Math.log(columns) + sumError(columns);
}

export interface Floor {
  readonly floor: number;
  readonly relativeFloor: number;
}

/**
 * ℓ = r·(T·log S + Σ t·(m − z)): r·T times the error of log S; and relative, since all terms are positive: t 5 ULP
 * (1 − ε, product, ε/k, sum, w), m − z ½, sums ½ each.
 * dZ = c·(T·p − t), c = scale·r/denominator: T·p off by a share of p's error, where t = 0 relative to the result itself;
 * where t > 0 the difference may be small, so there it is taken of T·p = dZ/c + t; t 5 ULP unless it is 0 or 1, c 4 ULP.
 */
export function crossEntropyFloors(
  args: On<CrossEntropyArguments, HostMatrix>,
  gradient: Float64Array,
): { loss: Floor; gradient: Floor } {
  const { logits, labelSmoothing, classWeight, soft, scale, denominator } = args;
  const { rows, columns } = logits;
  const relative = probabilityError(columns, spreadOf(logits)) + (8 + mergeSteps(columns)) * ULP;
  const exact = labelSmoothing === 0 && !classWeight && !soft;
  const shared = denominator ? scale / at(denominator, 0, 0) : scale;
  let heaviest = 0;
  let floor = SMALLEST_NORMAL;
  for (let i = 0; i < rows; i++) {
    const weight = rowWeightAt(args, i, columns);
    const c = Math.abs(shared) * weight;
    let total = 0;
    for (let j = 0; j < columns; j++) {
      const t = targetAt(args, i, j, columns);
      total += t;
      if (t === 0 || c === 0) continue;
      const scaled = Math.abs((gradient[i * columns + j] as number) + Math.sign(shared) * c * t);
      floor = Math.max(floor, scaled * relative + (exact ? 0 : c * t * 9 * ULP));
    }
    heaviest = Math.max(heaviest, weight * total);
  }
  return {
    loss: {
      floor: heaviest * logSumError(columns) + SMALLEST_NORMAL,
      relativeFloor: (8 + mergeSteps(columns)) * ULP,
    },
    gradient: { floor, relativeFloor: relative },
  };
}
