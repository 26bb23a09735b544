/** A fit by minibatches: SGD with its variants, or Adam, for a number of epochs. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { batchFeaturesOf } from "../losses/batch-features-of.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { MinibatchObjective } from "../losses/minibatch-objective.js";
import { adam } from "../solvers/adam.js";
import { learningRates } from "../solvers/learning-rate.js";
import { minimiseByMinibatches } from "../solvers/minibatch.js";
import { sgd } from "../solvers/sgd.js";
import type { UpdateRule } from "../solvers/update-rule.js";
import { shifted } from "../solvers/update-rule.js";
import type { Workspace } from "../solvers/workspace.js";
import { withIntercept } from "./fitted.js";
import type { FitReport } from "./report.js";
import { isCallers, publishFinite, reportOf, unlessStoppedEarly } from "./training-outcome.js";
import type { Continuation, Follow, TrainingRequest } from "./training-request.js";

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
  const { x, classes, l1, l2 } = problem;
  const { batchSize, epochs, weightDecay, clipNorm, averageWeights } = options;
  const features = await batchFeaturesOf(x);
  const objective = new MinibatchObjective(workspace, problem, {
    batchSize,
    features,
    byGradient: clipNorm !== undefined,
  });
  const target = {
    ...{ weights: objective.parameters, penalisedRows: objective.penalisedRows, many: objective.many },
    ...{ l1, l2, weightDecay, clipNorm },
    average: averageWeights && { after: firstAveragedEpoch(averageWeights, epochs) * objective.batches },
  };
  const fresh = solver === "adam" ? adam(workspace, target) : sgd(workspace, target, options);
  const { continuation } = request;
  const rule = continuation ? continued(engine, fresh, continuation) : fresh;
  if (continuation?.theta) engine.write(objective.parameters, continuation.theta);
  const learningRate = options.learningRate ?? LEARNING_RATE[solver];
  // Before anything is published: a schedule that fails changes nothing.
  const rates = learningRates(learningRate, options.epochs * objective.batches);
  const asUsersKnow = (theta: Float32Array): Float32Array =>
    problem.scaling?.toWeights(theta) ?? withIntercept(theta, x.columns, classes);
  /** The last weights that were seen to be finite. */
  const first = withIntercept(problem.start ?? new Float32Array(0), x.columns, classes);
  let latest = first;
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
      penalty: (theta) => penaltyOf(theta.subarray(0, x.columns * classes), l1, l2),
      keep: (theta) => {
        latest = theta ? asUsersKnow(theta) : first;
      },
      observe: (progress) => course.observe(progress),
      throwIfStopped: () => course.throwIfStopped(),
      checkpoints,
    });
    const result = await unlessStoppedEarly(run, course);
    if (result.stopReason === "diverged") request.publish(latest);
    else if (result.stopReason !== "early-stop") await course.observe(result, true);
    if (continuation && result.stopReason === "max-iterations") {
      const [theta, ...parts] = (await engine.read(
        objective.parameters,
        ...Object.values(rule.memory),
      )) as Float32Array[];
      const steps = continuation.steps + result.iteration;
      continuation.keep({ steps, memory: joined(parts), theta: averageWeights && theta });
    }
    return reportOf(engine, options, course, result, learningRate);
  } catch (error) {
    if (isCallers(error, request)) {
      request.publish(latest);
      await publishFinite(request, async () => {
        const [theta] = await engine.read(rule.result);
        return asUsersKnow(theta as Float32Array);
      });
    }
    throw error;
  }
}

/**
 * The rule with what it remembered, and with steps counted on. The mean of θ stands last whatever the plan of a step is; before it the
 * velocity, which is only there without momentum where steps go one by one, and then nothing to them.
 */
function continued(engine: TensorEngine, rule: UpdateRule, { steps, memory }: Continuation): UpdateRule {
  let end = memory?.length ?? 0;
  for (const part of Object.values(rule.memory).reverse()) {
    const first = end - part.rows * part.columns;
    if (!memory || first < 0) break;
    engine.write(part, memory.subarray(first, end));
    end = first;
  }
  rule.goOnFrom(steps);
  return shifted(rule, steps);
}

/** ⌊from · epochs⌋: weights after the steps of this epoch, the first being 0, and of later ones are averaged. */
export const firstAveragedEpoch = ({ from }: { readonly from: number }, epochs: number): number =>
  Math.floor(from * epochs);

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let first = 0;
  for (const part of parts) {
    whole.set(part, first);
    first += part.length;
  }
  return whole;
}

/** `l1·‖W‖₁ + (l2/2)·‖W‖²` */
export function penaltyOf(weights: Float32Array, l1: number, l2: number): number {
  let [absolute, squares] = [0, 0];
  for (const w of weights) {
    absolute += Math.abs(w);
    squares += w * w;
  }
  return l1 * absolute + (l2 / 2) * squares;
}
