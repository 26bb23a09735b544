/**
 * Adam (Kingma & Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as its authors suggest. With an l1 penalty a proximal step follows in
 * the same scaling, value by value, so that it rests where J does.
 */
import { adamCorrections, adamStep } from "../ops/adam-step.js";
import { linearAdamStep } from "../ops/linear-adam-step.js";
import { smallBatchSteps } from "../ops/small-batch-steps.js";
import { softThreshold } from "../ops/soft-threshold.js";
import type { UpdateRule, UpdateStep, UpdateTarget } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

export function adam(workspace: Workspace, target: UpdateTarget): UpdateRule {
  const { engine } = workspace;
  const { weights: theta, l1, l2, penalisedRows } = target;
  const { rows, columns } = theta;
  const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const rates = { theta, l2, penalisedRows };
  const none = { momentum: 0, nesterov: false };
  // m and v are two tensors or one of both, m above v: a launch may bind no memory twice.
  const shape = target.many ? [1] : [rows, columns];
  const moments = { mean: workspace.zeros(shape), variance: workspace.zeros(shape) };
  const both = workspace.zeros(target.many ? [2 * rows, columns] : [1]);
  const shrink = ({ learningRate, number }: UpdateStep): void => {
    if (l1 === 0) return;
    const [, correction] = adamCorrections({ ...constants, step: number });
    const scaling = { variance: moments.variance, correction, epsilon: constants.epsilon };
    engine.run(softThreshold, { ...scaling, weights: theta, threshold: learningRate * l1, penalisedRows });
  };
  return {
    memory: target.many ? { both } : moments,
    apply: ({ gradient, learningRate, number }) => {
      engine.run(adamStep, {
        ...{ weights: theta, l2, penalisedRows },
        ...constants,
        ...moments,
        gradient,
        learningRate,
        step: number,
      });
      shrink({ learningRate, number });
    },
    advance: (batch, { learningRate, number }) => {
      engine.run(linearAdamStep, {
        ...batch,
        ...constants,
        ...moments,
        ...rates,
        ...{ learningRate, step: number },
      });
      shrink({ learningRate, number });
    },
    advanceMany: (batches, { learningRates, number }) =>
      engine.run(smallBatchSteps, {
        ...batches,
        ...constants,
        ...rates,
        ...none,
        ...{ adam: true, moments: both, learningRates, step: number },
      }),
  };
}
