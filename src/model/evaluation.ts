/** Everything that predictions are judged by, from one pass over the rows. */
import type { Engine } from "../engine/engine.js";
import { CalibrationBins, type ReliabilityBin } from "../metrics/calibration-bins.js";
import { ClassCounts } from "../metrics/class-counts.js";
import { type ConfusionMatrix, confusionOf } from "../metrics/confusion-matrix.js";
import { type PrecisionRecallF1Report, scoresOf } from "../metrics/precision-recall-f1.js";
import { ExactSoftmax } from "./exact-softmax.js";
import { type Fitted, temperatureOf } from "./fitted.js";
import type { JudgedTargets } from "./judged-targets.js";
import { likeliestClasses } from "./labels.js";
import type { RowsToPredict } from "./prediction.js";
import { predictChunks } from "./prediction.js";

/** All of it weighted by `sampleWeight`. The definitions are those of the functions of the same names. */
export interface Evaluation extends PrecisionRecallF1Report {
  /** Rows that count: those of weight 0 do not. */
  readonly rows: number;
  /** Share of the weight predicted right, 0 … 1. */
  readonly accuracy: number;
  /** Mean recall of the classes, 0 … 1. */
  readonly balancedAccuracy: number;
  /** Mean cross-entropy in nats, from logarithms: finite wherever the scores are. */
  readonly logLoss: number;
  /** Halved for two classes, as `brierScore` has it. */
  readonly brierScore: number;
  /** Expected calibration error, 0 … 1: how far confidence is from accuracy, on average. */
  readonly calibrationError: number;
  /** What the calibration error is made of: rows by the probability of their predicted class. */
  readonly reliability: readonly ReliabilityBin[];
  /** [k×k]: made when it is first asked for. */
  readonly confusion: ConfusionMatrix;
}

export async function evaluateRows(
  engine: Engine,
  fitted: Fitted,
  x: RowsToPredict,
  { y, weights }: JudgedTargets,
  bins: number,
): Promise<Evaluation> {
  const { classes } = fitted;
  const k = classes.length;
  const expected = likeliestClasses(y);
  const predicted = new Int32Array(x.rows);
  const counts = new ClassCounts(k);
  const calibration = new CalibrationBins(bins);
  let [rows, total, surprise, distance] = [0, 0, 0, 0];
  const softmax = new ExactSoftmax(k, temperatureOf(fitted));
  const { probabilities } = softmax;
  const judge = (row: number): void => {
    const { best } = softmax;
    predicted[row] = best;
    const weight = weights?.[row] ?? 1;
    if (weight === 0) return;
    rows++;
    total += weight;
    counts.add(expected[row], best, weight);
    calibration.add(probabilities[best], best === expected[row], weight);
    for (let j = 0; j < k; j++) {
      const target = y.kind === "soft" ? y.targets[row * k + j] : Number(j === expected[row]);
      // Nothing was expected of it: whether its logarithm is finite does not matter.
      if (target > 0) surprise -= weight * target * softmax.logarithm(j);
      distance += weight * (probabilities[j] - target) ** 2;
    }
  };
  await predictChunks(engine, fitted, x, "scores", (scores, first, count) => {
    for (let i = 0; i < count; i++) {
      softmax.take(scores, i * k);
      judge(first + i);
    }
  });
  let confusion: ConfusionMatrix | undefined;
  return {
    ...scoresOf(classes, counts, 0),
    rows,
    accuracy: counts.accuracy,
    balancedAccuracy: counts.balancedAccuracy,
    // −0 for certain and right.
    logLoss: surprise / total + 0,
    brierScore: distance / total / (k === 2 ? 2 : 1),
    calibrationError: calibration.error,
    reliability: calibration.curve,
    get confusion(): ConfusionMatrix {
      confusion ??= confusionOf(classes, expected, predicted, weights);
      return confusion;
    },
  };
}
