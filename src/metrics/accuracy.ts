/** The share of rows that are predicted right, over all rows or class by class. */
import { ClassCounts } from "./class-counts.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedLabels } from "./judged-labels.js";

/**
 * Accuracy `Σᵢ wᵢ [predictedᵢ = expectedᵢ] / Σᵢ wᵢ`, in [0, 1].
 *
 * @param expected `[n]` labels
 * @param predicted `[n]` labels, as `predict` gives them
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function accuracy(expected: LabelList, predicted: LabelList, options: JudgeOptions = {}): number {
  const { classes, weights, ...rows } = judgedLabels("accuracy", expected, predicted, options);
  return ClassCounts.of(classes.length, rows.expected, rows.predicted, weights).accuracy;
}

/** Weights, classes, and whether chance counts as 0. */
export interface BalancedAccuracyOptions extends JudgeOptions {
  /** Rescale so that guessing gives 0 and perfection 1: `(a − 1/k) / (1 − 1/k)`, k classes that occur. Default false. */
  readonly adjusted?: boolean;
}

/**
 * Balanced accuracy: the mean over the classes that occur of the (weighted) share of their rows that is predicted right, in [0, 1].
 * Guessing the commonest class does not help: it gives 1/k. (Brodersen et al. 2010; scikit-learn's `balanced_accuracy_score`)
 *
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function balancedAccuracy(
  expected: LabelList,
  predicted: LabelList,
  options: BalancedAccuracyOptions = {},
): number {
  const judged = judgedLabels("balancedAccuracy", expected, predicted, options, ["adjusted"]);
  const counts = ClassCounts.of(judged.classes.length, judged.expected, judged.predicted, judged.weights);
  const value = counts.balancedAccuracy;
  if (!options.adjusted) return value;
  const chance = 1 / counts.occurring;
  return (value - chance) / (1 - chance);
}
