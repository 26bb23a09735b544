/** The options of SoftmaxRegression and of its calls: what they mean and their defaults. Types only. */

import type { FeatureStorage, MatrixLike, NumericArray } from "../data/matrix.js";
import type { Engine } from "../engine/engine.js";
import type { EngineOptions } from "../engine/engine-options.js";
import type { Tensor } from "../engine/tensor.js";
import type { LossChoice, LossOption } from "../losses/loss-option.js";
import type { LearningRateSchedule } from "../solvers/learning-rate.js";
import type { ByteStore } from "../storage/byte-store.js";
import type { EarlyStopping } from "./early-stopping.js";
import type { Label, LabelsLike } from "./labels.js";
import type { FitProgress } from "./report.js";
import type { ClassWeight } from "./row-weights.js";

/** What a model is made with; every fit of it goes by these. */
export interface SoftmaxRegressionOptions extends EngineOptions {
  /**
   * What training brings down: a word, or `{ name, … }` with parameters. Default `"cross-entropy"`, whose probabilities mean what they
   * say; with the others they are the softmax of scores that were not trained to be that, and want `calibrate`.
   */
  readonly loss?: LossOption;
  /** Factor of ‖W‖²/2 in the mean-scale objective, ≥ 0; scikit-learn's `C` is 1 / (l2 · Σ sample weights). Default 1e-4; 0 for `"adamw"`. */
  readonly l2?: number;
  /** Factor of ‖W‖₁ in the mean-scale objective, ≥ 0: weights that tell too little become exactly 0. With `l2` an elastic net. Default 0. */
  readonly l1?: number;
  /** Learn b too; it is never penalised. Default true. */
  readonly fitIntercept?: boolean;
  /**
   * `"lbfgs"` sees all rows at each iteration and ends at the optimum; `"sgd"` and `"adam"` take minibatches. `"auto"` is `"lbfgs"`;
   * `"adamw"` is `"adam"` with `weightDecay` 0.01 and `l2` 0, unless these are given. Options that are for minibatches are refused with
   * `"lbfgs"`, and by the `fit` of `"auto"`, whose `partialFit` takes them.
   */
  readonly solver?: "auto" | "lbfgs" | "sgd" | "adam" | "adamw";
  /** Iterations of L-BFGS at most, in `fit` or `forget`. Default 500. */
  readonly maxIterations?: number;
  /** L-BFGS, of `fit` or `forget`, has converged when max |dJ| (with l1: of its subgradients the least) is at most this. Default 3e-5. */
  readonly tolerance?: number;
  /**
   * What L-BFGS takes for the inverse Hessian to begin with. `"means"`: the identity about the columns' means. `"gram"`: from the ninth
   * iteration on, the inverse of the Gram matrix of some of the rows, weighted by how uncertain the model is of each, so that columns which
   * vary unequally or go together cost no iterations; for dense X of up to 2,047 columns, the losses `"cross-entropy"` and `"squared"`, and
   * l1 = 0. `"auto"`, the default, is `"gram"` where it takes less time than it saves.
   */
  readonly preconditioner?: "auto" | "means" | "gram";
  /** Passes of a minibatch solver over the rows. Default 10. */
  readonly epochs?: number;
  /** Rows in a minibatch. Default 256. */
  readonly batchSize?: number;
  /** Step length of a minibatch solver, > 0, or how it changes from step to step. Default 0.1 for SGD, 0.01 for Adam. */
  readonly learningRate?: number | LearningRateSchedule;
  /** Share of the last step that SGD goes on with, in [0, 1). Default 0. */
  readonly momentum?: number;
  /** SGD looks ahead along its momentum. Default false. */
  readonly nesterov?: boolean;
  /**
   * λ ≥ 0 of `W ← W − rate·λ·W`, by which each step of a minibatch solver draws the weights towards 0 beside what the gradient does
   * (Loshchilov & Hutter 2019). Unlike `l2` it goes round momentum and Adam's scaling, and is no part of J. The intercept is not drawn.
   * Default 0; 0.01 for `"adamw"`.
   */
  readonly weightDecay?: number;
  /**
   * c > 0: a minibatch solver's steps go by `g · c / max(‖g‖₂, c)`, where g is the gradient of the batch's mean loss and of l2's penalty,
   * of W and b together: in the same direction and no longer than c. Unless given, gradients are taken as they are.
   */
  readonly clipNorm?: number;
  /**
   * A minibatch solver's model gets the mean `θ̄ = (1/m) Σ θ` of W and b after each of the last m steps, rather than those after the last
   * (Polyak & Juditsky 1992). It begins with epoch ⌊from · epochs⌋, of epochs 0, 1, …: from in [0, 1), 0.5 for `true`. From then on
   * progress and validation are of θ̄; steps go on from θ, whose loss is told. Calls of `partialFit` are one epoch together: θ̄ is of all
   * steps since the first. Default false.
   */
  readonly averageWeights?: boolean | { readonly from?: number };
  /** Minibatch solvers take the rows in a new random order each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Determines the random order: the same seed on the same device gives the same bits. Default 0. */
  readonly seed?: number;
  /**
   * The memory that each feature takes while it is trained and validated on: `"f32"` 4 bytes, `"f16"` 2, rounded to the nearest half,
   * `"u8"` 1, rounded to the nearest of 256 even steps; `"auto"`, the default, rounds nothing. Rows to predict are rounded alike by
   * `"f16"`, and not by `"u8"`, where a row's values would depend on the rows beside it. A tensor stays as it is.
   */
  readonly features?: FeatureStorage;
  /**
   * `true` trains as if columns were `(x − μ)/σ`, `"center"` as if they were `x − μ`, by the means and standard deviations of the rows as
   * they count: the penalty, steps and tolerance are those of the scaled columns' weights. `coef` and `intercept` are of X as it was
   * given, which is never rewritten; a constant column has σ = 1. Without `fitIntercept` the intercept is −μᵀW. Default false.
   */
  readonly standardize?: boolean | "center";
  /** Start the next fit from the weights of the last one. Default false. */
  readonly warmStart?: boolean;
  /** ε in [0, 1): training targets are `(1 − ε)·q + ε/k`, so that no probability is driven to 0 or 1. Default 0. */
  readonly labelSmoothing?: number;
  /**
   * How much rows count by their class: the sample weight times this. `"balanced"` gives each class the same weight in all (sample
   * weights counted), a Map or an object says it by class, 1 where it does not. Soft targets count by the classes they are made of.
   * Validation and evaluation are not weighted by class.
   */
  readonly classWeight?: ClassWeight;
  /** Rows with this label count for nothing, wherever y is given: null, for instance, or −1. No row is ignored unless given. */
  readonly ignoreLabel?: Label | null;
  /** All classes, where the rows may lack some. Taken from the labels unless given. */
  readonly classes?: readonly Label[];
  /** An engine to share with others; it is not disposed of with the model. */
  readonly engine?: Engine;
}

/** Features: a matrix in any of its forms, or a tensor of the model's own engine. */
export type Features = MatrixLike | Tensor;

/** Some of the rows to train on. */
export interface RowBatch {
  /** [m×d], in any form that X may have; d is the same for all. */
  readonly x: Features;
  /** As all labels; each must be one of the model's `classes`. */
  readonly y: LabelsLike;
  /** A weight ≥ 0 for each of these rows. */
  readonly sampleWeight?: NumericArray | readonly number[];
}

/**
 * Rows that come in pieces: an async iterable, or a function that makes one (or a plain iterable, or a promise of either) for each pass
 * over the rows. The pieces need not be of one size, and are copied when they come.
 */
export type Batches =
  | AsyncIterable<RowBatch>
  | (() => AsyncIterable<RowBatch> | Iterable<RowBatch> | Promise<AsyncIterable<RowBatch> | Iterable<RowBatch>>);

/** What a `fit` of batches takes besides. */
export interface BatchFitOptions extends Pick<FitOptions, "onProgress" | "signal" | "earlyStopping"> {
  /** Rows to measure loss and accuracy on while training goes on; they stay in memory. */
  readonly validation?: ValidationRows;
  /**
   * Keeps the state of the fit now and then: SGD and Adam between epochs, L-BFGS at every twentieth iteration. Called again with batches that
   * are cut alike and come in the same order, it goes on to the bits of a fit that was never interrupted. L-BFGS compares all rows
   * with those before. SGD and Adam read no more than they train on: they compare d, the form of y, and what a pass before the first
   * step told them (rows, steps, the columns' means and deviations, how classes are balanced); other rows they do not notice.
   */
  readonly checkpoint?: CheckpointOptions;
}

/** Rows with known labels that are not trained on. */
export interface ValidationRows {
  /** [m×d], in any form that X may have. */
  readonly x: Features;
  /** As the labels that are trained on; each must be one of their classes. */
  readonly y: LabelsLike;
  /** A weight ≥ 0 for each of these rows. */
  readonly sampleWeight?: NumericArray | readonly number[];
}

/** Where a fit keeps its state. */
export interface CheckpointOptions {
  /** `indexedDbStore()` in a browser, or one of your own. */
  readonly store: ByteStore;
  /** Tells fits apart: the state lies in the store as `checkpoints/NAME`. */
  readonly name: string;
  /**
   * The shortest time between two, in milliseconds, ≥ 0. Default 10,000, and longer where the last one took more than a tenth of that.
   * L-BFGS keeps its state at every twentieth iteration only; of batches, SGD and Adam theirs between epochs.
   */
  readonly everyMs?: number;
}

/** A copy that nobody else changes. */
export type CheckedCheckpoint = Required<Omit<CheckpointOptions, "everyMs">> & { readonly everyMs: number | undefined };

/** What one `fit` takes besides X and y. */
export interface FitOptions {
  /** A weight ≥ 0 for each row: 2 is the same as having it twice, 0 as leaving it out. */
  readonly sampleWeight?: NumericArray | readonly number[];
  /**
   * Rows to measure loss and accuracy on while training goes on; or the share of the rows, in (0, 1), to set aside for that: of each
   * class alike, drawn by the model's `seed`. A tensor cannot be shared out.
   */
  readonly validation?: number | ValidationRows;
  /** Ends the fit when validation gets no better, and gives the model the weights that were best. `true` for the defaults. */
  readonly earlyStopping?: boolean | EarlyStopping;
  /**
   * Keeps the state of the fit now and then, and goes on from the state of one that was interrupted: by an abort, a reload, a crash. It
   * ends with the bits of a fit that was never interrupted, on the same device. Deleted when the fit has ended with a report.
   */
  readonly checkpoint?: CheckpointOptions;
  /** Called about ten times a second and at the end; may return a promise. Throwing ends the fit. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** Ends the fit early: it rejects with the signal's reason, and the weights so far stay usable. */
  readonly signal?: AbortSignal;
}

/** What `partialFit` takes. */
export interface PartialFitOptions extends Pick<FitOptions, "sampleWeight" | "onProgress" | "signal"> {
  /** All classes there will ever be. The first call needs them, unless the model's option `classes` says it; later ones may repeat them. */
  readonly classes?: readonly Label[];
}

/** What `forget` takes. */
export type ForgetOptions = Pick<FitOptions, "sampleWeight" | "onProgress" | "signal">;

/** What `calibrate` takes. */
export interface JudgeRowsOptions {
  /** A weight ≥ 0 for each row: 2 is the same as having it twice, 0 as leaving it out. */
  readonly sampleWeight?: NumericArray | readonly number[];
}

/** What `evaluate` takes. */
export interface EvaluateOptions extends JudgeRowsOptions {
  /** How many bins of equal width the calibration error cuts [0, 1] into. Default 15. */
  readonly bins?: number;
}

/** A model's options with the defaults filled in. */
export type ModelOptions = Required<
  Omit<
    SoftmaxRegressionOptions,
    | "loss"
    | "solver"
    | "clipNorm"
    | "averageWeights"
    | "learningRate"
    | "classes"
    | "classWeight"
    | "ignoreLabel"
    | "engine"
    | keyof EngineOptions
  >
> & {
  readonly loss: LossChoice;
  readonly solver: "auto" | "lbfgs" | "sgd" | "adam";
  readonly clipNorm: number | undefined;
  readonly averageWeights: { readonly from: number } | undefined;
  readonly classWeight: ClassWeight | undefined;
  readonly ignoreLabel: Label | null | undefined;
  readonly learningRate: number | LearningRateSchedule | undefined;
  readonly classes: readonly Label[] | undefined;
  readonly engine: Engine | undefined;
};

/** With the defaults of early stopping filled in. */
export interface CheckedFitOptions extends Omit<FitOptions, "earlyStopping" | "checkpoint"> {
  readonly checkpoint: CheckedCheckpoint | undefined;
  readonly earlyStopping: Required<EarlyStopping> | undefined;
}

/** The same of batches. */
export interface CheckedBatchFitOptions extends Omit<CheckedFitOptions, "validation" | "sampleWeight"> {
  readonly validation?: ValidationRows;
}
