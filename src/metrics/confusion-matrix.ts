/** Which class is taken for which. */
import type { Label } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { allocated } from "../data/memory.js";
import { OptionError } from "../errors.js";
import type { JudgeOptions, LabelList } from "./judged-labels.js";
import { judgedLabels } from "./judged-labels.js";

/** `data[i·k + j]`: the weight of the rows of class i that were predicted to be of class j. */
export interface ConfusionMatrix {
  /** The classes that rows and columns stand for, in their order. */
  readonly classes: readonly Label[];
  /** [k×k] row by row: the weight of rows of class i (row) that were predicted as class j (column). */
  readonly data: Float64Array;
  /** [k, k] */
  readonly shape: readonly [number, number];
}

/** Weights, classes, and what to normalise by. */
export interface ConfusionMatrixOptions extends JudgeOptions {
  /** Divide by the sum of the row (expected class), of the column (predicted class), or of all; 0 where that sum is 0. */
  readonly normalize?: "expected" | "predicted" | "all";
}

/**
 * `C[i, j] = Σ wᵣ` over the rows r of class i that were predicted as class j; scikit-learn's `confusion_matrix`.
 *
 * @param expected `[n]` labels
 * @param predicted `[n]` labels, as `predict` gives them
 * @throws LabelError, ShapeError, DataError, OptionError for what cannot be judged; DeviceError OUT_OF_MEMORY for k² numbers too many
 */
export function confusionMatrix(
  expected: LabelList,
  predicted: LabelList,
  options: ConfusionMatrixOptions = {},
): ConfusionMatrix {
  const where = "confusionMatrix";
  const judged = judgedLabels(where, expected, predicted, options, ["normalize"]);
  const { normalize } = options;
  if (normalize !== undefined && !["expected", "predicted", "all"].includes(normalize)) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`normalize\` cannot be used: expected "expected", "predicted" or "all", got ${describeValue(normalize)}.`,
    );
  }
  const { data, shape, classes } = confusionOf(judged.classes, judged.expected, judged.predicted, judged.weights);
  return normalize ? { classes, data: normalised(data, classes.length, normalize), shape } : { classes, data, shape };
}

/** The same from class indices `[n]`. */
export function confusionOf(
  classes: readonly Label[],
  expected: ArrayLike<number>,
  predicted: ArrayLike<number>,
  weights: ArrayLike<number> | undefined,
): ConfusionMatrix {
  const k = classes.length;
  const data = allocated(Float64Array, k, k, "confusionMatrix");
  for (let row = 0; row < expected.length; row++) data[expected[row] * k + predicted[row]] += weights?.[row] ?? 1;
  return { classes, data, shape: [k, k] };
}

function normalised(data: Float64Array, k: number, by: "expected" | "predicted" | "all"): Float64Array {
  const group = (e: number): number => (by === "all" ? 0 : by === "expected" ? Math.floor(e / k) : e % k);
  const sums = new Float64Array(k);
  data.forEach((weight, e) => {
    sums[group(e)] += weight;
  });
  return data.map((weight, e) => (weight === 0 ? 0 : weight / sums[group(e)]));
}
