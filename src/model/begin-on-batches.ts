/** What SGD and Adam need of their first batch, and take once: θ, what they remember of their steps, and what goes along. */
import type { Tensor } from "../engine/tensor.js";
import type { ColumnScaling } from "../losses/column-scaling.js";
import { adam } from "../solvers/adam.js";
import { sgd } from "../solvers/sgd.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import type { Workspace } from "../solvers/workspace.js";
import { companyOf } from "./batch-company.js";
import type { BatchCompany, BatchRequest } from "./batch-request.js";
import type { CheckedBatch } from "./batch-source.js";
import type { StepSurvey } from "./batch-survey.js";
import type { EpochsOfBatches } from "./epochs-of-batches.js";
import { withIntercept } from "./fitted.js";
import { requireRoomToTrain } from "./room-to-train.js";
import { warmStartFrom } from "./warm-start.js";

export interface Beginning {
  readonly theta: Tensor;
  readonly scaling: ColumnScaling | undefined;
  readonly rule: UpdateRule;
  readonly company: BatchCompany;
  /** W and b of θ. */
  readonly known: (theta: Float32Array) => Float32Array;
  /** Those that are begun with. */
  readonly first: Float32Array;
}

/** Of as many features as the first batch has; or where a fit before had come to. */
export async function beginOnBatches(
  workspace: Workspace,
  request: BatchRequest,
  { x: { columns }, x, y }: CheckedBatch,
  epochs: EpochsOfBatches,
  survey: StepSurvey | undefined,
): Promise<Beginning> {
  const { options, classes, last } = request;
  const { l1, l2, weightDecay, clipNorm, fitIntercept, standardize } = options;
  const { engine } = workspace;
  const [rows, k] = [columns + Number(fitIntercept), classes.length];
  requireRoomToTrain(engine, { rows: x.rows, columns, classes: k, solver: options.solver }, "fit");
  const start = last && warmStartFrom(last, { x, y, weights: undefined, validation: undefined }, options);
  const print = { X: `batches of rows of ${columns}`, y: y.kind, ...survey?.print };
  const company = await companyOf(workspace, request, columns, print, (survey?.steps ?? 0) * options.epochs);
  const scaling =
    standardize === false ? undefined : survey?.moments?.scaling(workspace, standardize, { classes: k, fitIntercept });
  const known = (theta: Float32Array): Float32Array => scaling?.toWeights(theta) ?? withIntercept(theta, columns, k);
  const theta = workspace.zeros([rows, k]);
  const target = {
    ...{ weights: theta, l1, l2, weightDecay, penalisedRows: columns, clipNorm, many: false },
    average: epochs.average,
  };
  const rule = options.solver === "adam" ? adam(workspace, target) : sgd(workspace, target, options);
  const resumed = company.checkpoint?.resumed;
  const own = start?.subarray(0, rows * k);
  if (own) engine.write(theta, scaling?.fromWeights(own) ?? own);
  const first = resumed
    ? known(epochs.restore(engine, resumed.state, theta, rule))
    : (start ?? new Float32Array((columns + 1) * k));
  return { theta, scaling, rule, company, known, first };
}
