/** What all solvers report while they work and when they stop. */

/** Why a fit ended. `precision`: float32 cannot see a lower loss, though the tolerance was not reached. */
export type StopReason = "converged" | "max-iterations" | "precision" | "diverged" | "aborted" | "early-stop";

/** Where a solver is, after an iteration (full batch) or now and then (minibatches). */
export interface SolverProgress {
  /** Iterations of L-BFGS or steps of a minibatch solver, done so far. */
  readonly iteration: number;
  /** J, penalties included; for minibatches the mean over the batches since the last report. */
  readonly loss: number;
  /** max |dJ|; undefined for minibatches, which never see it. */
  readonly gradientNorm: number | undefined;
  /** Products with the data so far. */
  readonly passes: number;
}

export interface SolverResult extends SolverProgress {
  readonly stopReason: StopReason;
}

/** Told after every iteration; a solver stops when it throws. */
export type SolverObserver = (progress: SolverProgress) => Promise<void>;
