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

/** What checks so far have come to. */
export interface Checks {
  readonly best: { readonly point: FitPoint; readonly theta: Float32Array } | undefined;
  /** What the next must be better than, and checks since one was. */
  readonly reference: number;
  readonly since: number;
}

export class BestWeights {
  /** The best check so far, and the weights it was of. */
  best: Checks["best"];
  readonly #options: Required<EarlyStopping>;
  #reference: number;
  #since: number;

  /** @param before the checks of a fit that goes on here */
  constructor(options: Required<EarlyStopping>, before?: Checks) {
    this.#options = options;
    this.best = before?.best;
    this.#reference = before?.reference ?? Number.NEGATIVE_INFINITY;
    this.#since = before?.since ?? 0;
  }

  get checks(): Checks {
    return { best: this.best, reference: this.#reference, since: this.#since };
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
