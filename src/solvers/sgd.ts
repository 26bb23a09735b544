/** `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov's look ahead. */
import type { TensorEngine } from "../engine/tensor-engine.js";
import { sgdStep } from "../ops/sgd-step.js";
import type { UpdateRule, UpdateTarget } from "./update-rule.js";

export function sgd(
  engine: TensorEngine,
  target: UpdateTarget,
  { momentum, nesterov }: { readonly momentum: number; readonly nesterov: boolean },
): UpdateRule {
  const velocity = engine.zeros([target.weights.rows, target.weights.columns]);
  return {
    apply: ({ gradient, learningRate }) =>
      engine.run(sgdStep, { ...target, gradient, velocity, learningRate, momentum, nesterov }),
    dispose: () => velocity.dispose(),
  };
}
