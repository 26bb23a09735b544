/** Expected labels beside probabilities [n×k]. Imports errors and its neighbours. */
import { DataError } from "../errors.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import type { JudgedScores, ScoresLike } from "./judged-scores.js";
import { judgedScores } from "./judged-scores.js";

/** How far the probabilities of a row may add up past or short of 1: float32 rounds a thousand of them by less. */
const SUM_TOLERANCE = 1e-3;

/**
 * The same with a column for each class, every value in [0, 1] and rows that add up to 1.
 * @throws DataError BAD_PROBABILITY with the row, and as `judgedScores` does
 */
export function judgedProbabilities(
  where: string,
  expected: LabelList,
  probabilities: ScoresLike,
  options: JudgeOptions,
  further: readonly string[] = [],
): JudgedScores {
  const judged = judgedScores(where, expected, probabilities, options, further);
  const scores = judged.single ? withComplement(judged.scores) : judged.scores;
  const k = judged.classes.length;
  for (let first = 0; first < scores.length; first += k) {
    let sum = 0;
    for (let e = first; e < first + k; e++) {
      if (!(scores[e] >= 0 && scores[e] <= 1 + SUM_TOLERANCE)) {
        throw new DataError(
          "BAD_PROBABILITY",
          `${where}: there is no probability at row ${first / k}, column ${e - first}: expected 0 … 1, got ${scores[e]}.`,
        );
      }
      sum += scores[e];
    }
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
      throw new DataError(
        "BAD_PROBABILITY",
        `${where}: the probabilities of row ${first / k} do not add up to 1: expected 1 within ${SUM_TOLERANCE}, got ${sum}.`,
      );
    }
  }
  return { ...judged, scores, single: false };
}

/** [n×2] from the second column. */
function withComplement(second: Float64Array): Float64Array {
  const both = new Float64Array(2 * second.length);
  second.forEach((p, row) => {
    both[2 * row] = 1 - p;
    both[2 * row + 1] = p;
  });
  return both;
}
