/** A fit by L-BFGS: all rows at each iteration, to the optimum. */
import { isSparseTensor } from "../engine/tensor-engine.js";
import { LinearObjective } from "../losses/linear-objective.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { minimiseLbfgs, type Pacing } from "../solvers/lbfgs.js";
import type { ResumableObjective } from "../solvers/objective.js";
import type { Workspace } from "../solvers/workspace.js";
import { withIntercept } from "./fitted.js";
import { pairsFor } from "./pairs.js";
import type { FitReport } from "./report.js";
import { isCallers, publishFinite, reportOf, unlessStoppedEarly } from "./training-outcome.js";
import type { Follow, SolverRequest } from "./training-request.js";

/** Looks at the device after each iteration: what early stopping sees must not depend on a clock. */
export const EACH_ITERATION: Pacing = { aheadMs: 0, mostMs: 0, leastMs: 0 };

export async function trainLbfgs(
  workspace: Workspace,
  problem: LinearProblem,
  request: SolverRequest,
  follow: Follow,
): Promise<FitReport> {
  if (isSparseTensor(problem.x)) await problem.x.prepareTranspose();
  const objective = await LinearObjective.create(workspace, problem);
  const pacing = request.fit.earlyStopping && EACH_ITERATION;
  return runLbfgs(workspace, objective, problem.x.columns, request, follow, pacing);
}

/** An objective whose θ users know as W and b. */
export interface LinearModelObjective extends ResumableObjective {
  weights(): Promise<Float32Array>;
  weightsOf(theta: Float32Array): Float32Array;
}

/** @param pacing how far to record ahead; as far as is good where it is undefined */
export async function runLbfgs(
  workspace: Workspace,
  objective: LinearModelObjective,
  features: number,
  request: SolverRequest,
  follow: Follow,
  pacing: Pacing | undefined = undefined,
): Promise<FitReport> {
  const { options } = request;
  const asUsersKnow = (theta: Float32Array): Float32Array =>
    withIntercept(theta, features, objective.parameters.columns);
  let latest: Float32Array | undefined;
  const theta = async (): Promise<Float32Array> => latest ?? asUsersKnow(await objective.weights());
  const { course, checkpoints } = follow({ maxIterations: options.maxIterations, stepsPerEpoch: undefined, theta });
  const { rows, columns } = objective.parameters;
  try {
    const run = minimiseLbfgs(workspace, objective, {
      maxIterations: options.maxIterations,
      tolerance: options.tolerance,
      shareOfStart: request.shareOfStart,
      memory: pairsFor(rows, columns),
      observe: (progress, at) => {
        latest = asUsersKnow(objective.weightsOf(at));
        return course.observeAll(progress);
      },
      throwIfStopped: () => course.throwIfStopped(),
      checkpoints,
      ...(pacing && { pacing }),
    });
    const result = await unlessStoppedEarly(run, course);
    if (result.stopReason === "diverged") await publishFinite(request, theta);
    else if (result.stopReason !== "early-stop") await course.observe(result, true);
    return reportOf(workspace.engine, options, course, result, undefined);
  } catch (error) {
    // The device may be further than was last told.
    if (isCallers(error, request)) await publishFinite(request, async () => asUsersKnow(await objective.weights()));
    throw error;
  }
}
