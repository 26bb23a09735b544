/** One fit from checked data to a report: memory is taken, a solver runs, memory is given back. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { crossEntropyLoss } from "../losses/cross-entropy.js";
import { LinearObjective } from "../losses/linear-objective.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { adam } from "../solvers/adam.js";
import { minimiseLbfgs } from "../solvers/lbfgs.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import { sgd } from "../solvers/sgd.js";
import type { SolverResult } from "../solvers/solver.js";
import type { CourseOptions } from "./course.js";
import { Course } from "./course.js";
import { withIntercept } from "./fitted.js";
import type { FitOptions, ModelOptions } from "./model-options.js";
import type { FitReport } from "./report.js";
import { adviceFor } from "./report.js";
import type { CheckedData } from "./training-data.js";
import { uploadRows } from "./training-data.js";
import { Validation } from "./validation.js";

export interface TrainingRequest {
  readonly data: CheckedData;
  readonly options: ModelOptions;
  readonly fit: Pick<FitOptions, "onProgress" | "signal">;
  /** W then b to start from, with the intercept's row whether there is one or not. */
  readonly start: Float32Array | undefined;
  readonly publish: (theta: Float32Array) => void;
  readonly isDisposed: () => boolean;
}

/** Pairs that L-BFGS remembers. */
const MEMORY = 20;
const LEARNING_RATE = { sgd: 0.1, adam: 0.01 };

export async function train(engine: TensorEngine, request: TrainingRequest): Promise<FitReport> {
  const { data, options } = request;
  const classes = data.y.classes.length;
  const rows = uploadRows(engine, data, data.weights);
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
  let validation: Validation | undefined;
  try {
    validation = data.validation && new Validation(engine, problem.loss, data.validation, classes);
    const follow = (part: Pick<CourseOptions, "maxIterations" | "stepsPerEpoch" | "theta">): Course =>
      new Course({
        ...request.fit,
        ...part,
        validation,
        rows: rows.x.rows,
        publish: request.publish,
        isDisposed: request.isDisposed,
      });
    const { solver } = options;
    return solver === "sgd" || solver === "adam"
      ? await trainByMinibatches(engine, problem, options, solver, follow, request.publish)
      : await trainLbfgs(engine, problem, options, follow, request.publish);
  } finally {
    validation?.dispose();
    for (const t of rows.own) t.dispose();
  }
}

type Follow = (part: Pick<CourseOptions, "maxIterations" | "stepsPerEpoch" | "theta">) => Course;

async function trainLbfgs(
  engine: TensorEngine,
  problem: LinearProblem,
  options: ModelOptions,
  follow: Follow,
  publish: (theta: Float32Array) => void,
): Promise<FitReport> {
  const objective = await LinearObjective.create(engine, problem);
  const theta = async (): Promise<Float32Array> =>
    withIntercept(await objective.weights(), problem.x.columns, problem.classes);
  const course = follow({ maxIterations: options.maxIterations, stepsPerEpoch: undefined, theta });
  try {
    const result = await minimiseLbfgs(engine, objective, {
      maxIterations: options.maxIterations,
      tolerance: options.tolerance,
      memory: MEMORY,
      observe: (progress) => course.observe(progress),
      throwIfStopped: () => course.throwIfStopped(),
    });
    if (result.stopReason !== "diverged") await course.observe(result, true);
    return reportOf(engine, options, course, result, 0);
  } catch (error) {
    // The weights so far stay usable, unless the device that holds them has gone too.
    await theta().then(publish, () => undefined);
    throw error;
  } finally {
    objective.dispose();
  }
}

async function trainByMinibatches(
  engine: TensorEngine,
  problem: LinearProblem,
  options: ModelOptions,
  solver: "sgd" | "adam",
  follow: Follow,
  publish: (theta: Float32Array) => void,
): Promise<FitReport> {
  const { x, classes, l2 } = problem;
  const objective = new MinibatchObjective(engine, problem, options.batchSize);
  const target = { weights: objective.parameters, l2, penalisedRows: objective.penalisedRows };
  const rule = solver === "adam" ? adam(engine, target) : sgd(engine, target, options);
  const learningRate = options.learningRate ?? LEARNING_RATE[solver];
  let latest = withIntercept(problem.start ?? new Float32Array(0), x.columns, classes);
  const course = follow({
    maxIterations: options.epochs * objective.batches,
    stepsPerEpoch: objective.batches,
    theta: async () => latest,
  });
  try {
    const result = await minimiseByMinibatches(engine, objective, rule, {
      rows: x.rows,
      epochs: options.epochs,
      learningRate,
      shuffle: options.shuffle,
      seed: options.seed,
      penalty: (theta) => (l2 / 2) * sumOfSquares(theta, x.columns * classes),
      keep: (theta) => {
        latest = withIntercept(theta, x.columns, classes);
      },
      observe: (progress) => course.observe(progress),
      throwIfStopped: () => course.throwIfStopped(),
    });
    if (result.stopReason === "diverged") publish(latest);
    else await course.observe(result, true);
    return reportOf(engine, options, course, result, learningRate);
  } catch (error) {
    publish(latest);
    throw error;
  } finally {
    rule.dispose();
    objective.dispose();
  }
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
  learningRate: number,
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
