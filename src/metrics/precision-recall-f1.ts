/** Precision, recall and F1 of each class, and their averages. */
import type { Label } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { ClassCounts } from "./class-counts.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedLabels } from "./judged-labels.js";

/** Precision TP / (TP + FP), recall TP / (TP + FN), and their harmonic mean; each 0 … 1. */
export interface PrecisionRecallF1 {
  /** The share of rows predicted to be of the class that are. */
  readonly precision: number;
  /** The share of rows of the class that are predicted to be. */
  readonly recall: number;
  /** 2 · precision · recall / (precision + recall), 0 where both are 0. */
  readonly f1: number;
  /** The weight of the rows of the class; of all rows for an average. */
  readonly support: number;
}

/** The scores of one class. */
export interface ClassScores extends PrecisionRecallF1 {
  /** Which class. */
  readonly label: Label;
}

/** The scores of every class, and their averages. */
export interface PrecisionRecallF1Report {
  /** One a class, in the order of `classes`. */
  readonly perClass: readonly ClassScores[];
  /** The plain mean over the classes. */
  readonly macro: PrecisionRecallF1;
  /** From all rows at once: for one label a row precision, recall and F1 are all the accuracy. */
  readonly micro: PrecisionRecallF1;
  /** The mean over the classes by their support. */
  readonly weighted: PrecisionRecallF1;
}

/** Weights, classes, and what stands where nothing was predicted or nothing was there. */
export interface PrecisionRecallF1Options extends JudgeOptions {
  /** What a precision is where nothing was predicted, and a recall where nothing was to be found. Default 0. */
  readonly zeroDivision?: 0 | 1;
}

/**
 * For class j, with TP, FP, FN the weights of its hits, false alarms and misses: `precision = TP / (TP + FP)`,
 * `recall = TP / (TP + FN)`, `F1 = 2TP / (2TP + FP + FN)`, all in [0, 1]; scikit-learn's `precision_recall_fscore_support`.
 *
 * @param expected `[n]` labels
 * @param predicted `[n]` labels, as `predict` gives them
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function precisionRecallF1(
  expected: LabelList,
  predicted: LabelList,
  options: PrecisionRecallF1Options = {},
): PrecisionRecallF1Report {
  const judged = judgedLabels("precisionRecallF1", expected, predicted, options, ["zeroDivision"]);
  const counts = ClassCounts.of(judged.classes.length, judged.expected, judged.predicted, judged.weights);
  return scoresOf(judged.classes, counts, checkZeroDivision("precisionRecallF1", options.zeroDivision));
}

/** @throws OptionError BAD_OPTION */
export function checkZeroDivision(where: string, given: unknown): 0 | 1 {
  if (given === undefined) return 0;
  if (given === 0 || given === 1) return given;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`zeroDivision\` cannot be used: expected 0 or 1, got ${describeValue(given)}.`,
  );
}

export function scoresOf(classes: readonly Label[], counts: ClassCounts, zeroDivision: 0 | 1): PrecisionRecallF1Report {
  const { expected, predicted, right, total } = counts;
  const ratio = (part: number, whole: number): number => (whole === 0 ? zeroDivision : part / whole);
  const perClass = classes.map((label, j) => {
    const precision = ratio(right[j], predicted[j]);
    const recall = ratio(right[j], expected[j]);
    return { label, precision, recall, f1: harmonicMean(precision, recall), support: expected[j] };
  });
  const mean = (weightOf: (each: ClassScores) => number): PrecisionRecallF1 => {
    let [precision, recall, f1] = [0, 0, 0];
    for (const each of perClass) {
      precision += weightOf(each) * each.precision;
      recall += weightOf(each) * each.recall;
      f1 += weightOf(each) * each.f1;
    }
    const all = perClass.reduce((sum, each) => sum + weightOf(each), 0);
    return { precision: precision / all, recall: recall / all, f1: f1 / all, support: total };
  };
  const accuracy = counts.accuracy;
  return {
    perClass,
    macro: mean(() => 1),
    micro: { precision: accuracy, recall: accuracy, f1: accuracy, support: total },
    weighted: mean(({ support }) => support),
  };
}

const harmonicMean = (a: number, b: number): number => (a + b === 0 ? 0 : (2 * a * b) / (a + b));
