/**
 * `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov's look ahead, and beside it `−rate·λ·θ` of weight
 * decay λ. With an l1 penalty a proximal step follows, as long as momentum makes the steps along a lasting gradient: `rate / (1 − momentum)`.
 */
import { linearSgdStep } from "../ops/linear-sgd-step.js";
import { sgdStep } from "../ops/sgd-step.js";
import { smallBatchSteps } from "../ops/small-batch-steps.js";
import { softThreshold } from "../ops/soft-threshold.js";
import type { UpdateMoves, UpdateRule, UpdateTarget } from "./update-rule.js";
import { stackFor, updateRule } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

const NO_VARIANCE = { variance: undefined, correction: 1, epsilon: 1 };
const NO_ADAM = { adam: false, beta1: 0.5, beta2: 0.5, epsilon: 1 };

export function sgd(
  workspace: Workspace,
  target: UpdateTarget,
  { momentum, nesterov }: { readonly momentum: number; readonly nesterov: boolean },
): UpdateRule {
  const { engine } = workspace;
  const { weights: theta, l1, l2, weightDecay, penalisedRows, average } = target;
  const rates = { momentum, nesterov, weightDecay, penalisedRows };
  // Many steps in one launch need no velocity without momentum.
  const stack = stackFor(workspace, target, Number(momentum > 0));
  const velocity = target.many ? stack : workspace.zeros([theta.rows, theta.columns]);
  const moves: UpdateMoves = {
    memory: { velocity },
    apply: ({ gradient, learningRate }, penalty) =>
      engine.run(sgdStep, { ...rates, weights: theta, gradient, velocity, learningRate, l2: penalty }),
    advance: (batch, { learningRate }) =>
      engine.run(linearSgdStep, { ...batch, ...rates, theta, velocity, learningRate, l2 }),
    advanceMany: (batches, { learningRates, number }) => {
      const kept = { moments: stack, averageFrom: average && average.after + 1 };
      engine.run(smallBatchSteps, {
        ...batches,
        ...rates,
        ...NO_ADAM,
        ...kept,
        theta,
        learningRates,
        l2,
        step: number,
      });
    },
    shrink: ({ learningRate }) => {
      const threshold = (learningRate * l1) / (1 - momentum);
      engine.run(softThreshold, { ...NO_VARIANCE, weights: theta, threshold, penalisedRows });
    },
  };
  return updateRule(workspace, target, moves, stack);
}
