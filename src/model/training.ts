/** One fit from checked data to a report: memory is taken, a solver runs, memory is given back. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { ColumnScaling } from "../losses/column-scaling.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import type { Loss } from "../losses/loss.js";
import { lossOf } from "../losses/loss-of.js";
import { Workspace } from "../solvers/workspace.js";
import { Course } from "./course.js";
import { BestWeights } from "./early-stopping.js";
import { gramFor } from "./gram-choice.js";
import { targetsFor } from "./loss-targets.js";
import type { FitReport } from "./report.js";
import { requireRoomToTrain } from "./room-to-train.js";
import type { CheckedData } from "./training-data.js";
import { concluded } from "./training-outcome.js";
import type { Follow, TrainingRequest } from "./training-request.js";
import { uploadRows } from "./uploaded-rows.js";
import { Validation } from "./validation.js";

export async function train(engine: TensorEngine, request: TrainingRequest): Promise<FitReport> {
  const { data, options } = request;
  const { validation, x } = data;
  const sizes = { rows: x.rows, columns: x.columns, classes: data.y.classes.length };
  requireRoomToTrain(engine, { ...sizes, solver: options.solver }, "fit");
  const gram = gramFor(options, x, sizes.classes, engine);
  const targets: CheckedData = {
    ...{ ...data, y: targetsFor(options.loss, data.y, "fit") },
    validation: validation && { ...validation, y: targetsFor(options.loss, validation.y, "fit: validation") },
  };
  const loss = await lossOf(options.loss);
  const workspace = new Workspace(engine);
  try {
    return await trainIn(workspace, { ...request, data: targets }, loss, gram);
  } finally {
    workspace.dispose();
  }
}

async function trainIn(
  workspace: Workspace,
  request: TrainingRequest,
  loss: Loss,
  gram: LinearProblem["gram"],
): Promise<FitReport> {
  const { data, options } = request;
  const classes = data.y.classes.length;
  const { throwIfStopped } = request;
  const rows = await uploadRows(workspace, data, options.labelSmoothing, throwIfStopped);
  const features = rows.x.columns;
  const unscaled: LinearProblem = {
    x: rows.x,
    targets: rows.targets,
    rowWeight: data.weights,
    totalWeight: data.weights ? data.weights.reduce((sum, w) => sum + w, 0) : rows.x.rows,
    classes,
    ...{ loss, gram },
    l1: options.l1,
    l2: options.l2,
    fitIntercept: options.fitIntercept,
    start: request.start?.subarray(0, (features + Number(options.fitIntercept)) * classes),
  };
  const problem: LinearProblem = { ...unscaled, scaling: await scalingOf(workspace, unscaled, options) };
  // What is measured is how well the labels are told, whatever the training was softened by.
  const judged = data.validation && (await uploadRows(workspace, data.validation, 0, throwIfStopped));
  const validation =
    data.validation && judged && new Validation(workspace, problem.loss, data.validation, judged, classes);
  const { publish, isDisposed, stops } = request;
  const { earlyStopping } = request.fit;
  const { checkpoint } = request;
  const before = checkpoint?.resumed;
  const bestWeights = earlyStopping && new BestWeights(earlyStopping, before?.checks);
  const follow: Follow = (part) => {
    const given = { ...request.fit, ...part, validation, rows: rows.x.rows, publish, isDisposed, stops };
    const course = new Course({ ...given, bestWeights, before });
    return { course, checkpoints: checkpoint?.following(course, bestWeights) };
  };
  const { solver } = options;
  // Loaded here: a fit has one solver.
  const report =
    solver === "sgd" || solver === "adam"
      ? await (await import("./train-minibatches.js")).trainByMinibatches(workspace, problem, request, solver, follow)
      : await (await import("./train-lbfgs.js")).trainLbfgs(workspace, problem, request, follow);
  return concluded(report, { bestWeights, checkpoint }, publish);
}

/** Loaded where it is asked for: most fits leave columns as they are. */
async function scalingOf(
  workspace: Workspace,
  problem: LinearProblem,
  { standardize }: TrainingRequest["options"],
): Promise<ColumnScaling | undefined> {
  if (standardize === false) return undefined;
  const { ColumnScaling } = await import("../losses/column-scaling.js");
  return ColumnScaling.create(workspace, problem, standardize);
}
