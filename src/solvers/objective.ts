/** What a full-batch solver sees: a function of parameters with a gradient, and its restriction to a line. */
import type { Tensor } from "../engine/tensor.js";

/** J along a line at some step t. */
export interface LinePoint {
  /** J(θ + t·D) */
  readonly loss: number;
  /** dJ/dt */
  readonly slope: number;
  /** d²J/dt², ≥ 0 for a convex J. */
  readonly curvature: number;
}

/**
 * J(θ) of a linear model, whose logits are linear in θ: trial steps along a direction cost no pass over the data.
 * Calls record work on the device; only `lineAt` waits.
 */
export interface LineObjective {
  /** θ [p×k]: starts where the solver starts, ends where it ended. */
  readonly parameters: Tensor;
  /** Products with the data so far: what a solver's cost is counted in. */
  readonly passes: number;
  /** Makes the cached logits agree with θ. One pass. */
  refresh(): void;
  /** dJ into `gradient` [p×k], by which solvers descend. One pass. */
  evaluate(gradient: Tensor): void;
  /** `[4]` each, of the last `evaluate`: summaries of the rows' losses, of the gradient as users know it, and of θ's penalised part. */
  readonly summaries: { readonly losses: Tensor; readonly gradient: Tensor; readonly weights: Tensor };
  /** J from the three summaries once they are read. */
  lossOf(losses: ArrayLike<number>, weights: ArrayLike<number>): number;
  /** Prepares trial steps along `direction` [p×k]. One pass. */
  aim(direction: Tensor): void;
  lineAt(step: number): Promise<LinePoint>;
  /** θ ← θ + step · direction, and the logits with it. No pass. */
  advance(step: number): void;
}
