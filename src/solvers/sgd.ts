/**
 * `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov's look ahead. With an l1 penalty a proximal
 * step follows, as long as momentum makes the steps along a lasting gradient: `rate / (1 − momentum)`.
 */
import { linearSgdStep } from "../ops/linear-sgd-step.js";
import { sgdStep } from "../ops/sgd-step.js";
import { smallBatchSteps } from "../ops/small-batch-steps.js";
import { softThreshold } from "../ops/soft-threshold.js";
import type { UpdateRule, UpdateTarget } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

const NO_VARIANCE = { variance: undefined, correction: 1, epsilon: 1 };
const NO_ADAM = { adam: false, beta1: 0.5, beta2: 0.5, epsilon: 1 };

export function sgd(
  workspace: Workspace,
  target: UpdateTarget,
  { momentum, nesterov }: { readonly momentum: number; readonly nesterov: boolean },
): UpdateRule {
  const { engine } = workspace;
  const { weights: theta, l1, l2, penalisedRows } = target;
  const velocity = workspace.zeros([theta.rows, theta.columns]);
  const shrink = (learningRate: number): void => {
    if (l1 === 0) return;
    const threshold = (learningRate * l1) / (1 - momentum);
    engine.run(softThreshold, { ...NO_VARIANCE, weights: theta, threshold, penalisedRows });
  };
  return {
    memory: { velocity },
    apply: ({ gradient, learningRate }) => {
      engine.run(sgdStep, { weights: theta, l2, penalisedRows, gradient, velocity, learningRate, momentum, nesterov });
      shrink(learningRate);
    },
    advance: (batch, { learningRate }) => {
      engine.run(linearSgdStep, { ...batch, theta, velocity, learningRate, momentum, nesterov, l2, penalisedRows });
      shrink(learningRate);
    },
    advanceMany: (batches, { learningRates, number }) =>
      engine.run(smallBatchSteps, {
        ...batches,
        ...{ theta, moments: velocity, learningRates, momentum, nesterov, l2, penalisedRows },
        ...NO_ADAM,
        step: number,
      }),
  };
}
