/**
 * Adam (Kingma & Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as its authors suggest; with weight decay AdamW (Loshchilov & Hutter
 * 2019). With an l1 penalty a proximal step follows in the same scaling, value by value, so that it rests where J does.
 */
import { adamStep } from "../ops/adam-step.js";
import { linearAdamStep } from "../ops/linear-adam-step.js";
import { smallBatchSteps } from "../ops/small-batch-steps.js";
import { softThreshold } from "../ops/soft-threshold.js";
import { adamCorrections } from "../ops/update.js";
import type { UpdateMoves, UpdateRule, UpdateStep, UpdateTarget } from "./update-rule.js";
import { stackFor, updateRule } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

const CONSTANTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const NO_SGD = { momentum: 0, nesterov: false };

export function adam(workspace: Workspace, target: UpdateTarget): UpdateRule {
  const { engine } = workspace;
  const { weights: theta, l1, l2, weightDecay, penalisedRows, average } = target;
  const rates = { ...CONSTANTS, weightDecay, penalisedRows };
  // m and v are two tensors, or below each other in one: a launch may bind no memory twice.
  const shape = target.many ? [1] : [theta.rows, theta.columns];
  const moments = { mean: workspace.zeros(shape), variance: workspace.zeros(shape) };
  const both = stackFor(workspace, target, 2);
  const now = ({ learningRate, number }: UpdateStep): { learningRate: number; step: number } => ({
    learningRate,
    step: number,
  });
  const moves: UpdateMoves = {
    memory: target.many ? { both } : moments,
    apply: (step, penalty) => {
      const { gradient } = step;
      engine.run(adamStep, { ...rates, ...moments, ...now(step), gradient, weights: theta, l2: penalty });
    },
    advance: (batch, step) => engine.run(linearAdamStep, { ...batch, ...rates, ...moments, ...now(step), theta, l2 }),
    advanceMany: (batches, { learningRates, number }) => {
      const kept = { moments: both, averageFrom: average && average.after + 1 };
      const steps = { learningRates, step: number };
      engine.run(smallBatchSteps, { ...batches, ...rates, ...NO_SGD, ...kept, ...steps, theta, l2, adam: true });
    },
    shrink: ({ learningRate, number }) => {
      const [, correction] = adamCorrections({ ...CONSTANTS, step: number });
      const scaling = { variance: moments.variance, correction, epsilon: CONSTANTS.epsilon };
      engine.run(softThreshold, { ...scaling, weights: theta, threshold: learningRate * l1, penalisedRows });
    },
  };
  return updateRule(workspace, target, moves, both);
}
