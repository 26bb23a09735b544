/** What a fit leaves behind, on the host: classes, weights and intercept. Never changed once made. */

import type { Label } from "../data/classes.js";
import { NotFittedError } from "../errors.js";

export interface Fitted {
  /** Sorted, k of them. */
  readonly classes: readonly Label[];
  /** d */
  readonly features: number;
  /** W then b, row by row: (d+1)·k values; b is zero for a model without an intercept. */
  readonly theta: Float32Array;
  /** T: probabilities are softmax(scores / T). 1 unless given. */
  readonly temperature?: number;
}

export const temperatureOf = ({ temperature = 1 }: Fitted): number => temperature;

/** W [d×k], sharing memory. */
export const weightsOf = ({ features, classes, theta }: Fitted): Float32Array =>
  theta.subarray(0, features * classes.length);

/** b [k], sharing memory. */
export const interceptOf = ({ features, classes, theta }: Fitted): Float32Array =>
  theta.subarray(features * classes.length);

/** `theta` of a solver, with a row of zeros for the intercept where it has none. */
export function withIntercept(theta: Float32Array, features: number, classes: number): Float32Array {
  const full = new Float32Array((features + 1) * classes);
  full.set(theta);
  return full;
}

/** @throws NotFittedError where there is nothing yet */
export function requireFitted(fitted: Fitted | undefined, where: string): Fitted {
  if (fitted) return fitted;
  throw new NotFittedError(
    "NOT_FITTED",
    `${where}: the model has not been fitted. Call fit(x, y) first, or load one with fromJSON.`,
  );
}
