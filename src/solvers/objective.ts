/** What a full-batch solver sees: a function of parameters with a gradient, its restriction to a line, and what is known of its curvature. */
import type { Tensor } from "../engine/tensor.js";
import type { Waits } from "./waits.js";

/** Where an evaluation finds the step, and where its results go; all on the device. */
export interface Evaluation {
  /** The solver's scalars; the step taken is one of them. */
  readonly state: Tensor;
  /** [p×k], D. */
  readonly direction: Tensor;
  /**
   * [(2m + 1)·p × k], updated: s and y of the slot that the state tells, and g, which is the gradient before until then. With l1 g is
   * the subgradient of least size, and one vector more is the smooth part.
   */
  readonly stack: Tensor;
  /** m */
  readonly pairs: number;
  /** [r×4], written: rows that add up to Σℓ, 0, 0, faults. */
  readonly losses: Tensor;
  /** [q×4], written: rows of the squares of θ's penalised part (with l1: the penalty), max |dJ| as users know it, gᵀg, faults. */
  readonly gradient: Tensor;
}

/**
 * `J(θ) = scale · Σℓ + l1·‖W‖₁ + (l2/2)·‖W‖²` of a linear model, W the first rows of θ. Logits are linear in θ, so trial steps along a
 * direction cost no pass over the data. Calls record work on the device; nothing waits, unless the data itself must be waited for:
 * then the passes give a promise.
 */
export interface LineObjective {
  /** θ [p×k]: the solver moves it. */
  readonly parameters: Tensor;
  readonly scale: number;
  readonly l1: number;
  readonly l2: number;
  readonly penalisedRows: number;
  /** Steps are judged by J too, not by its slope alone: not given where J is smooth and convex. */
  readonly byValue?: boolean;
  /** r: how many rows its sums are left in, to be added up by the solver. */
  readonly slices: number;
  /** Given where directions are to be of its metric; not with l1. */
  readonly preconditioner?: Preconditioner | undefined;
  /** Products with the data so far: what a solver's cost is counted in. */
  readonly passes: number;
  /** Makes the cached logits agree with θ. One pass. */
  refresh(): Waits;
  /** Prepares trial steps along `direction` [p×k]. One pass. */
  aim(direction: Tensor): Waits;
  /** Σℓ and its derivatives at the trial steps that the state wants, into `out` [r×4T]. */
  tryStep(state: Tensor, out: Tensor): void;
  /** Moves the logits by the step that the state tells, and gives loss, gradient and pair there; θ itself stays. One pass. */
  evaluate(evaluation: Evaluation): Waits;
}

/** P, an approximation of the inverse Hessian for each class: directions are of P·g where they were of g. */
export interface Preconditioner {
  /** [p×p], symmetric: P, once it has been made. */
  readonly matrix: Tensor;
  /** Makes P of the curvature where the cached logits are; false where it would not pay, and the matrix stays as it was. */
  make(throwIfStopped: () => void): Promise<boolean>;
}

/** One whose fit can be taken up where another has left it. */
export interface ResumableObjective extends LineObjective {
  /** θ as it was read from `parameters`, and the passes until then; `refresh` is to follow. */
  restore(theta: Float32Array, passes: number): void;
}
