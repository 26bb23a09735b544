/** From probabilities to a label, or to none: thresholds and rejection. */
import { describeValue } from "../data/describe-value.js";
import type { Engine } from "../engine/engine.js";
import { OptionError } from "../errors.js";
import { likeliest } from "../metrics/likeliest.js";
import { ExactSoftmax } from "./exact-softmax.js";
import { type Fitted, temperatureOf } from "./fitted.js";
import type { Label } from "./labels.js";
import { checkOptions } from "./options.js";
import { predictChunks, type RowsToPredict } from "./prediction.js";

/** Where the line between two classes is drawn, and when a row is left undecided. */
export interface PredictOptions<Rejected extends Label | null = Label | null> {
  /**
   * For two classes: the second one is predicted where its probability is at least this, in (0, 1). For any number of classes: a list of
   * values > 0, one a class in the order of `classes`; the class with the largest probability / threshold is predicted, of equal ones
   * the first.
   */
  readonly threshold?: number | readonly number[];
  /** Rows where the predicted class has a probability below this, in [0, 1], get `rejected` instead of a label. */
  readonly reject?: number;
  /** What a rejected row gets. Default null. */
  readonly rejected?: Rejected;
}

/** Class indices from probabilities, −1 for a rejected row. */
export type Decide = (row: Pick<ExactSoftmax, "probabilities" | "best">) => number;

const isThreshold = (value: unknown): value is number | readonly number[] =>
  typeof value === "number" ? value > 0 && value < 1 : Array.isArray(value) && value.every(isPositive);
const isPositive = (value: unknown): boolean =>
  typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY;
const isRejected = (value: unknown): value is Label | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

const TABLE = {
  threshold: { kind: "custom", accepts: isThreshold, expected: "a number in (0, 1), or a list of numbers > 0" },
  reject: { kind: "number", min: 0, max: 1 },
  rejected: { kind: "custom", accepts: isRejected, expected: "a label or null" },
} as const;

export interface Decision {
  readonly decide: Decide;
  readonly rejected: Label | null;
}

/** A label for each row, or `rejected`. */
export async function decideRows(
  engine: Engine,
  fitted: Fitted,
  x: RowsToPredict,
  { decide, rejected }: Decision,
): Promise<(Label | null)[]> {
  const { classes } = fitted;
  const labels: (Label | null)[] = [];
  const softmax = new ExactSoftmax(classes.length, temperatureOf(fitted));
  await predictChunks(engine, fitted, x, "scores", (scores, _, count) => {
    for (let i = 0; i < count; i++) {
      softmax.take(scores, i * classes.length);
      const index = decide(softmax);
      labels.push(index < 0 ? rejected : classes[index]);
    }
  });
  return labels;
}

/** @throws OptionError BAD_OPTION, UNKNOWN_OPTION */
export function checkPredictOptions(given: PredictOptions, classes: readonly Label[]): Decision {
  const { threshold, reject = 0, rejected = null } = checkOptions(given, TABLE, "predict");
  const k = classes.length;
  if (threshold !== undefined && (typeof threshold === "number" ? k !== 2 : threshold.length !== k)) {
    const expected = k === 2 ? "a number, or a list of 2" : `a list of ${k} numbers, one a class`;
    throw new OptionError(
      "BAD_OPTION",
      `predict: option \`threshold\` does not fit the classes: expected ${expected}, got ${describeValue(threshold)}.`,
    );
  }
  const choose = chooser(threshold, k);
  const decide: Decide = (row) => {
    const chosen = choose(row);
    return row.probabilities[chosen] >= reject ? chosen : -1;
  };
  return { decide, rejected };
}

function chooser(threshold: number | readonly number[] | undefined, k: number): Decide {
  if (threshold === undefined) return ({ best }) => best;
  if (typeof threshold === "number") return ({ probabilities }) => Number(probabilities[1] >= threshold);
  const shares = Float64Array.from(threshold);
  const ratios = new Float64Array(k);
  return ({ probabilities }) => {
    for (let j = 0; j < k; j++) ratios[j] = probabilities[j] / shares[j];
    return likeliest(ratios, 0, k);
  };
}
