/** One step of SGD by a gradient that is there: `g ← g + l2·θ`, `v ← momentum·v + g`, θ as `update.ts` says. */
import type { Matrix, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";
import type { SgdArguments } from "./update.js";
import { keptShare } from "./update.js";
import { planUpdate } from "./update-launch.js";

export interface SgdStepArguments<M extends Matrix = Matrix> extends SgdArguments {
  readonly gradient: M;
  /** Updated. */
  readonly velocity: M;
  /** θ, updated. */
  readonly weights: M;
}

export const sgdStep: Op<SgdStepArguments> = {
  name: "sgdStep",
  writes: ["velocity", "weights"],
  check({ gradient, velocity, weights }) {
    requireShape("sgdStep", "gradient", gradient, weights.rows, weights.columns);
    requireShape("sgdStep", "velocity", velocity, weights.rows, weights.columns);
  },
  reference(args) {
    const { gradient, velocity, weights, learningRate, momentum, nesterov, l2, penalisedRows } = args;
    for (let e = 0; e < weights.data.length; e++) {
      const penalised = e < penalisedRows * weights.columns;
      const weight = weights.data[e];
      const g = gradient.data[e] + (penalised ? l2 * weight : 0);
      const v = momentum * velocity.data[e] + g;
      velocity.data[e] = v;
      const kept = penalised ? keptShare(args) * weight : weight;
      weights.data[e] = kept - learningRate * (nesterov ? g + momentum * v : v);
    }
  },
  plan(args, planner) {
    const { gradient, velocity, weights, nesterov } = args;
    const state = { gradient, first: velocity, second: undefined, weights };
    planUpdate({ op: "sgdStep", rule: nesterov ? "nesterov" : "sgd", rates: args, ...state }, planner);
  },
};
