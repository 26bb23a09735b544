/** How a gradient moves the weights: what tells minibatch solvers apart. */
import type { Tensor } from "../engine/tensor.js";
import type { LinearStepArguments } from "../ops/linear-step.js";
import type { SmallBatchArguments } from "../ops/small-batch-arguments.js";

/** Which step it is: `number` counts from 1. */
export interface UpdateStep {
  readonly learningRate: number;
  readonly number: number;
}

/** Several of them: `number` is the first's, and the last learning rate holds for all that have none of their own. */
export interface UpdateSteps {
  readonly learningRates: readonly number[];
  readonly number: number;
}

/** The rows of a batch of a linear softmax model; `loss` [4] is written. */
export type LinearBatch = Omit<LinearStepArguments<Tensor>, "theta"> & { readonly loss: Tensor };

/** Several batches of it; `losses` [slots×4] is written, a row for each. */
export type LinearBatches = Pick<
  SmallBatchArguments<Tensor>,
  "x" | "labels" | "soft" | "rowWeight" | "labelSmoothing" | "ignoreIndex" | "order" | "first" | "rows" | "batchSize"
> &
  Pick<SmallBatchArguments<Tensor>, "losses" | "firstSlot">;

export interface UpdateRule {
  /** What it remembers from step to step, by name: with θ and the number of steps all that the next step depends on. */
  readonly memory: Readonly<Record<string, Tensor>>;
  /** Moves the weights by the gradient, in place, on the device. */
  apply(step: UpdateStep & { readonly gradient: Tensor }): void;
  /** Computes the gradient of a batch of a linear softmax model and moves the weights by it, in two launches. */
  advance(batch: LinearBatch, step: UpdateStep): void;
  /** Does so for several batches, one after the other, in one launch. */
  advanceMany(batches: LinearBatches, steps: UpdateSteps): void;
}

/** What an update rule is made for. */
export interface UpdateTarget {
  /** θ [p×k] */
  readonly weights: Tensor;
  readonly l1: number;
  readonly l2: number;
  /** l1 and l2 apply to so many first rows of θ. */
  readonly penalisedRows: number;
  /** Steps come by `advanceMany` alone; else by the other ways. */
  readonly many: boolean;
}
