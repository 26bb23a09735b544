/** The options of SoftmaxRegression and of its calls, checked at the door: their ranges, and the defaults filled in. */

import { isLabel, refuseIgnoredClass } from "../data/classes.js";
import { FEATURE_STORAGES } from "../data/feature-storage.js";
import { readable } from "../data/readable.js";
import { Engine } from "../engine/engine.js";
import { MOST_WORKERS } from "../engine/engine-options.js";
import { OptionError } from "../errors.js";
import type { ByteStore } from "../storage/byte-store.js";
import { gramObstacle, refuseGram } from "./gram-option.js";
import type { Label } from "./labels.js";
import { isLearningRate } from "./learning-rate-option.js";
import { isLoss } from "./loss-option.js";
import type {
  BatchFitOptions,
  CheckedBatchFitOptions,
  CheckedCheckpoint,
  CheckedFitOptions,
  CheckpointOptions,
  EvaluateOptions,
  FitOptions,
  JudgeRowsOptions,
  ModelOptions,
  SoftmaxRegressionOptions,
  ValidationRows,
} from "./model-options.js";
import { type CustomRule, checkOptions, fits, type OptionRule } from "./options.js";
import type { FitProgress } from "./report.js";
import type { ClassWeight } from "./row-weights.js";

const isFunction = (value: unknown): value is (progress: FitProgress) => unknown => typeof value === "function";
const isWorkerMaker = (value: unknown): value is () => Worker => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isValidation = (value: unknown): value is number | ValidationRows =>
  typeof value === "number" ? value > 0 && value < 1 : isObject(value);
const isObjectOrBoolean = (value: unknown): value is boolean | object =>
  typeof value === "boolean" || (isObject(value) && !Array.isArray(value));
const isLabels = (value: unknown): value is readonly Label[] => Array.isArray(value);
const isClassWeight = (value: unknown): value is ClassWeight =>
  value === "balanced" || (typeof value === "object" && value !== null && !Array.isArray(value));
const isStandardize = (value: unknown): value is boolean | "center" => typeof value === "boolean" || value === "center";
const isLabelOrNull = (value: unknown): value is Label | null => value === null || isLabel(value);
const isEngine = (value: unknown): value is Engine => value instanceof Engine;
const isSignal = (value: unknown): value is AbortSignal => value instanceof AbortSignal;

const MODEL_TABLE = {
  loss: {
    kind: "custom",
    accepts: isLoss,
    expected: '"cross-entropy", "squared", "margin", "absolute", or { name, … } with parameters in their ranges',
    default: "cross-entropy",
  },
  l2: { kind: "number", min: 0 },
  l1: { kind: "number", min: 0, default: 0 },
  fitIntercept: { kind: "boolean", default: true },
  solver: { kind: "choice", choices: ["auto", "lbfgs", "sgd", "adam", "adamw"], default: "auto" },
  maxIterations: { kind: "integer", min: 1, default: 500 },
  tolerance: { kind: "number", min: 0, default: 3e-5 },
  preconditioner: { kind: "choice", choices: ["auto", "means", "gram"], default: "auto" },
  epochs: { kind: "integer", min: 1, default: 10 },
  batchSize: { kind: "integer", min: 1, default: 256 },
  learningRate: {
    kind: "custom",
    accepts: isLearningRate,
    expected: "a finite number > 0, a function, or { schedule, initial, … } with numbers in their ranges",
  },
  momentum: { kind: "number", min: 0, max: 1, exclusiveMax: true, default: 0 },
  nesterov: { kind: "boolean", default: false },
  weightDecay: { kind: "number", min: 0 },
  clipNorm: { kind: "number", min: 0, exclusiveMin: true },
  averageWeights: {
    kind: "custom",
    accepts: isObjectOrBoolean,
    expected: "true, false or { from } with a number ≥ 0 and < 1",
    default: false,
  },
  shuffle: { kind: "boolean", default: true },
  seed: { kind: "integer", default: 0 },
  features: { kind: "choice", choices: FEATURE_STORAGES, default: "auto" },
  standardize: { kind: "custom", accepts: isStandardize, expected: 'true, false or "center"', default: false },
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

/** All options of a model. */
export const MODEL_OPTION_NAMES: readonly string[] = Object.keys(MODEL_TABLE);

/** Whether it is a word where the option takes words, but no word that there is. */
export function isUnknownWord(name: string, value: unknown): boolean {
  const rule: OptionRule = MODEL_TABLE[name as keyof typeof MODEL_TABLE];
  return typeof value === "string" && (rule.kind === "choice" || rule.kind === "custom") && !fits(value, rule);
}

/** What calls that train on rows have in common. */
export const ROWS_TABLE: Readonly<Record<"sampleWeight" | "onProgress" | "signal", CustomRule>> = {
  sampleWeight: { kind: "custom", accepts: isObject, expected: "an array of numbers" },
  onProgress: { kind: "custom", accepts: isFunction, expected: "a function" },
  signal: { kind: "custom", accepts: isSignal, expected: "an AbortSignal" },
};

const FIT_TABLE = {
  ...ROWS_TABLE,
  validation: { kind: "custom", accepts: isValidation, expected: "{ x, y } or a number > 0 and < 1" },
  earlyStopping: {
    kind: "custom",
    accepts: isObjectOrBoolean,
    expected: "true, false or { patience, minDelta, monitor }",
  },
  checkpoint: { kind: "custom", accepts: isObject, expected: "{ store, name }" },
} as const;

/** What a fit of batches takes. */
const { sampleWeight: _, ...WITHOUT_WEIGHTS } = FIT_TABLE;
const BATCHES_TABLE = {
  ...WITHOUT_WEIGHTS,
  validation: { kind: "custom", accepts: isObject, expected: "{ x, y }: batches cannot be shared out" },
} as const;

const AVERAGE_TABLE = { from: { kind: "number", min: 0, max: 1, exclusiveMax: true, default: 0.5 } } as const;

const JUDGE_TABLE = { sampleWeight: ROWS_TABLE.sampleWeight } as const;
const EVALUATE_TABLE = { ...JUDGE_TABLE, bins: { kind: "integer", min: 1, max: 1e6, default: 15 } } as const;

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export const checkJudgeRowsOptions = (given: JudgeRowsOptions): JudgeRowsOptions =>
  checkOptions(given, JUDGE_TABLE, "calibrate") as JudgeRowsOptions;

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export const checkEvaluateOptions = (given: EvaluateOptions): EvaluateOptions & { readonly bins: number } =>
  checkOptions(given, EVALUATE_TABLE, "evaluate") as EvaluateOptions & { readonly bins: number };

const FOR_SGD = ["momentum", "nesterov"];
/** Refused beside `"auto"`; all others are of use to its `partialFit`, which takes steps of SGD. */
const FOR_NAMED_SOLVERS = ["weightDecay", "clipNorm", "averageWeights"];
const FOR_MINIBATCHES = ["learningRate", "batchSize", "epochs", "shuffle", ...FOR_SGD, ...FOR_NAMED_SOLVERS];
const USELESS: Readonly<Record<string, readonly string[]>> = {
  ...{ sgd: [], adam: FOR_SGD, adamw: FOR_SGD },
  ...{ lbfgs: FOR_MINIBATCHES, auto: FOR_NAMED_SOLVERS },
};

/** Options that nothing comes of with this solver: who gives them would not notice. */
export const uselessFor = (solver: unknown = "auto"): readonly string[] => USELESS[solver as string] ?? [];

/** An option that `fit` has no use for, though `partialFit` has; a fit says so. */
export const uselessToFit = (given: SoftmaxRegressionOptions): string | undefined =>
  (given.solver ?? "auto") === "auto" ? firstAsked(given, FOR_MINIBATCHES) : undefined;

/** What is switched off asks for nothing. */
const firstAsked = (given: SoftmaxRegressionOptions, names: readonly string[]): string | undefined =>
  names.find((name) => ![undefined, false, 0].includes(given[name as keyof SoftmaxRegressionOptions] as undefined));

/** @throws OptionError BAD_OPTION for an option that the solver has no use for */
export function refuseUseless(name: string | undefined, solver: string, where: string): void {
  if (name === undefined) return;
  const [kind, expected] =
    FOR_SGD.includes(name) && solver.startsWith("adam")
      ? ["SGD", '"sgd"']
      : ["minibatches", '"sgd", "adam" or "adamw"'];
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`${name}\` is for ${kind}: expected \`solver\` ${expected}, got "${solver}".`,
  );
}

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export function checkModelOptions(given: SoftmaxRegressionOptions): ModelOptions {
  const options = checkOptions(given, MODEL_TABLE, "SoftmaxRegression");
  refuseUseless(firstAsked(given, uselessFor(options.solver)), options.solver, "SoftmaxRegression");
  const loss = typeof options.loss === "string" ? { name: options.loss } : { ...options.loss };
  if (options.nesterov && options.momentum === 0) {
    throw new OptionError(
      "BAD_OPTION",
      "SoftmaxRegression: option `nesterov` needs momentum: expected `momentum` > 0, got 0.",
    );
  }
  if (loss.name === "margin" && options.labelSmoothing > 0) {
    throw new OptionError(
      "BAD_OPTION",
      `SoftmaxRegression: option \`labelSmoothing\` is not for loss "margin", which knows one class a row: expected 0, got ${options.labelSmoothing}.`,
    );
  }
  const obstacle = options.preconditioner === "gram" && gramObstacle({ ...options, loss });
  if (obstacle) throw refuseGram("SoftmaxRegression", obstacle);
  refuseIgnoredClass(options.classes ?? [], options.ignoreLabel, "SoftmaxRegression");
  const isAdamW = options.solver === "adamw";
  const solver = options.solver === "adamw" ? "adam" : options.solver;
  const { l2 = isAdamW ? 0 : 1e-4, weightDecay = isAdamW ? 0.01 : 0 } = options;
  const average = options.averageWeights === true ? {} : options.averageWeights;
  const averageWeights = average
    ? checkOptions(average, AVERAGE_TABLE, "SoftmaxRegression: averageWeights")
    : undefined;
  return { ...options, ...ownCopies(options), loss, solver, l2, weightDecay, averageWeights };
}

/** Of what the caller may change afterwards. */
function ownCopies({
  classes,
  classWeight,
  learningRate,
}: Pick<ModelOptions, "classes" | "classWeight" | "learningRate">) {
  const weights = (): ClassWeight | undefined => {
    if (classWeight instanceof Map) return new Map(classWeight);
    return typeof classWeight === "object" ? { ...classWeight } : classWeight;
  };
  return {
    classes: classes && [...classes],
    classWeight: readable({ where: "SoftmaxRegression", name: "option `classWeight`" }, weights),
    learningRate: typeof learningRate === "object" ? { ...learningRate } : learningRate,
  };
}

const STOPPING_TABLE = {
  patience: { kind: "integer", min: 1, default: 5 },
  minDelta: { kind: "number", min: 0, default: 0 },
  monitor: { kind: "choice", choices: ["validationLoss", "validationAccuracy"], default: "validationLoss" },
} as const;

const isStore = (value: unknown): value is ByteStore =>
  isObject(value) && ["get", "put", "delete"].every((call) => typeof (value as never)[call] === "function");
const isName = (value: unknown): value is string => typeof value === "string" && value !== "";
const CHECKPOINT_TABLE = {
  store: { kind: "custom", accepts: isStore, expected: "a store such as indexedDbStore()" },
  name: { kind: "custom", accepts: isName, expected: "a string that is not empty" },
  everyMs: { kind: "number", min: 0 },
} as const;

function checkCheckpoint(given: CheckpointOptions): CheckedCheckpoint {
  const { store, name, everyMs } = checkOptions(given, CHECKPOINT_TABLE, "fit: checkpoint");
  if (store && name !== undefined) return { store, name, everyMs };
  const missing = store ? "name" : "store";
  throw new OptionError(
    "BAD_OPTION",
    `fit: checkpoint: option \`${missing}\` is missing: expected ${CHECKPOINT_TABLE[missing].expected}, got undefined.`,
  );
}

/** The options as they are now, each read once; the caller may change the object. @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export const checkFitOptions = (given: FitOptions): CheckedFitOptions =>
  filledUp(checkOptions(given, FIT_TABLE, "fit") as FitOptions);

/** The same of batches. */
export const checkBatchFitOptions = (given: BatchFitOptions): CheckedBatchFitOptions =>
  filledUp(checkOptions(given, BATCHES_TABLE, "fit: of batches") as BatchFitOptions);

function filledUp<Given extends Pick<FitOptions, "validation" | "earlyStopping" | "checkpoint">>({
  earlyStopping = false,
  checkpoint,
  ...rest
}: Given): Omit<Given, "earlyStopping" | "checkpoint"> & Pick<CheckedFitOptions, "earlyStopping" | "checkpoint"> {
  const options = { ...rest, checkpoint: checkpoint && checkCheckpoint(checkpoint) };
  if (earlyStopping === false) return { ...options, earlyStopping: undefined };
  if (rest.validation === undefined) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: option `earlyStopping` needs `validation`: rows to see whether it gets better.",
    );
  }
  const chosen = earlyStopping === true ? {} : earlyStopping;
  return { ...options, earlyStopping: checkOptions(chosen, STOPPING_TABLE, "fit: earlyStopping") };
}
