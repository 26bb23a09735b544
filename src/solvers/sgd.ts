/** `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov's look ahead. */
import { sgdStep } from "../ops/sgd-step.js";
import type { UpdateRule, UpdateTarget } from "./update-rule.js";
import type { Workspace } from "./workspace.js";

export function sgd(
  workspace: Workspace,
  target: UpdateTarget,
  { momentum, nesterov }: { readonly momentum: number; readonly nesterov: boolean },
): UpdateRule {
  const velocity = workspace.zeros([target.weights.rows, target.weights.columns]);
  return {
    apply: ({ gradient, learningRate }) =>
      workspace.engine.run(sgdStep, { ...target, gradient, velocity, learningRate, momentum, nesterov }),
  };
}
