/**
 * Temperature scaling (Guo et al. 2017): the T > 0 that minimises `Σᵢ wᵢ ℓ(zᵢ/T, yᵢ) / Σᵢ wᵢ` for the scores z of rows that were not
 * trained on. In β = 1/T the loss is convex, so its slope has one zero: a safeguarded Newton iteration on ln β finds it, in float64.
 */
import { yieldToPage } from "../engine/yield-to-page.js";
import type { EncodedLabels } from "./labels.js";

/** T is looked for between these: beyond them probabilities are all but certain, or all but uniform. */
export const TEMPERATURES: { readonly least: number; readonly most: number } = { least: 0.01, most: 100 };
const MOST_STEPS = 100;
/** ln T is found to this, or as well as float64 tells. */
const PRECISION = 1e-12;
/** Scores between two turns of the page. */
const SLICE = 1 << 19;

export interface TemperatureProblem {
  /** [n×k] row by row. */
  readonly scores: Float32Array;
  readonly y: EncodedLabels;
  readonly weights: ArrayLike<number> | undefined;
}

/** What `calibrate` found. */
export interface CalibrationReport {
  /** T > 0; above 1 where the model was too sure of itself. */
  readonly temperature: number;
  /** Mean log loss of the rows at T = 1, and at the T that was found. */
  readonly lossBefore: number;
  /** Mean log loss on the rows at the temperature found. */
  readonly lossAfter: number;
  /** Steps of the search. */
  readonly iterations: number;
  /** The loss would fall further beyond the range that is searched. */
  readonly atLimit: boolean;
}

/** Mean loss at β, and its first two derivatives with respect to β. */
interface Point {
  readonly loss: number;
  readonly slope: number;
  readonly curvature: number;
}

export async function findTemperature(problem: TemperatureProblem): Promise<CalibrationReport> {
  // u = ln β; the slope is negative below the zero and positive above it.
  let low = -Math.log(TEMPERATURES.most);
  let high = -Math.log(TEMPERATURES.least);
  const ends = [low, high];
  let u = 0;
  let point = await lossAt(problem, 1);
  const lossBefore = point.loss;
  let iterations = 0;
  let atLimit = false;
  while (point.slope !== 0 && iterations < MOST_STEPS) {
    if (point.slope < 0) low = u;
    else high = u;
    if (high - low <= PRECISION) {
      atLimit = ends.includes(u);
      break;
    }
    const newton = u - point.slope / (Math.exp(u) * point.curvature);
    if (Math.abs(newton - u) <= PRECISION) break;
    // Newton may leap past the zero; between the two ends it is caught. An end that was never looked at is tried itself.
    const next = newton > low && newton < high ? newton : beyond(newton, low, high, ends);
    u = next;
    point = await lossAt(problem, Math.exp(u));
    iterations++;
  }
  // Never worse than it was, whatever rounding does at the minimum.
  if (!(point.loss < lossBefore))
    return { temperature: 1, lossBefore, lossAfter: lossBefore, iterations, atLimit: false };
  return { temperature: Math.exp(-u), lossBefore, lossAfter: point.loss, iterations, atLimit };
}

function beyond(newton: number, low: number, high: number, ends: readonly number[]): number {
  if (newton >= high && high === ends[1]) return high;
  if (newton <= low && low === ends[0]) return low;
  return (low + high) / 2;
}

/** `ℓ(βz, y) = ln Σⱼ e^{βzⱼ} − β·z_y`, for soft targets z_y is Σ qⱼzⱼ; shifted by the largest score. */
async function lossAt({ scores, y, weights }: TemperatureProblem, beta: number): Promise<Point> {
  const k = y.classes.length;
  let [loss, slope, curvature, total] = [0, 0, 0, 0];
  let sinceYield = 0;
  for (let first = 0, row = 0; first < scores.length; first += k, row++) {
    const weight = weights?.[row] ?? 1;
    if (weight === 0) continue;
    let largest = Number.NEGATIVE_INFINITY;
    for (let e = first; e < first + k; e++) largest = Math.max(largest, scores[e]);
    let [sum, mean, square, meant] = [0, 0, 0, 0];
    for (let j = 0; j < k; j++) {
      const z = scores[first + j] - largest;
      const p = Math.exp(beta * z);
      sum += p;
      mean += p * z;
      square += p * z * z;
      meant += y.kind === "soft" ? y.targets[first + j] * z : j === y.indices[row] ? z : 0;
    }
    mean /= sum;
    total += weight;
    loss += weight * (Math.log(sum) - beta * meant);
    slope += weight * (mean - meant);
    curvature += weight * (square / sum - mean * mean);
    sinceYield += k;
    if (sinceYield < SLICE) continue;
    sinceYield = 0;
    await yieldToPage();
  }
  return { loss: loss / total, slope: slope / total, curvature: curvature / total };
}
