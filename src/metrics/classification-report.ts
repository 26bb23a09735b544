/** Precision, recall and F1 of every class as data, and as a table to print. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { ClassCounts } from "./class-counts.js";
import { judgedLabels, type LabelList } from "./judged-labels.js";
import type { PrecisionRecallF1, PrecisionRecallF1Options, PrecisionRecallF1Report } from "./precision-recall-f1.js";
import { checkZeroDivision, scoresOf } from "./precision-recall-f1.js";

/** Precision, recall and F1 of every class and on average, as numbers and as a table to print. */
export interface ClassificationReport extends PrecisionRecallF1Report {
  /** Share of the weight predicted right, 0 … 1. */
  readonly accuracy: number;
  /** The table, in lines; `String(report)` gives it too. */
  readonly text: string;
  /** The table, as scikit-learn prints it. */
  toString(): string;
}

/** Weights, classes, and digits of the table. */
export interface ClassificationReportOptions extends PrecisionRecallF1Options {
  /** Digits behind the point in the text, 0 … 15. Default 2. */
  readonly digits?: number;
}

/**
 * Precision, recall, F1 and support of each class and their averages, as `precisionRecallF1` defines them, with the accuracy and a
 * table as scikit-learn's `classification_report` prints it.
 *
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged
 */
export function classificationReport(
  expected: LabelList,
  predicted: LabelList,
  options: ClassificationReportOptions = {},
): ClassificationReport {
  const where = "classificationReport";
  const judged = judgedLabels(where, expected, predicted, options, ["zeroDivision", "digits"]);
  const { digits = 2 } = options;
  if (!(Number.isInteger(digits) && digits >= 0 && digits <= 15)) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`digits\` cannot be used: expected an integer from 0 to 15, got ${describeValue(digits)}.`,
    );
  }
  const zeroDivision = checkZeroDivision(where, options.zeroDivision);
  const counts = ClassCounts.of(judged.classes.length, judged.expected, judged.predicted, judged.weights);
  return reportOf(scoresOf(judged.classes, counts, zeroDivision), digits);
}

export function reportOf(scores: PrecisionRecallF1Report, digits: number): ClassificationReport {
  const accuracy = scores.micro.f1;
  const text = tableOf(scores, accuracy, digits);
  return { ...scores, accuracy, text, toString: () => text };
}

const COLUMN = 9;

function tableOf({ perClass, macro, weighted }: PrecisionRecallF1Report, accuracy: number, digits: number): string {
  const names = perClass.map(({ label }) => String(label));
  const width = names.reduce((most, name) => Math.max(most, name.length), Math.max("weighted avg".length, digits));
  const cell = (text: string): string => text.padStart(COLUMN);
  const number = (value: number): string => cell(value.toFixed(digits));
  const total = cell(String(macro.support));
  const line = (name: string, { precision, recall, f1, support }: PrecisionRecallF1): string =>
    [`${name.padStart(width)} `, number(precision), number(recall), number(f1), cell(String(support))].join(" ");
  const head = ["precision", "recall", "f1-score", "support"].map(cell);
  return [
    [" ".repeat(width + 1), ...head].join(" "),
    "",
    ...perClass.map((each, j) => line(names[j], each)),
    "",
    [`${"accuracy".padStart(width)} `, cell(""), cell(""), number(accuracy), total].join(" "),
    line("macro avg", macro),
    line("weighted avg", weighted),
    "",
  ].join("\n");
}
