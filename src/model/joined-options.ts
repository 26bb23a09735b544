/** The options that `fitPath` and `crossValidate` have in common, and how they are checked. */
import { describeValue } from "../data/describe-value.js";
import { copyEngineOptions, type EngineOptions } from "../engine/engine-options.js";
import { OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { checkFitOptions, checkModelOptions } from "./check-options.js";
import type { CheckedFitOptions, FitOptions, ModelOptions, SoftmaxRegressionOptions } from "./model-options.js";

/** Told to `onProgress` about ten times a second. */
export interface JoinedFitProgress {
  /** Of the models that are trained now, those that are furthest. */
  readonly iteration: number;
  /** Where `iteration` will be at the latest. */
  readonly maxIterations: number;
  /** Models in all. */
  readonly models: number;
  /** Those that are not done. */
  readonly running: number;
  /** Products with X so far, each for all running models at once. */
  readonly passes: number;
  /** Milliseconds since the call. */
  readonly elapsedMs: number;
}

/** Options of the model that hold for all penalties. */
type SharedModelOptions = Pick<SoftmaxRegressionOptions, (typeof MODEL_NAMES)[number]>;

/** What `fitPath` takes, and `crossValidate` too. */
export interface JoinedFitOptions
  extends EngineOptions,
    SharedModelOptions,
    Pick<FitOptions, "sampleWeight" | "signal"> {
  /** The penalties, each as a model's `l2`: finite, ≥ 0. */
  readonly l2s: readonly number[];
  /** Called about ten times a second; may return a promise. Throwing ends the work. */
  readonly onProgress?: (progress: JoinedFitProgress) => unknown;
}

const MODEL_NAMES = [
  "loss",
  "l1",
  "fitIntercept",
  "maxIterations",
  "tolerance",
  "seed",
  "features",
  "standardize",
  "labelSmoothing",
  "classWeight",
  "ignoreLabel",
  "classes",
  "engine",
] as const;
const DEVICE_NAMES = ["device", "gpuDevice", "gpu", "powerPreference", "workers", "createWorker"] as const;
const FIT_NAMES = ["sampleWeight", "signal", "onProgress"] as const;

export interface CheckedJoinedOptions {
  readonly l2s: readonly number[];
  /** What each penalty's model is made with, but for its `l2`. */
  readonly given: SoftmaxRegressionOptions;
  /** The same, checked and filled up; its `l2` means nothing. */
  readonly model: ModelOptions;
  readonly engine: EngineOptions;
  readonly fit: Pick<CheckedFitOptions, "sampleWeight" | "signal">;
  readonly onProgress: JoinedFitOptions["onProgress"];
}

/**
 * A copy of what a caller's options are now.
 * @param own names that the call has beside those that both have
 * @throws OptionError BAD_OPTION, UNKNOWN_OPTION
 */
export function checkJoinedOptions(
  options: JoinedFitOptions,
  own: readonly string[],
  where: string,
): CheckedJoinedOptions {
  requireKnownOptions(options, ["l2s", ...MODEL_NAMES, ...DEVICE_NAMES, ...FIT_NAMES, ...own], where);
  const given = picked(options, [...MODEL_NAMES, ...DEVICE_NAMES]) as SoftmaxRegressionOptions;
  const { sampleWeight, signal } = checkFitOptions(picked(options, FIT_NAMES) as FitOptions);
  return {
    l2s: checkPenalties(options.l2s, where),
    given,
    model: checkModelOptions(given),
    engine: copyEngineOptions(given),
    fit: { ...(sampleWeight && { sampleWeight }), ...(signal && { signal }) },
    onProgress: options.onProgress,
  };
}

const picked = (options: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(options).filter(([name, value]) => names.includes(name) && value !== undefined));

function checkPenalties(given: unknown, where: string): readonly number[] {
  const isPenalty = (l2: unknown): boolean => typeof l2 === "number" && l2 >= 0 && Number.isFinite(l2);
  // A copy has no holes, which `every` would pass over.
  const list: unknown[] | undefined = Array.isArray(given) && given.length > 0 ? [...given] : undefined;
  if (list?.every(isPenalty)) return list as number[];
  const wrong = list ? list.find((l2) => !isPenalty(l2)) : given;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`l2s\` cannot be used: expected an array of finite numbers ≥ 0, one at least, got ${describeValue(wrong)}.`,
  );
}
