/** The options that training goes by, as files keep them: what is plain data and not the default. */
import { declaredClasses } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { FormatError, LuceError } from "../errors.js";
import type { SavedOptions } from "../formats/json.js";
import { checkModelOptions, FOR_MINIBATCHES_ALONE, MODEL_OPTION_NAMES } from "./check-options.js";
import type { ModelOptions, SoftmaxRegressionOptions } from "./model-options.js";
import type { ClassWeight } from "./row-weights.js";

/** Where a model runs is not told: that is for whoever loads it to say. */
const ELSEWHERE: readonly string[] = [
  ...["engine", "device", "gpuDevice", "gpu", "powerPreference", "workers", "createWorker"],
];
const SAVED = MODEL_OPTION_NAMES.filter((name) => !ELSEWHERE.includes(name));

/** Functions are left out. A Map of class weights becomes its entries, by which it is told from an object. */
export function savedOptionsOf(options: ModelOptions): SavedOptions {
  const [given, defaults] = [options, checkModelOptions({})].map((from) =>
    SAVED.map((name) => asText(from[name as keyof ModelOptions])),
  );
  const entries = SAVED.flatMap((name, i) =>
    given[i] === undefined || given[i] === defaults[i] ? [] : [[name, JSON.parse(given[i])]],
  );
  return Object.fromEntries(entries);
}

/** Undefined for what JSON has no form of. */
const asText = (value: unknown): string | undefined => JSON.stringify(value instanceof Map ? [...value] : value);

/**
 * The options in a file, checked as those that a caller gives. `where`: the call named in messages.
 * @throws FormatError BAD_FIELD for options that are unknown or out of their range
 */
export function optionsFrom(saved: SavedOptions | undefined, where: string): SoftmaxRegressionOptions {
  if (saved === undefined) return {};
  const unknown = Object.keys(saved).find((name) => !SAVED.includes(name));
  if (unknown !== undefined) {
    throw new FormatError(
      "BAD_FIELD",
      `${where}: the file has an option that models do not keep: expected some of ${SAVED.join(", ")}, got ${describeValue(unknown)}. Update luce to read a later one.`,
    );
  }
  try {
    const { classWeight, ...rest } = saved;
    const options: SoftmaxRegressionOptions = { ...rest, ...(classWeight !== undefined && classWeights(classWeight)) };
    const { classes } = checkModelOptions(options);
    if (classes) declaredClasses(classes, where);
    return options;
  } catch (cause) {
    if (!(cause instanceof LuceError)) throw cause;
    throw new FormatError("BAD_FIELD", `${where}: an option in the file cannot be used. \`cause\` says which.`, cause);
  }
}

function classWeights(given: unknown): Pick<SoftmaxRegressionOptions, "classWeight"> {
  const isPair = (entry: unknown): boolean => Array.isArray(entry) && entry.length === 2;
  const weights = Array.isArray(given) && given.every(isPair) ? new Map(given as [string, number][]) : given;
  const values = weights instanceof Map ? [...weights.values()] : Object.values(weights ?? {});
  if (weights === "balanced" || values.every((weight) => typeof weight === "number"))
    return { classWeight: weights as ClassWeight };
  throw new FormatError("BAD_FIELD", "option `classWeight` cannot be used: expected a number for each class.");
}

/** Those of a file that go with what is given instead of others: another solver takes no options that are for minibatches alone. */
export function beside(saved: SoftmaxRegressionOptions, given: SoftmaxRegressionOptions): SoftmaxRegressionOptions {
  const { nesterov, ...rest } = saved;
  const kept = nesterov && given.momentum === 0 ? rest : saved;
  if (given.solver !== "lbfgs" && given.solver !== "auto") return kept;
  const isLeft = (name: string): boolean => FOR_MINIBATCHES_ALONE.every((each) => each !== name);
  return Object.fromEntries(Object.entries(kept).filter(([name]) => isLeft(name)));
}
