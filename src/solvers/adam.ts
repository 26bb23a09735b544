/** Adam (Kingma & Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as its authors suggest. */
import { adamStep } from "../ops/adam-step.js";
import { linearAdamStep } from "../ops/linear-adam-step.js";
import type { UpdateRule, UpdateTarget } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

export function adam(workspace: Workspace, target: UpdateTarget): UpdateRule {
  const { engine } = workspace;
  const { weights: theta, l2, penalisedRows } = target;
  const shape = [theta.rows, theta.columns];
  const moments = { mean: workspace.zeros(shape), variance: workspace.zeros(shape) };
  const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return {
    apply: ({ gradient, learningRate, number }) =>
      engine.run(adamStep, { ...target, ...constants, ...moments, gradient, learningRate, step: number }),
    advance: (batch, { learningRate, number }) =>
      engine.run(linearAdamStep, {
        ...batch,
        ...constants,
        ...moments,
        ...{ theta, l2, penalisedRows, learningRate, step: number },
      }),
  };
}
