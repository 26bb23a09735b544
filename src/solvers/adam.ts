/** Adam (Kingma & Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8, as its authors suggest. */
import { adamStep } from "../ops/adam-step.js";
import type { UpdateRule, UpdateTarget } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

export function adam(workspace: Workspace, target: UpdateTarget): UpdateRule {
  const shape = [target.weights.rows, target.weights.columns];
  const [mean, variance] = [workspace.zeros(shape), workspace.zeros(shape)];
  const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return {
    apply: ({ gradient, learningRate, number }) =>
      workspace.engine.run(adamStep, {
        ...target,
        ...constants,
        gradient,
        mean,
        variance,
        learningRate,
        step: number,
      }),
  };
}
