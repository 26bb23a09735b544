/** `score_h = mean over folds f of the loss on f's rows of the model that learnt from the others with penalty h`: the public door. */

import { describeValue } from "../data/describe-value.js";
import { refuseDetached } from "../data/numeric-array.js";
import type { Engine } from "../engine/engine.js";
import { inTurns } from "../engine/in-turns.js";
import { OptionError } from "../errors.js";
import { EngineHolder } from "./engine-holder.js";
import { foldsOf, foldWeights } from "./folds.js";
import { JoinedCourse } from "./joined-course.js";
import type { JoinedFitOptions } from "./joined-options.js";
import { checkJoinedOptions } from "./joined-options.js";
import { checkJoinedRows, requireOwnRows, weightingOf } from "./joined-rows.js";
import type { LabelsLike } from "./labels.js";
import type { Features } from "./model-options.js";
import { checkOptions } from "./options.js";
import type { PenaltyScore, Scoring } from "./penalty-scores.js";
import type { FitReport } from "./report.js";
import { SoftmaxRegression } from "./softmax-regression.js";

/** What `crossValidate` takes. */
export interface CrossValidateOptions extends JoinedFitOptions {
  /**
   * How many folds, 2 at least, default 5: the rows are dealt out to them by `seed`. Or for each row the number of the fold that holds
   * it out, 0, 1, …; −1 keeps a row in training always.
   */
  readonly folds?: number | ArrayLike<number>;
  /** Deal the rows of each class apart, so that folds have the same shares of classes. Default true. */
  readonly stratified?: boolean;
  /** What the best penalty is best at. Default `"logLoss"`. */
  readonly scoring?: Scoring;
  /** Which penalty to refit with: the best, or the largest that is within one standard error of it. Default `"best"`. */
  readonly choose?: "best" | "one-standard-error";
  /** Fit a model on all rows with the penalty chosen. Default true. */
  readonly refit?: boolean;
}

/** What `crossValidate` found. */
export interface CrossValidation {
  /** In the order of `l2s`. */
  readonly scores: readonly PenaltyScore[];
  /** With the best mean; of equal ones the larger penalty. */
  readonly best: PenaltyScore;
  /** The largest penalty whose mean is no more than one standard error of the best mean worse than that. */
  readonly oneStandardError: PenaltyScore;
  /** Fitted on all rows with the penalty chosen, as `fit` would; undefined without `refit`. It shares the `engine` that was given. */
  readonly model: SoftmaxRegression | undefined;
  /** Of that fit. */
  readonly report: FitReport | undefined;
  /** `[n]`: the fold that each row was held out by, −1 for none. */
  readonly folds: Int32Array;
  /** Products with X, each for all models that were still trained: training, scoring and the refit. */
  readonly passes: number;
  /** Milliseconds from the call to the end. */
  readonly elapsedMs: number;
  /** Where it ran. */
  readonly device: "webgpu" | "cpu";
}

const WHERE = "crossValidate";

const isFolds = (value: unknown): value is number | ArrayLike<number> =>
  typeof value === "number"
    ? Number.isSafeInteger(value) && value >= 2
    : Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

const TABLE = {
  folds: {
    kind: "custom",
    accepts: isFolds,
    expected: "an integer ≥ 2 or an array of each row's fold",
    default: 5 as number | ArrayLike<number>,
  },
  stratified: { kind: "boolean", default: true },
  scoring: { kind: "choice", choices: ["logLoss", "accuracy"], default: "logLoss" },
  choose: { kind: "choice", choices: ["best", "one-standard-error"], default: "best" },
  refit: { kind: "boolean", default: true },
} as const;

/**
 * Judges each penalty of `l2s` by k-fold cross-validation. The models of all folds and penalties, F·H of them, are trained side by
 * side as `fitPath` does it: a fold is a set of row weights, 0 for the rows that it holds out, so X [n×d] stays as it is and where it
 * is, and an iteration reads it twice for all of them. Scores are those that `evaluate` would give on the rows held out, with their
 * sample weights; class weights, `"balanced"` ones by each fold's own training rows, count in training only. With `standardize` each
 * fold's columns are scaled by the moments of its own training rows, a pass for each fold.
 *
 * @throws ShapeError, DataError, LabelError, OptionError before anything is done; DeviceError, KernelError; CallbackError; the signal's
 *   reason when it is aborted
 */
export async function crossValidate(
  x: Features,
  y: LabelsLike,
  options: CrossValidateOptions,
): Promise<CrossValidation> {
  const checked = checkJoinedOptions(options, Object.keys(TABLE), WHERE);
  const { folds: given, stratified, scoring, choose, refit } = checkOptions(ownOptions(options), TABLE, WHERE);
  if (ArrayBuffer.isView(given)) refuseDetached(given, { where: WHERE, name: "option `folds`" });
  const folds = typeof given === "number" ? given : Array.from(given);
  if (checked.l2s.length !== new Set(checked.l2s).size) {
    throw new OptionError(
      "BAD_OPTION",
      `${WHERE}: option \`l2s\` has a penalty twice: expected different ones, got ${describeValue(checked.l2s)}.`,
    );
  }
  const course = new JoinedCourse(WHERE, checked);
  const rows = await inTurns(checkJoinedRows(x, y, checked, WHERE), () => course.throwIfStopped());
  const dealt = foldsOf(rows.y, rows.weights, { folds, stratified, seed: checked.model.seed }, WHERE);
  const all = weightingOf(rows, checked, WHERE);
  const shares = Array.from({ length: dealt.count }, (_, fold) => {
    const weights = foldWeights(dealt.foldOf, rows.weights, fold, "others");
    const held = foldWeights(dealt.foldOf, rows.weights, fold, "fold");
    return { weighting: weightingOf({ ...rows, weights }, checked, WHERE), held };
  });
  course.throwIfStopped();
  const holder = new EngineHolder(checked.model.engine, checked.engine);
  try {
    const engine: Engine = await holder.open();
    requireOwnRows(engine, WHERE, rows);
    const { runFolds } = await import("./run-folds.js");
    const run = await runFolds(engine, { ...{ rows, all, folds: shares, checked, course }, scoring, choose, refit });
    const { scores, best, oneStandardError, fitted, passes } = run;
    const content = fitted && { classes: rows.y.classes, features: rows.x.columns, theta: fitted.theta };
    return {
      ...{ scores, best, oneStandardError, passes, folds: dealt.foldOf },
      model: content && SoftmaxRegression.fromContent(content, { ...checked.given, l2: fitted.l2 }),
      report: fitted?.report,
      elapsedMs: course.elapsedMs,
      device: engine.device,
    };
  } finally {
    holder.dispose();
  }
}

const ownOptions = (options: object): object =>
  Object.fromEntries(Object.entries(options).filter(([name]) => name in TABLE));
