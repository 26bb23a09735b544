/** How well scores rank rows of a class above all others. */
import type { Label } from "../data/classes.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import type { ScoresLike } from "./judged-scores.js";
import { judgedScores } from "./judged-scores.js";

/** The area under the curve of every class against the rest, and its averages; 0.5 is chance, 1 is perfect. */
export interface RocAuc {
  /** One-vs-rest for each class; NaN where a class has no row, or all. For two classes both are the same. */
  readonly perClass: readonly { readonly label: Label; readonly auc: number }[];
  /** The plain mean over the classes that have one; NaN where none has. */
  readonly macro: number;
  /** The mean over the classes by the weight of their rows. */
  readonly weighted: number;
}

/**
 * Area under the ROC curve, in [0, 1], 0.5 for guessing: the probability that a row of the class gets a higher score for it than a row
 * of another class, ties counting half (the rank statistic of Mann & Whitney 1947):
 * `Σ_{i∈class, r∉class} wᵢ wᵣ ([sᵢ > sᵣ] + [sᵢ = sᵣ]/2) / (Σ wᵢ · Σ wᵣ)`. For more than two classes one-vs-rest;
 * scikit-learn's `roc_auc_score(multi_class="ovr")`. Any increasing function of the scores gives the same.
 *
 * @param expected `[n]` labels
 * @param scores [n×k] probabilities or scores in the order of `classes`, or `[n]`, those of the second of two classes
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function rocAuc(expected: LabelList, scores: ScoresLike, options: JudgeOptions = {}): RocAuc {
  const judged = judgedScores("rocAuc", expected, scores, options);
  const { classes, weights, single } = judged;
  const k = classes.length;
  const columnOf = (j: number): Float64Array =>
    single ? judged.scores : Float64Array.from(judged.expected, (_, row) => judged.scores[row * k + j]);
  const ofClass = (j: number): Ranked => rank(columnOf(j), judged.expected, j, weights);
  // With two classes the second column decides, as everywhere.
  const second = k === 2 ? ofClass(1) : undefined;
  const ranked = classes.map((_, j) => second ?? ofClass(j));
  const defined = ranked.filter(({ auc }) => !Number.isNaN(auc));
  const sumOf = (value: (each: Ranked) => number): number => defined.reduce((sum, each) => sum + value(each), 0);
  return {
    perClass: classes.map((label, j) => ({ label, auc: ranked[j].auc })),
    macro: sumOf(({ auc }) => auc) / defined.length,
    weighted: sumOf(({ auc, weight }) => auc * weight) / sumOf(({ weight }) => weight),
  };
}

interface Ranked {
  readonly auc: number;
  /** Of the rows of the class. */
  readonly weight: number;
}

function rank(scores: Float64Array, expected: Int32Array, own: number, weights: Float64Array | undefined): Ranked {
  const order = Uint32Array.from(scores, (_, row) => row).sort((a, b) => scores[a] - scores[b] || a - b);
  let [below, pairs, weight] = [0, 0, 0];
  for (let at = 0; at < order.length; ) {
    const score = scores[order[at]];
    let [owns, others] = [0, 0];
    for (; at < order.length && scores[order[at]] === score; at++) {
      const row = order[at];
      if (expected[row] === own) owns += weights?.[row] ?? 1;
      else others += weights?.[row] ?? 1;
    }
    pairs += owns * (below + others / 2);
    below += others;
    weight += owns;
  }
  return { auc: pairs / (weight * below), weight };
}
