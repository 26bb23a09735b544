/** The squared distance between probabilities and what happened. */
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedProbabilities } from "./judged-probabilities.js";
import type { ScoresLike } from "./judged-scores.js";

/** Weights, classes, and the scale of the score. */
export interface BrierScoreOptions extends JudgeOptions {
  /** Halve the sum, for a score in [0, 1]: `"auto"`, the default, does so for two classes, where it is (p − [y = 1])². */
  readonly scaleByHalf?: boolean | "auto";
}

/**
 * Brier score `Σᵢ wᵢ Σⱼ (P[i,j] − [yᵢ = j])² / Σᵢ wᵢ` (Brier 1950), in [0, 2]; halved for two classes, in [0, 1]; scikit-learn's
 * `brier_score_loss`. 0 is best; (k − 1)/k for uniform probabilities, not halved.
 *
 * @param expected `[n]` labels
 * @param probabilities [n×k] in the order of `classes`, or `[n]`, those of the second of two classes
 * @throws DataError BAD_PROBABILITY; LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function brierScore(expected: LabelList, probabilities: ScoresLike, options: BrierScoreOptions = {}): number {
  const judged = judgedProbabilities("brierScore", expected, probabilities, options, ["scaleByHalf"]);
  const { scaleByHalf = "auto" } = options;
  const k = judged.classes.length;
  let sum = 0;
  let total = 0;
  judged.expected.forEach((target, row) => {
    const weight = judged.weights?.[row] ?? 1;
    let distance = 0;
    for (let j = 0; j < k; j++) distance += (judged.scores[row * k + j] - Number(j === target)) ** 2;
    sum += weight * distance;
    total += weight;
  });
  return sum / total / (scaleByHalf === true || (scaleByHalf === "auto" && k === 2) ? 2 : 1);
}
