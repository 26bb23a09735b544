/**
 * Models that differ in their penalty, in how much rows count, or both, trained by L-BFGS with common passes over X: as many at
 * once as there is memory for, and the others after them.
 */
import type { SparseTensor } from "../engine/sparse-tensor.js";
import type { Tensor } from "../engine/tensor.js";
import { JoinedObjective } from "../losses/joined-objective.js";
import type { JoinedMember } from "../losses/joined-problem.js";
import { lossOf } from "../losses/loss-of.js";
import type { MemberObjective } from "../losses/member-objective.js";
import type { JoinedResult } from "../solvers/lbfgs-joined.js";
import { minimiseJoined } from "../solvers/lbfgs-joined.js";
import { Workspace } from "../solvers/workspace.js";
import { withIntercept } from "./fitted.js";
import type { JoinedCourse } from "./joined-course.js";
import type { EncodedLabels } from "./labels.js";
import { targetsFor } from "./loss-targets.js";
import type { ModelOptions } from "./model-options.js";
import { pairsFor } from "./pairs.js";
import type { FitReport } from "./report.js";
import { adviceFor } from "./report.js";
import { requireRoomToTrain } from "./room-to-train.js";
import { uploadTargets } from "./uploaded-rows.js";

/** What the logits and vectors of models that are trained at once may take. */
const GROUP_BYTES = 512 * 1024 * 1024;
/** Logits of a model: its own, its direction's, and a place in the stack. */
const LOGITS_EACH = 3;

export interface JoinedRequest {
  /** What models that are trained at once may take; 512 MiB unless given. */
  readonly bytesAtOnce?: number;
  readonly x: Tensor | SparseTensor;
  readonly y: EncodedLabels;
  readonly members: readonly JoinedMember[];
  readonly options: ModelOptions;
  readonly course: JoinedCourse;
}

export interface TrainedMember {
  /** W then b, with the intercept's row whether there is one or not. */
  readonly theta: Float32Array;
  readonly report: FitReport;
}

/** Models that are trained, or judged, at once. */
export function groupsOf<Member>(
  x: Pick<Tensor, "rows" | "columns">,
  classes: number,
  members: readonly Member[],
  bytesAtOnce: number = GROUP_BYTES,
): Member[][] {
  const rows = x.columns + 1;
  const vectors = 2 * pairsFor(rows, classes) + 4;
  const bytes = 16 * Math.ceil(classes / 4) * (LOGITS_EACH * x.rows + vectors * rows);
  const most = Math.max(1, Math.floor(bytesAtOnce / bytes));
  // Groups of one size, or nearly.
  const count = Math.ceil(members.length / most);
  const size = Math.ceil(members.length / count);
  return Array.from({ length: count }, (_, i) => members.slice(i * size, (i + 1) * size));
}

/** In the order of the members; and the passes that all of it took. */
export async function trainJoined(
  outer: Workspace,
  request: JoinedRequest,
): Promise<{ readonly trained: readonly TrainedMember[]; readonly passes: number }> {
  const { x, y, members, bytesAtOnce } = request;
  const sizes = { rows: x.rows, columns: x.columns, classes: y.classes.length };
  requireRoomToTrain(outer.engine, { ...sizes, solver: "lbfgs", models: members.length }, request.course.where);
  const trained: TrainedMember[] = [];
  let passes = 0;
  for (const group of groupsOf(x, y.classes.length, members, bytesAtOnce)) {
    const workspace = new Workspace(outer.engine);
    try {
      passes = await trainGroup(workspace, request, group, trained, passes);
    } finally {
      workspace.dispose();
    }
  }
  return { trained, passes };
}

async function trainGroup(
  workspace: Workspace,
  { x, y, members, options, course }: JoinedRequest,
  group: readonly JoinedMember[],
  trained: TrainedMember[],
  passesBefore: number,
): Promise<number> {
  const { engine } = workspace;
  const { l1, maxIterations, tolerance, fitIntercept, labelSmoothing, standardize } = options;
  const classes = y.classes.length;
  const towards = targetsFor(options.loss, y, "fit");
  const targets = uploadTargets(workspace, { x, y: towards, weights: undefined }, labelSmoothing);
  const loss = await lossOf(options.loss);
  const objective = await JoinedObjective.create(workspace, {
    ...{ x, targets, classes, loss, l1, fitIntercept, members: group },
    standardize: standardize === false ? undefined : standardize,
  });
  const own = objective.members;
  const later = members.length - trained.length - group.length;
  const results = await minimiseJoined(engine, objective, {
    ...{ maxIterations, tolerance, memory: pairsFor(x.columns + Number(fitIntercept), classes) },
    observe: ({ iteration, running, passes }) =>
      course.observe({ iteration, running: running + later, passes: passesBefore + passes }, members.length),
    throwIfStopped: () => course.throwIfStopped(),
  });
  results.forEach((result, i) => {
    const theta = withIntercept((own[i] as MemberObjective).weightsOf(result.theta), x.columns, classes);
    trained.push({ theta, report: reportOf(result, passesBefore, engine.device, course, options) });
  });
  return passesBefore + objective.passes;
}

function reportOf(
  { stopReason, iteration, loss, gradientNorm, passes, seenMs, course: points }: JoinedResult,
  before: number,
  device: "webgpu" | "cpu",
  { begunMs }: JoinedCourse,
  options: ModelOptions,
): FitReport {
  const advice = adviceFor(stopReason, { ...options, gradientNorm, learningRate: undefined });
  const unmeasured = { validationLoss: undefined, validationAccuracy: undefined };
  const elapsedMs = seenMs - begunMs;
  // Nobody looked at the single iterations: their times are shared out evenly.
  const history = points.map((point, i) => ({
    ...{ ...point, passes: before + point.passes, ...unmeasured },
    elapsedMs: (elapsedMs * (i + 1)) / points.length,
  }));
  return {
    ...{ converged: stopReason === "converged", stopReason, iterations: iteration, loss, gradientNorm },
    ...{ passes: before + passes, elapsedMs, device, history, ...(advice !== undefined && { advice }) },
  };
}
