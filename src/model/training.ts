/** One fit from checked data to a report: memory is taken, a solver runs, memory is given back. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { CallbackError } from "../errors.js";
import { crossEntropyLoss } from "../losses/cross-entropy.js";
import { LinearObjective } from "../losses/linear-objective.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { adam } from "../solvers/adam.js";
import { minimiseLbfgs } from "../solvers/lbfgs.js";
import { type LearningRateSchedule, learningRates } from "../solvers/learning-rate.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import { sgd } from "../solvers/sgd.js";
import type { SolverResult } from "../solvers/solver.js";
import { Workspace } from "../solvers/workspace.js";
import type { CourseOptions } from "./course.js";
import { Course } from "./course.js";
import { BestWeights, EarlyStop } from "./early-stopping.js";
import { withIntercept } from "./fitted.js";
import type { CheckedFitOptions, ModelOptions } from "./model-options.js";
import type { FitReport } from "./report.js";
import { adviceFor } from "./report.js";
import type { CheckedData } from "./training-data.js";
import { uploadRows } from "./training-data.js";
import { Validation } from "./validation.js";

export interface TrainingRequest {
  readonly data: CheckedData;
  readonly options: ModelOptions;
  readonly fit: Pick<CheckedFitOptions, "onProgress" | "signal" | "earlyStopping">;
  /** W then b to start from, with the intercept's row whether there is one or not. */
  readonly start: Float32Array | undefined;
  readonly publish: (theta: Float32Array) => void;
  readonly isDisposed: () => boolean;
}

/** Pairs that L-BFGS remembers, and the bytes they may take: a GPU binds 128 MiB at once, unless asked for more. */
const MEMORY = { pairs: 20, bytes: 128 * 1024 * 1024 };
/** Looks at the device after each iteration: what early stopping sees must not depend on a clock. */
const EACH_ITERATION = { aheadMs: 0, mostMs: 0, leastMs: 0 };
const LEARNING_RATE = { sgd: 0.1, adam: 0.01 };

export async function train(engine: TensorEngine, request: TrainingRequest): Promise<FitReport> {
  const workspace = new Workspace(engine);
  try {
    return await trainIn(workspace, request);
  } finally {
    workspace.dispose();
  }
}

type Follow = (part: Pick<CourseOptions, "maxIterations" | "stepsPerEpoch" | "theta">) => Course;

async function trainIn(workspace: Workspace, request: TrainingRequest): Promise<FitReport> {
  const { data, options } = request;
  const classes = data.y.classes.length;
  const rows = uploadRows(workspace, data, options.labelSmoothing);
  const features = rows.x.columns;
  const problem: LinearProblem = {
    x: rows.x,
    targets: rows.targets,
    rowWeight: data.weights,
    totalWeight: data.weights ? data.weights.reduce((sum, w) => sum + w, 0) : rows.x.rows,
    classes,
    loss: crossEntropyLoss,
    l2: options.l2,
    fitIntercept: options.fitIntercept,
    start: request.start?.subarray(0, (features + Number(options.fitIntercept)) * classes),
  };
  const validation = data.validation && new Validation(workspace, problem.loss, data.validation, classes);
  const { publish, isDisposed } = request;
  const { earlyStopping } = request.fit;
  const bestWeights = earlyStopping && new BestWeights(earlyStopping);
  const follow: Follow = (part) =>
    new Course({ ...request.fit, ...part, validation, rows: rows.x.rows, publish, isDisposed, bestWeights });
  const { solver } = options;
  const report =
    solver === "sgd" || solver === "adam"
      ? await trainByMinibatches(workspace, problem, request, solver, follow)
      : await trainLbfgs(workspace, problem, request, follow);
  return bestWeights?.best ? withBest(report, bestWeights.best, publish) : report;
}

/** Gives the model the best weights that validation saw, and reports of those. */
function withBest(
  report: FitReport,
  { point, theta }: NonNullable<BestWeights["best"]>,
  publish: TrainingRequest["publish"],
): FitReport {
  publish(theta);
  const { iteration: bestIteration, loss, gradientNorm } = point;
  return { ...report, bestIteration, loss, gradientNorm };
}

async function trainLbfgs(
  workspace: Workspace,
  problem: LinearProblem,
  request: TrainingRequest,
  follow: Follow,
): Promise<FitReport> {
  const { options } = request;
  const objective = await LinearObjective.create(workspace, problem);
  const asUsersKnow = (theta: Float32Array): Float32Array => withIntercept(theta, problem.x.columns, problem.classes);
  let latest: Float32Array | undefined;
  const theta = async (): Promise<Float32Array> => latest ?? asUsersKnow(await objective.weights());
  const course = follow({ maxIterations: options.maxIterations, stepsPerEpoch: undefined, theta });
  const { rows, columns } = objective.parameters;
  try {
    const run = minimiseLbfgs(workspace, objective, {
      maxIterations: options.maxIterations,
      tolerance: options.tolerance,
      memory: pairsFor(rows, columns),
      observe: (progress, at) => {
        latest = asUsersKnow(objective.weightsOf(at));
        return course.observeAll(progress);
      },
      throwIfStopped: () => course.throwIfStopped(),
      ...(request.fit.earlyStopping && { pacing: EACH_ITERATION }),
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

/** As many pairs of vectors [rows×columns] as there is memory for, one at least. */
function pairsFor(rows: number, columns: number): number {
  const pairBytes = 2 * rows * Math.ceil(columns / 4) * 16;
  return Math.max(1, Math.min(MEMORY.pairs, Math.floor(MEMORY.bytes / pairBytes)));
}

async function trainByMinibatches(
  workspace: Workspace,
  problem: LinearProblem,
  request: TrainingRequest,
  solver: "sgd" | "adam",
  follow: Follow,
): Promise<FitReport> {
  const { engine } = workspace;
  const { options } = request;
  const { x, classes, l2 } = problem;
  const objective = new MinibatchObjective(workspace, problem, options.batchSize);
  const target = { weights: objective.parameters, l2, penalisedRows: objective.penalisedRows, many: objective.many };
  const rule = solver === "adam" ? adam(workspace, target) : sgd(workspace, target, options);
  const learningRate = options.learningRate ?? LEARNING_RATE[solver];
  // Before anything is published: a schedule that fails changes nothing.
  const rates = learningRates(learningRate, options.epochs * objective.batches);
  /** The last weights that were seen to be finite. */
  let latest = withIntercept(problem.start ?? new Float32Array(0), x.columns, classes);
  const course = follow({
    maxIterations: options.epochs * objective.batches,
    stepsPerEpoch: objective.batches,
    theta: async () => latest,
  });
  try {
    const run = minimiseByMinibatches(engine, objective, rule, {
      rows: x.rows,
      epochs: options.epochs,
      learningRate: rates,
      reportEpochs: request.fit.earlyStopping !== undefined,
      shuffle: options.shuffle,
      seed: options.seed,
      penalty: (theta) => (l2 / 2) * sumOfSquares(theta, x.columns * classes),
      keep: (theta) => {
        latest = withIntercept(theta, x.columns, classes);
      },
      observe: (progress) => course.observe(progress),
      throwIfStopped: () => course.throwIfStopped(),
    });
    const result = await unlessStoppedEarly(run, course);
    if (result.stopReason === "diverged") request.publish(latest);
    else if (result.stopReason !== "early-stop") await course.observe(result, true);
    return reportOf(engine, options, course, result, learningRate);
  } catch (error) {
    if (isCallers(error, request)) {
      request.publish(latest);
      await publishFinite(request, async () => {
        const [theta] = await engine.read(objective.parameters);
        return withIntercept(theta as Float32Array, x.columns, classes);
      });
    }
    throw error;
  }
}

/** The solver's result, or where it was when validation had got no better for long enough. */
async function unlessStoppedEarly(run: Promise<SolverResult>, course: Course): Promise<SolverResult> {
  try {
    return await run;
  } catch (error) {
    const last = course.history.at(-1);
    if (!(error instanceof EarlyStop) || !last) throw error;
    return { ...last, stopReason: "early-stop" };
  }
}

/** Whether the caller broke the fit off. After a fault of the device nothing read from it would prove anything. */
function isCallers(error: unknown, { fit, isDisposed }: TrainingRequest): boolean {
  return !isDisposed() && (fit.signal?.aborted === true || error instanceof CallbackError);
}

/** Makes `theta` the model's, unless it is not finite or the device that holds it has gone. */
async function publishFinite(request: TrainingRequest, theta: () => Promise<Float32Array>): Promise<void> {
  const now = await theta().catch(() => undefined);
  if (now?.every(Number.isFinite) && !request.isDisposed()) request.publish(now);
}

function sumOfSquares(values: Float32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] * values[i];
  return sum;
}

function reportOf(
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
