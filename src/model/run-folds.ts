/** Cross-validation on a device: all folds' models for all penalties are trained, judged, and the penalty chosen is fitted. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { RowWeighting } from "../losses/joined-problem.js";
import { Workspace } from "../solvers/workspace.js";
import { scoreFolds } from "./fold-scores.js";
import type { JoinedCourse } from "./joined-course.js";
import type { CheckedJoinedOptions } from "./joined-options.js";
import type { PenaltyScore, Scoring } from "./penalty-scores.js";
import { chooseScores, penaltyScore } from "./penalty-scores.js";
import type { FitReport } from "./report.js";
import { trainJoined } from "./train-joined.js";
import { train } from "./training.js";
import type { CheckedRows } from "./training-data.js";
import { onDevice } from "./uploaded-rows.js";

export interface FoldRows {
  /** What the other folds are trained with. */
  readonly weighting: RowWeighting;
  /** `[n]`: how much rows count where this fold's are judged. */
  readonly held: Float32Array;
}

export interface FoldsRequest {
  /** With sample weights. */
  readonly rows: CheckedRows;
  /** What all rows are trained with. */
  readonly all: RowWeighting;
  readonly folds: readonly FoldRows[];
  readonly checked: CheckedJoinedOptions;
  readonly course: JoinedCourse;
  readonly scoring: Scoring;
  readonly choose: "best" | "one-standard-error";
  readonly refit: boolean;
}

export interface FoldsRun {
  readonly scores: readonly PenaltyScore[];
  readonly best: PenaltyScore;
  readonly oneStandardError: PenaltyScore;
  readonly fitted: { readonly l2: number; readonly theta: Float32Array; readonly report: FitReport } | undefined;
  readonly passes: number;
}

export async function runFolds(engine: TensorEngine, request: FoldsRequest): Promise<FoldsRun> {
  const { rows, folds, checked, course } = request;
  const { l2s, model: options } = checked;
  const workspace = new Workspace(engine);
  try {
    const uploaded = await onDevice(workspace, rows, () => course.throwIfStopped());
    const { x, y } = uploaded;
    const members = l2s.flatMap((l2) => folds.map(({ weighting }) => ({ l2, weighting })));
    const { trained, passes } = await trainJoined(workspace, { x, y, members, options, course });
    const judged = trained.map(({ theta }, i) => ({ theta, weights: folds[i % folds.length].held }));
    const found = await scoreFolds(workspace, x, y, judged, course);
    const scores = l2s.map((l2, i) => {
      const own = [i * folds.length, (i + 1) * folds.length] as const;
      return penaltyScore(
        l2,
        found.scores.slice(...own),
        trained.slice(...own).map(({ report }) => report),
      );
    });
    const chosen = chooseScores(scores, request.scoring);
    const { l2 } = request.choose === "best" ? chosen.best : chosen.oneStandardError;
    const fitted = request.refit
      ? await refit(engine, { ...uploaded, weights: request.all.weights }, l2, checked)
      : undefined;
    return { ...chosen, scores, fitted, passes: passes + found.passes + (fitted?.report.passes ?? 0) };
  } finally {
    workspace.dispose();
  }
}

/** What `fit` does with the same rows and penalty. */
async function refit(
  engine: TensorEngine,
  data: CheckedRows,
  l2: number,
  { model, fit: { signal } }: CheckedJoinedOptions,
): Promise<{ readonly l2: number; readonly theta: Float32Array; readonly report: FitReport }> {
  let theta = new Float32Array((data.x.columns + 1) * data.y.classes.length);
  const report = await train(engine, {
    data: { ...data, validation: undefined },
    options: { ...model, l2 },
    fit: { earlyStopping: undefined, ...(signal && { signal }) },
    start: undefined,
    publish: (found) => {
      theta = found as typeof theta;
    },
    isDisposed: () => false,
    stops: signal ? [signal] : [],
    throwIfStopped: () => {
      if (signal?.aborted) throw signal.reason;
    },
  });
  return { l2, theta, report };
}
