/** How surprised probabilities are by what happened. */
import { describeValue } from "../data/describe-value.js";
import { DataError, OptionError } from "../errors.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedProbabilities } from "./judged-probabilities.js";
import type { ScoresLike } from "./judged-scores.js";
import { judgedScores } from "./judged-scores.js";

/** Weights, classes, and how probabilities of 0 are taken. */
export interface LogLossOptions extends JudgeOptions {
  /** The matrix holds natural logarithms, as `predictLogProba` gives them: right also where a probability rounds to 0. Default false. */
  readonly logarithms?: boolean;
  /**
   * Probabilities below this count as this, and above 1 − this as that; in [0, 0.5). Default 0: a row whose class got probability 0
   * makes the loss infinite. scikit-learn's is 2⁻⁵² for float64.
   */
  readonly epsilon?: number;
}

/**
 * Log loss (mean cross-entropy) `−Σᵢ wᵢ log P[i, yᵢ] / Σᵢ wᵢ` in nats, ≥ 0; ln k for uniform probabilities. Each row of
 * probabilities is divided by its sum; scikit-learn's `log_loss`.
 *
 * @param expected `[n]` labels
 * @param probabilities [n×k] in the order of `classes`, or `[n]`, those of the second of two classes
 * @throws DataError BAD_PROBABILITY; LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function logLoss(expected: LabelList, probabilities: ScoresLike, options: LogLossOptions = {}): number {
  const where = "logLoss";
  // What is no object is refused below, with all else that is no option.
  const { epsilon = 0, logarithms = false } = options ?? {};
  if (!(epsilon >= 0 && epsilon < 0.5)) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`epsilon\` cannot be used: expected 0 ≤ epsilon < 0.5, got ${describeValue(epsilon)}.`,
    );
  }
  const further = ["logarithms", "epsilon"];
  const judged = (logarithms ? judgedScores : judgedProbabilities)(where, expected, probabilities, options, further);
  const { scores, weights, classes, single } = judged;
  if (logarithms) requireLogarithms(where, scores, single);
  const k = classes.length;
  const clipped = (p: number): number => Math.min(Math.max(p, epsilon), 1 - epsilon);
  let surprise = 0;
  let total = 0;
  judged.expected.forEach((target, row) => {
    const weight = weights?.[row] ?? 1;
    // A row that does not count must not turn an infinite surprise into NaN.
    if (weight === 0) return;
    total += weight;
    if (logarithms) {
      surprise -= weight * Math.max(scores[row * k + target], Math.log(epsilon));
      return;
    }
    let sum = 0;
    for (let e = row * k; e < (row + 1) * k; e++) sum += clipped(scores[e]);
    surprise -= weight * Math.log(clipped(scores[row * k + target]) / sum);
  });
  // −0 for certain and right.
  return surprise / total + 0;
}

function requireLogarithms(where: string, scores: Float64Array, single: boolean): void {
  if (single) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`logarithms\` needs a matrix with a column for each class: one logarithm does not tell the other exactly.`,
    );
  }
  // Rounding in float32 may leave the logarithm of 1 a little above 0.
  const fault = scores.findIndex((logarithm) => logarithm > 1e-5);
  if (fault < 0) return;
  throw new DataError(
    "BAD_PROBABILITY",
    `${where}: value ${fault} is no logarithm of a probability: expected at most 0, got ${scores[fault]}. Leave \`logarithms\` out for probabilities.`,
  );
}
