/**
 * Training on rows as they come: a pass of minibatch steps over some rows, after which the next goes on. What is told of no
 * model in a file, the optimiser's memory and how many steps it has taken, is kept beside the weights it ended with. All passes are
 * one epoch, so averages are of all steps: θ that they go on from is kept, too, since the model's weights are the mean.
 */
import type { Label } from "../data/classes.js";
import { OptionError } from "../errors.js";
import { type LearningRateSchedule, learningRates } from "../solvers/learning-rate.js";
import { ROWS_TABLE } from "./check-options.js";
import type { ModelOptions, PartialFitOptions } from "./model-options.js";
import type { ModelState } from "./model-state.js";
import { checkOptions } from "./options.js";
import type { CheckedData } from "./training-data.js";
import type { CheckedRequest, Continuation } from "./training-request.js";
import { warmStartFrom } from "./warm-start.js";

/** By the weights it ended with: other weights, of a fit or with another class, begin anew. */
const CONTINUATIONS = new WeakMap<Float32Array, Continuation>();
const BEGINNING: Continuation = { steps: 0, memory: undefined, theta: undefined };
const WHERE = "partialFit";
const isLabels = (value: unknown): value is readonly Label[] => Array.isArray(value);
const TABLE = {
  ...ROWS_TABLE,
  classes: { kind: "custom", accepts: isLabels, expected: "an array of labels" },
} as const;

/** One more pass, over checked rows. */
export function continuedRequest(state: ModelState, data: CheckedData, given: PartialFitOptions): CheckedRequest {
  const { classes, ...rest } = checkOptions(given, TABLE, WHERE) as PartialFitOptions;
  const fit = { ...rest, earlyStopping: undefined };
  const solver = solverOf(state.options);
  const { fitted } = state;
  if (!(classes ?? fitted ?? state.options.classes)) {
    throw new OptionError(
      "BAD_OPTION",
      "partialFit: option `classes` is missing: expected all classes there will be, since the first rows may lack some. " +
        "Give them to the first call or to the model.",
    );
  }
  const start = fitted && warmStartFrom(fitted, data, state.options, WHERE);
  const from = (fitted && CONTINUATIONS.get(fitted.theta)) ?? BEGINNING;
  const options: ModelOptions = {
    ...state.options,
    ...{ solver, epochs: 1, seed: (state.options.seed + from.steps) % Number.MAX_SAFE_INTEGER },
    learningRate: laterRates(state.options.learningRate, from.steps),
  };
  const keep = (end: Continuation): void => {
    if (state.fitted) CONTINUATIONS.set(state.fitted.theta, end);
  };
  return { data, options, fit, start, continuation: { ...from, keep } };
}

function solverOf({ solver, standardize, classWeight }: ModelOptions): "sgd" | "adam" {
  const refuse = (what: string, expected: string, remedy = ""): OptionError =>
    new OptionError("BAD_OPTION", `partialFit: option ${what}: expected ${expected}.${remedy}`);
  if (solver === "lbfgs")
    throw refuse("`solver` is one that sees all rows at each iteration", '"sgd" or "adam", got "lbfgs"');
  if (standardize !== false) {
    throw refuse(
      "`standardize` needs the means of all rows, of which these are some",
      `false, got ${String(standardize)}`,
      // Means that move with each call would change what the steps before were taken in; those of the first call are of rows by chance.
      " Scale the rows by means and deviations that stay, those of a first sample for instance, or fit batches, which are gone through for them first.",
    );
  }
  if (classWeight === "balanced") {
    throw refuse(
      "`classWeight` needs the counts of all rows, of which these are some",
      'weights by class, got "balanced"',
      " Give a Map or an object, or fit batches, which are gone through for the counts first.",
    );
  }
  return solver === "auto" ? "sgd" : solver;
}

/** The lengths of steps from `first` on; there is no last. */
function laterRates(rate: number | LearningRateSchedule | undefined, first: number): ModelOptions["learningRate"] {
  if (rate === undefined || typeof rate === "number") return rate;
  if (typeof rate === "function") return (step) => rate(first + step, Number.POSITIVE_INFINITY);
  if (rate.schedule === "cosine") {
    throw new OptionError(
      "BAD_OPTION",
      "partialFit: option `learningRate` ends with the last step, and nobody knows which that is: " +
        'expected "step", "inverse-time", a number or a function, got "cosine".',
    );
  }
  const rates = learningRates(rate, Number.POSITIVE_INFINITY);
  return (step) => rates(first + step);
}
