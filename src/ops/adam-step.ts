/** One step of Adam by a gradient that is there: `g ← g + l2·θ`, `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, θ as `update.ts` says. */
import type { Matrix, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";
import type { AdamArguments } from "./update.js";
import { adamCorrections, keptShare } from "./update.js";
import { planUpdate } from "./update-launch.js";

export interface AdamStepArguments<M extends Matrix = Matrix> extends AdamArguments {
  readonly gradient: M;
  /** m, updated. */
  readonly mean: M;
  /** v, updated. */
  readonly variance: M;
  /** θ, updated. */
  readonly weights: M;
}

export const adamStep: Op<AdamStepArguments> = {
  name: "adamStep",
  writes: ["mean", "variance", "weights"],
  check({ gradient, mean, variance, weights }) {
    requireShape("adamStep", "gradient", gradient, weights.rows, weights.columns);
    requireShape("adamStep", "mean", mean, weights.rows, weights.columns);
    requireShape("adamStep", "variance", variance, weights.rows, weights.columns);
  },
  reference(args) {
    const { gradient, mean, variance, weights, learningRate, beta1, beta2, epsilon, l2, penalisedRows } = args;
    const [correction1, correction2] = adamCorrections(args);
    for (let e = 0; e < weights.data.length; e++) {
      const penalised = e < penalisedRows * weights.columns;
      const weight = weights.data[e];
      const g = gradient.data[e] + (penalised ? l2 * weight : 0);
      const m = beta1 * mean.data[e] + (1 - beta1) * g;
      const v = beta2 * variance.data[e] + (1 - beta2) * g * g;
      mean.data[e] = m;
      variance.data[e] = v;
      const kept = penalised ? keptShare(args) * weight : weight;
      weights.data[e] = kept - (learningRate * m * correction1) / (Math.sqrt(v * correction2) + epsilon);
    }
  },
  plan(args, planner) {
    const { gradient, mean, variance, weights } = args;
    const state = { gradient, first: mean, second: variance, weights };
    planUpdate({ op: "adamStep", rule: "adam", rates: args, ...state }, planner);
  },
};
