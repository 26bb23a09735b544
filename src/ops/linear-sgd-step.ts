/** One step of SGD on a linear softmax model in two launches: the gradient of the mean over some rows, then θ as `update.ts` says. */
import { planFinish } from "./linear-finish.js";
import type { LinearStepArguments } from "./linear-step.js";
import { checkStep, STEP_TYPES } from "./linear-step.js";
import { planStep } from "./linear-step-launch.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { Matrix, Op } from "./op.js";
import { sgdStep } from "./sgd-step.js";
import { requireShape } from "./shape-rule.js";
import type { SgdArguments } from "./update.js";

/** θ is updated. */
export interface LinearSgdStepArguments<M extends Matrix = Matrix> extends LinearStepArguments<M>, SgdArguments {
  /** Of the shape of θ, updated; not needed without momentum. */
  readonly velocity: M | undefined;
  /** 1 × 4, written: (Σ loss, Σ weight, 0, faulty rows), the penalty left out. */
  readonly loss: M;
}

export const linearSgdStep: Op<LinearSgdStepArguments> = {
  name: "linearSgdStep",
  writes: ["theta", "velocity", "loss"],
  types: STEP_TYPES,
  check(args) {
    checkStep("linearSgdStep", args);
    const { theta, velocity, momentum, loss } = args;
    const state = velocity ?? (momentum === 0 ? theta : { rows: 0, columns: 0 });
    requireShape("linearSgdStep", "velocity", state, theta.rows, theta.columns);
    requireShape("linearSgdStep", "loss", loss, 1, 4);
  },
  reference(args) {
    const { theta, loss } = args;
    const sums = stepReference(args);
    const velocity = args.velocity ?? { ...theta, data: new Float64Array(theta.data.length) };
    const gradient = { ...theta, data: meanGradient(sums) };
    sgdStep.reference({ ...args, gradient, velocity, weights: theta });
    loss.data.set([sums.loss, sums.weight, 0, sums.faults]);
  },
  plan(args, planner) {
    const partials = planStep(args, planner);
    const { theta, velocity, loss, nesterov, l2, penalisedRows } = args;
    const state = { theta, state: velocity, secondState: undefined, loss };
    const rates = { l2, penalisedRows, rates: args };
    planFinish(
      partials,
      { rule: nesterov ? "nesterov" : "sgd", ...state, ...rates, lossValue: false, mean: true },
      planner,
    );
  },
};
