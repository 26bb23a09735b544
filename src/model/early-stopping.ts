/** Stops a fit whose validation gets no better, and keeps the best weights. Imports its neighbours. */
import type { FitPoint } from "./report.js";

/** What early stopping looks at, and for how long it waits. */
export interface EarlyStopping {
  /** Checks without a better one before the fit ends: epochs of a minibatch solver, iterations of L-BFGS. Default 5. */
  readonly patience?: number;
  /** By how much a check must be better to count, ≥ 0. Default 0: any better one does. */
  readonly minDelta?: number;
  /** What is watched. Default `"validationLoss"`. */
  readonly monitor?: "validationLoss" | "validationAccuracy";
}

/** Thrown through a solver to end it. */
export class EarlyStop extends Error {
  override readonly name = "EarlyStop";
}

export class BestWeights {
  /** The best check so far, and the weights it was of. */
  best: { readonly point: FitPoint; readonly theta: Float32Array } | undefined;
  readonly #options: Required<EarlyStopping>;
  #reference = Number.NEGATIVE_INFINITY;
  #since = 0;

  constructor(options: Required<EarlyStopping>) {
    this.#options = options;
  }

  /** Takes note of a check; true when it is time to stop. */
  check(point: FitPoint, theta: Float32Array): boolean {
    const { patience, minDelta, monitor } = this.#options;
    const sign = monitor === "validationLoss" ? -1 : 1;
    const score = sign * (point[monitor] ?? Number.NaN);
    const best = sign * (this.best?.point[monitor] ?? Number.NaN);
    // NaN is better than nothing only where there is nothing.
    if (!this.best || score > best || (Number.isNaN(best) && !Number.isNaN(score))) this.best = { point, theta };
    if (score > this.#reference + minDelta || (this.#reference === Number.NEGATIVE_INFINITY && !Number.isNaN(score))) {
      this.#reference = score;
      this.#since = 0;
      return false;
    }
    this.#since++;
    return this.#since >= patience;
  }
}
