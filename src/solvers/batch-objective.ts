/** A function that is known a minibatch at a time, and how it is to be brought down. Types only. */
import type { Tensor } from "../engine/tensor.js";
import type { SolverObserver } from "./solver.js";
import type { SolverCheckpoints } from "./solver-checkpoints.js";
import type { UpdateRule } from "./update-rule.js";

/** What a batch's step left behind. */
export interface BatchLoss {
  /** Σ of its rows' losses, those that are not finite left out. */
  readonly sum: number;
  /** Σ of their weights, which divides. */
  readonly weight: number;
  /** Rows whose loss is not finite. */
  readonly faults: number;
}

/** A function of θ known a minibatch at a time. Calls record work; nothing waits. */
export interface BatchObjective {
  readonly parameters: Tensor;
  /** θ as it was before the first step. */
  restart(): void;
  /** What `lossOf` is to be given, once it is read: the last `ringLength` batches. */
  readonly rings: readonly Tensor[];
  readonly ringLength: number;
  readonly batches: number;
  /** How many steps `advance` takes at most. */
  readonly stepsAtOnce: number;
  /** The order in which the next epoch takes the rows. */
  setOrder(order: Int32Array): void;
  /** How many of those may differ in their learning rates: the last of so many holds for all further ones. */
  readonly ratesAtOnce: number;
  /**
   * Steps `step …` of the fit, `count` of them, on batches `batch …` of the epoch: moves θ by the rule, each as far as its rate
   * says, and notes each batch's loss without penalty.
   */
  advance(batch: number, step: number, count: number, rule: UpdateRule, learningRates: readonly number[]): void;
  lossOf(rings: readonly Float32Array[], step: number): BatchLoss;
}

export interface MinibatchOptions {
  readonly rows: number;
  /** Where there are several, steps are counted from 0, and the rule began with a memory of zeros. */
  readonly epochs: number;
  /** The length of step 0, 1, …: known on the host before the first is taken. */
  readonly learningRate: (step: number) => number;
  /** Report at the end of each epoch too, waiting for it, so that a decision made there depends on no clock. */
  readonly reportEpochs: boolean;
  /** Take the rows of each epoch in a new random order. */
  readonly shuffle: boolean;
  readonly seed: number;
  /** The penalty of weights θ on the host: it belongs to J and is not in the batches' losses. */
  readonly penalty: (theta: Float32Array) => number;
  /**
   * Told of the rule's result at each report, before the observer. Where training diverges the last call is for what is to stay: the
   * result that the best epoch began with, undefined for the weights that were there before the first step.
   */
  readonly keep: (theta: Float32Array | undefined) => void;
  readonly observe: SolverObserver;
  /** Throws when the caller wants no more steps; asked before each `advance`. */
  readonly throwIfStopped: () => void;
  readonly checkpoints?: SolverCheckpoints | undefined;
}
