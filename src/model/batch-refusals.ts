/** What batches cannot be fitted with, told before one of them is read. */
import { OptionError } from "../errors.js";
import { needsStepCount } from "../solvers/learning-rate.js";
import { isRepeatable } from "./batch-source.js";
import type { Label } from "./labels.js";
import type { Batches, CheckedBatchFitOptions, ModelOptions } from "./model-options.js";

/** @throws OptionError BAD_OPTION with what to do instead */
export function refuseForBatches(
  { solver, epochs, classWeight, learningRate, standardize, preconditioner }: ModelOptions,
  { checkpoint }: CheckedBatchFitOptions,
  batches: Batches,
  classes: readonly Label[] | undefined,
): asserts classes is readonly Label[] {
  const bad = (option: string, expected: string, remedy: string): OptionError =>
    new OptionError(
      "BAD_OPTION",
      `fit: of batches, option \`${option}\` cannot be used: expected ${expected}. ${remedy}`,
    );
  if (!classes)
    throw bad(
      "classes",
      "all labels there are, got none",
      "A batch may lack some: say new SoftmaxRegression({ classes }).",
    );
  if (preconditioner === "gram")
    throw bad("preconditioner", '"auto" or "means"', "A Gram matrix is made of rows that are all there.");
  const takesSteps = solver === "sgd" || solver === "adam";
  if (takesSteps && checkpoint && epochs === 1)
    throw bad(
      "checkpoint",
      "none with one epoch",
      "SGD and Adam keep their state between epochs: cut one into several.",
    );
  if (isRepeatable(batches)) return;
  const remedy = "X is gone through once: pass a function that makes such an iterable for each pass.";
  if (!takesSteps) throw bad("solver", '"sgd" or "adam" with epochs: 1', remedy);
  if (epochs > 1) throw bad("epochs", "1", remedy);
  if (standardize !== false)
    throw bad("standardize", "false, since the columns' means and deviations take a pass of their own", remedy);
  if (classWeight === "balanced")
    throw bad(
      "classWeight",
      "a Map or an object, since the rows of each class are counted in a pass of their own",
      remedy,
    );
  if (needsStepCount(learningRate)) {
    const expected =
      'a number, or the schedule "step" or "inverse-time", since steps are counted in a pass of their own';
    throw bad("learningRate", expected, remedy);
  }
}
