/** How a fit ends, whatever solver it took: its result or the error that broke it off, the weights that stay, the report. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { CallbackError, StorageError } from "../errors.js";
import type { LearningRateSchedule } from "../solvers/learning-rate.js";
import type { SolverResult } from "../solvers/solver.js";
import type { Course } from "./course.js";
import { type BestWeights, EarlyStop } from "./early-stopping.js";
import type { FitCheckpoint } from "./fit-checkpoint.js";
import type { ModelOptions } from "./model-options.js";
import type { FitReport } from "./report.js";
import { adviceFor } from "./report.js";
import type { SolverRequest } from "./training-request.js";

/** The solver's result, or where it was when validation had got no better for long enough. */
export async function unlessStoppedEarly(run: Promise<SolverResult>, course: Course): Promise<SolverResult> {
  try {
    return await run;
  } catch (error) {
    const last = course.history.at(-1);
    if (!(error instanceof EarlyStop) || !last) throw error;
    return { ...last, stopReason: "early-stop" };
  }
}

/** Whether the caller broke the fit off, or the caller's disk. After a fault of the device nothing read from it would prove anything. */
export function isCallers(error: unknown, { fit, isDisposed }: SolverRequest): boolean {
  return (
    !isDisposed() && (fit.signal?.aborted === true || error instanceof CallbackError || error instanceof StorageError)
  );
}

/** Makes `theta` the model's, unless it is not finite or the device that holds it has gone. */
export async function publishFinite(request: SolverRequest, theta: () => Promise<Float32Array>): Promise<void> {
  const now = await theta().catch(() => undefined);
  if (now?.every(Number.isFinite) && !request.isDisposed()) request.publish(now);
}

export function reportOf(
  engine: TensorEngine,
  options: ModelOptions,
  course: Course,
  { stopReason, iteration, loss, gradientNorm, passes }: SolverResult,
  learningRate: number | LearningRateSchedule | undefined,
): FitReport {
  const advice = adviceFor(stopReason, { ...options, gradientNorm, learningRate });
  return {
    converged: stopReason === "converged",
    stopReason,
    iterations: iteration,
    loss,
    gradientNorm,
    passes,
    elapsedMs: course.elapsedMs,
    device: engine.device,
    history: course.history,
    ...(advice === undefined ? {} : { advice }),
  };
}

/** The end of a fit that ended with a report: the model has the best weights that validation saw, and no checkpoint is left. */
export async function concluded(
  report: FitReport,
  {
    bestWeights,
    checkpoint,
  }: { readonly bestWeights: BestWeights | undefined; readonly checkpoint: FitCheckpoint | undefined },
  publish: SolverRequest["publish"],
): Promise<FitReport> {
  const best = bestWeights?.best;
  if (best) publish(best.theta);
  await checkpoint?.remove();
  if (!best) return report;
  const { iteration: bestIteration, loss, gradientNorm } = best.point;
  return { ...report, bestIteration, loss, gradientNorm };
}
