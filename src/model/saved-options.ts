/** The options that training goes by, as files keep them: what is plain data and not the default. */
import { declaredClasses, isLabel, type Label, refuseIgnoredClass } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { FormatError, LuceError } from "../errors.js";
import type { SavedOptions } from "../formats/json.js";
import { checkModelOptions, isUnknownWord, MODEL_OPTION_NAMES, uselessFor } from "./check-options.js";
import { gramObstacle } from "./gram-option.js";
import type { ModelOptions, SoftmaxRegressionOptions } from "./model-options.js";
import { type ClassWeight, isClassFactor } from "./row-weights.js";

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

/** What a file says of training: what this version goes by, and what it has no word for, which a later one wrote. */
export interface OptionsOfFile {
  readonly options: SoftmaxRegressionOptions;
  readonly later: SavedOptions;
}

/**
 * The options in a file of a model with these classes, checked as those that a caller gives; names and words that only a later version can
 * know are set apart. `where`: the call named in messages.
 * @throws FormatError BAD_FIELD for options that no version writes, or that are out of their range
 */
export function optionsFrom(saved: SavedOptions, classes: readonly Label[], where: string): OptionsOfFile {
  const entries = Object.entries(saved);
  const foreign = entries.find(([name]) => ELSEWHERE.includes(name) || name in Object.prototype);
  if (foreign) {
    throw new FormatError(
      "BAD_FIELD",
      `${where}: the file has an option that models do not keep: expected some of ${SAVED.join(", ")}, got ${describeValue(foreign[0])}.`,
    );
  }
  const [now, later] = [false, true].map((isLater) =>
    Object.fromEntries(entries.filter(([name, value]) => isOfLaterVersion(name, value) === isLater)),
  );
  try {
    const { classWeight, ...rest } = now;
    const all: SoftmaxRegressionOptions = { ...rest, ...(classWeight !== undefined && classWeights(classWeight)) };
    const options = useful(all, all.solver);
    const useless = Object.entries(all).filter(([name]) => !Object.hasOwn(options, name));
    // Those, too, must be what some solver takes: no version writes others.
    checkModelOptions({ ...Object.fromEntries(useless), solver: "sgd" });
    const { classes: declared, ignoreLabel } = checkModelOptions(options);
    if (declared) declaredClasses(declared, where);
    refuseIgnoredClass(classes, ignoreLabel, where);
    return { options, later };
  } catch (cause) {
    if (!(cause instanceof LuceError)) throw cause;
    throw new FormatError("BAD_FIELD", `${where}: an option in the file cannot be used. \`cause\` says which.`, cause);
  }
}

/** A name that there is not, or a word where others are known. */
function isOfLaterVersion(name: string, value: unknown): boolean {
  if (!SAVED.includes(name)) return true;
  const word = name === "loss" && typeof value === "object" ? (value as { name?: unknown } | null)?.name : value;
  return isUnknownWord(name, word);
}

function classWeights(given: unknown): Pick<SoftmaxRegressionOptions, "classWeight"> {
  const isPair = (entry: unknown): boolean => Array.isArray(entry) && entry.length === 2 && isLabel(entry[0]);
  const weights = Array.isArray(given) && given.every(isPair) ? new Map(given as [Label, number][]) : given;
  const values = weights instanceof Map ? [...weights.values()] : Object.values(weights ?? {});
  if (weights === "balanced" || values.every(isClassFactor)) return { classWeight: weights as ClassWeight };
  throw new FormatError(
    "BAD_FIELD",
    "option `classWeight` cannot be used: expected a finite number of 0 or more for each class.",
  );
}

/** Without those that nothing comes of: files have them of versions that did not mind. */
function useful(options: SoftmaxRegressionOptions, solver: unknown): SoftmaxRegressionOptions {
  const useless = uselessFor(solver);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !useless.includes(name)));
}

/** Those of a file that go with what is given instead of others: another solver has no use for all of them. */
export function beside(saved: SoftmaxRegressionOptions, given: SoftmaxRegressionOptions): SoftmaxRegressionOptions {
  const { nesterov, ...rest } = saved;
  const kept = useful(nesterov && given.momentum === 0 ? rest : saved, given.solver ?? saved.solver);
  const { preconditioner, ...others } = kept;
  const { solver = "auto", l1 = 0, loss = "cross-entropy" } = { ...kept, ...given };
  const isObstructed = gramObstacle({ solver, l1, loss: typeof loss === "string" ? { name: loss } : loss });
  return preconditioner === "gram" && isObstructed ? others : kept;
}
