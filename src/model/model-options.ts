/** The options of SoftmaxRegression and of its `fit`, with their ranges and defaults. */

import { isLabel } from "../data/classes.js";
import { FEATURE_STORAGES } from "../data/feature-storage.js";
import type { FeatureStorage, MatrixLike, NumericArray } from "../data/matrix.js";
import { MOST_WORKERS } from "../engine/cpu/cpu-device.js";
import type { EngineOptions } from "../engine/create-engine.js";
import { Engine } from "../engine/engine.js";
import type { Tensor } from "../engine/tensor.js";
import { OptionError } from "../errors.js";
import type { LearningRateSchedule } from "../solvers/learning-rate.js";
import type { EarlyStopping } from "./early-stopping.js";
import type { Label, LabelsLike } from "./labels.js";
import { isLearningRate } from "./learning-rate-option.js";
import { checkOptions } from "./options.js";
import type { FitProgress } from "./report.js";
import type { ClassWeight } from "./row-weights.js";

export interface SoftmaxRegressionOptions extends EngineOptions {
  /** Factor of ‖W‖²/2 in the mean-scale objective, ≥ 0; scikit-learn's `C` is 1 / (l2 · Σ sample weights). Default 1e-4. */
  readonly l2?: number;
  /** Learn b too; it is never penalised. Default true. */
  readonly fitIntercept?: boolean;
  /** `"lbfgs"` sees all rows at each iteration and ends at the optimum; `"sgd"` and `"adam"` take minibatches. `"auto"` is `"lbfgs"`. */
  readonly solver?: "auto" | "lbfgs" | "sgd" | "adam";
  /** Iterations of L-BFGS at most. Default 500. */
  readonly maxIterations?: number;
  /** L-BFGS has converged when max |dJ| is at most this. Default 3e-5. */
  readonly tolerance?: number;
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

export interface ValidationRows {
  readonly x: Features;
  readonly y: LabelsLike;
  readonly sampleWeight?: NumericArray | readonly number[];
}

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
  /** Called about ten times a second and at the end; may return a promise. Throwing ends the fit. */
  readonly onProgress?: (progress: FitProgress) => unknown;
  /** Ends the fit early: it rejects with the signal's reason, and the weights so far stay usable. */
  readonly signal?: AbortSignal;
}

/** What `calibrate` takes. */
export interface JudgeRowsOptions {
  /** A weight ≥ 0 for each row: 2 is the same as having it twice, 0 as leaving it out. */
  readonly sampleWeight?: NumericArray | readonly number[];
}

export interface EvaluateOptions extends JudgeRowsOptions {
  /** How many bins of equal width the calibration error cuts [0, 1] into. Default 15. */
  readonly bins?: number;
}

/** A model's options with the defaults filled in. */
export type ModelOptions = Required<
  Omit<
    SoftmaxRegressionOptions,
    "learningRate" | "classes" | "classWeight" | "ignoreLabel" | "engine" | keyof EngineOptions
  >
> & {
  readonly classWeight: ClassWeight | undefined;
  readonly ignoreLabel: Label | null | undefined;
  readonly learningRate: number | LearningRateSchedule | undefined;
  readonly classes: readonly Label[] | undefined;
  readonly engine: Engine | undefined;
};

const isFunction = (value: unknown): value is (progress: FitProgress) => unknown => typeof value === "function";
const isWorkerMaker = (value: unknown): value is () => Worker => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isValidation = (value: unknown): value is number | ValidationRows =>
  typeof value === "number" ? value > 0 && value < 1 : isObject(value);
const isObjectOrBoolean = (value: unknown): value is boolean | object => typeof value === "boolean" || isObject(value);
const isLabels = (value: unknown): value is readonly Label[] => Array.isArray(value);
const isClassWeight = (value: unknown): value is ClassWeight =>
  value === "balanced" || (typeof value === "object" && value !== null && !Array.isArray(value));
const isLabelOrNull = (value: unknown): value is Label | null => value === null || isLabel(value);
const isEngine = (value: unknown): value is Engine => value instanceof Engine;
const isSignal = (value: unknown): value is AbortSignal => value instanceof AbortSignal;

const MODEL_TABLE = {
  l2: { kind: "number", min: 0, default: 1e-4 },
  fitIntercept: { kind: "boolean", default: true },
  solver: { kind: "choice", choices: ["auto", "lbfgs", "sgd", "adam"], default: "auto" },
  maxIterations: { kind: "integer", min: 1, default: 500 },
  tolerance: { kind: "number", min: 0, default: 3e-5 },
  epochs: { kind: "integer", min: 1, default: 10 },
  batchSize: { kind: "integer", min: 1, default: 256 },
  learningRate: {
    kind: "custom",
    accepts: isLearningRate,
    expected: "a finite number > 0, a function, or { schedule, initial, … } with numbers in their ranges",
  },
  momentum: { kind: "number", min: 0, max: 1, exclusiveMax: true, default: 0 },
  nesterov: { kind: "boolean", default: false },
  shuffle: { kind: "boolean", default: true },
  seed: { kind: "integer", default: 0 },
  features: { kind: "choice", choices: FEATURE_STORAGES, default: "auto" },
  warmStart: { kind: "boolean", default: false },
  labelSmoothing: { kind: "number", min: 0, max: 1, exclusiveMax: true, default: 0 },
  classWeight: { kind: "custom", accepts: isClassWeight, expected: '"balanced", a Map or an object' },
  ignoreLabel: { kind: "custom", accepts: isLabelOrNull, expected: "a label or null" },
  classes: { kind: "custom", accepts: isLabels, expected: "an array of labels" },
  engine: { kind: "custom", accepts: isEngine, expected: "an engine made by createEngine" },
  device: { kind: "choice", choices: ["auto", "webgpu", "cpu"] },
  gpuDevice: { kind: "custom", accepts: isObject, expected: "a GPU device" },
  gpu: { kind: "custom", accepts: isObject, expected: "a WebGPU entry point" },
  powerPreference: { kind: "choice", choices: ["low-power", "high-performance"] },
  workers: { kind: "integer", min: 0, max: MOST_WORKERS },
  createWorker: { kind: "custom", accepts: isWorkerMaker, expected: "a function that makes a worker" },
} as const;

const FIT_TABLE = {
  sampleWeight: { kind: "custom", accepts: isObject, expected: "an array of numbers" },
  validation: { kind: "custom", accepts: isValidation, expected: "{ x, y } or a number > 0 and < 1" },
  earlyStopping: {
    kind: "custom",
    accepts: isObjectOrBoolean,
    expected: "true, false or { patience, minDelta, monitor }",
  },
  onProgress: { kind: "custom", accepts: isFunction, expected: "a function" },
  signal: { kind: "custom", accepts: isSignal, expected: "an AbortSignal" },
} as const;

const JUDGE_TABLE = { sampleWeight: FIT_TABLE.sampleWeight } as const;
const EVALUATE_TABLE = { ...JUDGE_TABLE, bins: { kind: "integer", min: 1, max: 1e6, default: 15 } } as const;

/** The engine's part of a model's options, in a copy: what the caller does to the object afterwards must not decide on the device. */
export function deviceOptions(options: EngineOptions): EngineOptions {
  const { device, gpuDevice, gpu, powerPreference, workers, createWorker } = options;
  return {
    ...(device && { device }),
    ...(gpuDevice && { gpuDevice }),
    ...(gpu && { gpu }),
    ...(powerPreference && { powerPreference }),
    ...(workers !== undefined && { workers }),
    ...(createWorker && { createWorker }),
  };
}

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export const checkJudgeRowsOptions = (given: JudgeRowsOptions): JudgeRowsOptions =>
  checkOptions(given, JUDGE_TABLE, "calibrate") as JudgeRowsOptions;

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export const checkEvaluateOptions = (given: EvaluateOptions): EvaluateOptions & { readonly bins: number } =>
  checkOptions(given, EVALUATE_TABLE, "evaluate") as EvaluateOptions & { readonly bins: number };

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export function checkModelOptions(given: SoftmaxRegressionOptions): ModelOptions {
  const options = checkOptions(given, MODEL_TABLE, "SoftmaxRegression");
  if (options.nesterov && options.momentum === 0) {
    throw new OptionError(
      "BAD_OPTION",
      "SoftmaxRegression: option `nesterov` needs momentum: expected `momentum` > 0, got 0.",
    );
  }
  return options;
}

const STOPPING_TABLE = {
  patience: { kind: "integer", min: 1, default: 5 },
  minDelta: { kind: "number", min: 0, default: 0 },
  monitor: { kind: "choice", choices: ["validationLoss", "validationAccuracy"], default: "validationLoss" },
} as const;

/** With the defaults of early stopping filled in. */
export interface CheckedFitOptions extends Omit<FitOptions, "earlyStopping"> {
  readonly earlyStopping: Required<EarlyStopping> | undefined;
}

/** The options as they are now, each read once; the caller may change the object. @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export function checkFitOptions(given: FitOptions): CheckedFitOptions {
  const options = checkOptions(given, FIT_TABLE, "fit") as FitOptions;
  const { earlyStopping = false } = options;
  if (earlyStopping === false) return { ...options, earlyStopping: undefined };
  if (options.validation === undefined) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: option `earlyStopping` needs `validation`: rows to see whether it gets better.",
    );
  }
  const chosen = earlyStopping === true ? {} : earlyStopping;
  return { ...options, earlyStopping: checkOptions(chosen, STOPPING_TABLE, "fit: earlyStopping") };
}
