/** How a gradient moves the weights: what tells minibatch solvers apart. */
import type { Tensor } from "../engine/tensor.js";

export interface UpdateRule {
  /** Moves the weights by the gradient, in place, on the device. */
  apply(step: { readonly gradient: Tensor; readonly learningRate: number; readonly number: number }): void;
}

/** What an update rule is made for. */
export interface UpdateTarget {
  /** θ [p×k] */
  readonly weights: Tensor;
  readonly l2: number;
  /** l2 applies to so many first rows of θ. */
  readonly penalisedRows: number;
}
