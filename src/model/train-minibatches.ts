/** A fit by minibatches: SGD with its variants, or Adam, for a number of epochs. */
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { adam } from "../solvers/adam.js";
import { learningRates } from "../solvers/learning-rate.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import { sgd } from "../solvers/sgd.js";
import type { Workspace } from "../solvers/workspace.js";
import { withIntercept } from "./fitted.js";
import type { FitReport } from "./report.js";
import { isCallers, publishFinite, reportOf, unlessStoppedEarly } from "./training-outcome.js";
import type { Follow, TrainingRequest } from "./training-request.js";

export const LEARNING_RATE: Readonly<Record<"sgd" | "adam", number>> = { sgd: 0.1, adam: 0.01 };

export async function trainByMinibatches(
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
  const asUsersKnow = (theta: Float32Array): Float32Array =>
    problem.scaling?.toWeights(theta) ?? withIntercept(theta, x.columns, classes);
  /** The last weights that were seen to be finite. */
  let latest = withIntercept(problem.start ?? new Float32Array(0), x.columns, classes);
  const { course, checkpoints } = follow({
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
        latest = asUsersKnow(theta);
      },
      observe: (progress) => course.observe(progress),
      throwIfStopped: () => course.throwIfStopped(),
      checkpoints,
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
        return asUsersKnow(theta as Float32Array);
      });
    }
    throw error;
  }
}

export function sumOfSquares(values: Float32Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i] * values[i];
  return sum;
}
