/** Whether probabilities mean what they say: the expected calibration error and the curve behind it. */
import { type Label, listClasses, withoutNegativeZero } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { CalibrationBins, checkBins, type ReliabilityBin } from "./calibration-bins.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedProbabilities } from "./judged-probabilities.js";
import type { ScoresLike } from "./judged-scores.js";
import { likeliest } from "./likeliest.js";

/** Weights, classes, and the number of bins. */
export interface CalibrationOptions extends JudgeOptions {
  /** How many bins of equal width [0, 1] is cut into. Default 15. */
  readonly bins?: number;
  /**
   * The class whose probability is looked at: the rows of that class are those where it came true. Unless given, each row counts with
   * the probability of its most probable class, and came true where that class is right.
   */
  readonly label?: Label;
}

/**
 * Expected calibration error `Σ_b w_b |accuracy_b − confidence_b| / Σ_b w_b` over bins b of equal width (Naeini et al. 2015; Guo et
 * al. 2017), in [0, 1]: by how much the probability of the predicted class differs from the share of rows where it is right.
 *
 * @param expected `[n]` labels
 * @param probabilities [n×k] in the order of `classes`, or `[n]`, those of the second of two classes
 * @throws DataError BAD_PROBABILITY; LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function calibrationError(
  expected: LabelList,
  probabilities: ScoresLike,
  options: CalibrationOptions = {},
): number {
  return binned("calibrationError", expected, probabilities, options).error;
}

/**
 * For each bin of probabilities that holds rows their mean probability (`confidence`) and the share that came true (`accuracy`): on
 * the diagonal where probabilities mean what they say. With `label` and equal bins it is scikit-learn's `calibration_curve`.
 *
 * @throws as `calibrationError` does
 */
export function reliabilityCurve(
  expected: LabelList,
  probabilities: ScoresLike,
  options: CalibrationOptions = {},
): ReliabilityBin[] {
  return binned("reliabilityCurve", expected, probabilities, options).curve;
}

function binned(
  where: string,
  expected: LabelList,
  probabilities: ScoresLike,
  options: CalibrationOptions,
): CalibrationBins {
  const judged = judgedProbabilities(where, expected, probabilities, options, ["bins", "label"]);
  const { classes, scores, weights } = judged;
  const bins = new CalibrationBins(checkBins(where, options.bins));
  const chosen = options.label === undefined ? undefined : classes.indexOf(withoutNegativeZero(options.label));
  if (chosen === -1) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`label\` cannot be used: expected one of ${listClasses(classes)}, got ${describeValue(options.label)}.`,
    );
  }
  const k = classes.length;
  judged.expected.forEach((target, row) => {
    const column = chosen ?? likeliest(scores, row * k, k);
    bins.add(scores[row * k + column], target === column, weights?.[row] ?? 1);
  });
  return bins;
}
