/** L-BFGS on batches: labels and logits of all rows stay on the device, X comes in anew for each product. */
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { LinearObjective } from "../losses/linear-objective.js";
import { type RowsFrom, StreamedRows } from "../losses/streamed-rows.js";
import { Workspace } from "../solvers/workspace.js";
import { companyOf } from "./batch-company.js";
import type { BatchRequest } from "./batch-request.js";
import { otherRows, survey } from "./batch-survey.js";
import { Course } from "./course.js";
import { targetsFor } from "./loss-targets.js";
import type { FitReport } from "./report.js";
import { requireRoomToTrain } from "./room-to-train.js";
import { EACH_ITERATION, runLbfgs } from "./train-lbfgs.js";
import { concluded } from "./training-outcome.js";
import { featuresOnDevice } from "./uploaded-rows.js";

export async function trainLbfgsOnBatches(workspace: Workspace, request: BatchRequest): Promise<FitReport> {
  const { engine } = workspace;
  const { options, fit, classes, loss, publish, isDisposed, stops } = request;
  const { fitIntercept, standardize } = options;
  const { rows, columns, y: given, weights, start, moments, print } = await survey(engine, request);
  const y = targetsFor(options.loss, given, "fit");
  const k = classes.length;
  requireRoomToTrain(engine, { rows, columns, classes: k, solver: "lbfgs" }, "fit");
  const company = await companyOf(workspace, request, columns, print);
  const { validation, bestWeights, checkpoint } = company;
  const targets = {
    labels: y.kind === "labels" ? workspace.tensor(y.indices) : undefined,
    soft: y.kind === "soft" ? workspace.tensor({ data: y.targets, shape: [rows, k] }) : undefined,
    rowWeight: weights && workspace.tensor(weights),
    labelSmoothing: options.labelSmoothing,
  };
  const how = standardize === false ? undefined : standardize;
  const products = new StreamedRows(workspace, rows, columns, () => uploaded(engine, request, { rows, columns }));
  const objective = await LinearObjective.over(workspace, products, {
    ...{ targets, rowWeight: weights, classes: k, loss, l1: options.l1, l2: options.l2, fitIntercept },
    totalWeight: weights ? weights.reduce((sum, w) => sum + w, 0) : rows,
    start: start?.subarray(0, (columns + Number(fitIntercept)) * k),
    scaling: how && moments?.scaling(workspace, how, { classes: k, fitIntercept }),
  });
  const before = checkpoint?.resumed;
  const report = await runLbfgs(
    workspace,
    objective,
    columns,
    request,
    (part) => {
      const company = { validation, bestWeights, before };
      const course = new Course({ ...fit, ...part, ...company, rows, publish, isDisposed, stops });
      return { course, checkpoints: checkpoint?.following(course, bestWeights) };
    },
    // What is recorded in vain costs passes over the batches.
    EACH_ITERATION,
  );
  return concluded(report, company, publish);
}

/** The batches on the device, each until the next one is asked for: no more than one at a time. */
async function* uploaded(
  engine: TensorEngine,
  { reader, throwIfStopped }: BatchRequest,
  expected: { readonly rows: number; readonly columns: number },
): AsyncGenerator<RowsFrom, void, undefined> {
  let first = 0;
  const refuse = (): never => {
    throw otherRows(`${expected.rows} × ${expected.columns}`, `${first} rows so far`);
  };
  for await (const { x } of reader.pass()) {
    if (first + x.rows > expected.rows) refuse();
    const workspace = new Workspace(engine);
    try {
      if (x instanceof Tensor) engine.requireOwn("fit", x);
      const here = await featuresOnDevice(workspace, x, throwIfStopped);
      yield { x: here, first };
    } finally {
      workspace.dispose();
    }
    first += x.rows;
    // What was recorded of this one is done before memory is taken for the next.
    await engine.pace();
  }
  if (first !== expected.rows) refuse();
}
