/** What all solvers report while they work and when they stop. */

/**
 * Why a fit ended. `converged`: the tolerance was reached. `max-iterations`: it was not within `maxIterations`, or a minibatch
 * solver has done its epochs, which is how it always ends well. `precision`: float32 cannot see a lower loss, though the
 * tolerance was not reached. `diverged`: the loss grew without bound. `early-stop`: validation got no better. A fit that its signal
 * ends has no report: it rejects with the signal's reason, and the weights so far stay.
 */
export type StopReason = "converged" | "max-iterations" | "precision" | "diverged" | "early-stop";

/** Where a solver is, after an iteration (full batch) or now and then (minibatches). */
export interface SolverProgress {
  /** Iterations of L-BFGS or steps of a minibatch solver, done so far. */
  readonly iteration: number;
  /** J, penalties included; for minibatches the mean over the last batches, an epoch's at most. */
  readonly loss: number;
  /** max |dJ|, with l1 of the subgradient of least size; undefined for minibatches, which never see it. */
  readonly gradientNorm: number | undefined;
  /** Products with the data so far. */
  readonly passes: number;
}

export interface SolverResult extends SolverProgress {
  readonly stopReason: StopReason;
}

/** Told after every iteration; a solver stops when it throws. */
export type SolverObserver = (progress: SolverProgress) => Promise<void>;
