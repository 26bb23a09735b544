/** One step of Adam on a linear softmax model in two launches: the gradient of the mean over some rows, then θ as `update.ts` says. */
import { adamStep } from "./adam-step.js";
import { planFinish } from "./linear-finish.js";
import type { LinearStepArguments } from "./linear-step.js";
import { checkStep, STEP_TYPES } from "./linear-step.js";
import { planStep } from "./linear-step-launch.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { Matrix, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";
import type { AdamArguments } from "./update.js";

/** θ is updated. */
export interface LinearAdamStepArguments<M extends Matrix = Matrix> extends LinearStepArguments<M>, AdamArguments {
  /** m and v, of the shape of θ, updated. */
  readonly mean: M;
  readonly variance: M;
  /** 1 × 4, written: (Σ loss, Σ weight, 0, faulty rows), the penalty left out. */
  readonly loss: M;
}

export const linearAdamStep: Op<LinearAdamStepArguments> = {
  name: "linearAdamStep",
  writes: ["theta", "mean", "variance", "loss"],
  types: STEP_TYPES,
  check(args) {
    checkStep("linearAdamStep", args);
    const { theta, mean, variance, loss } = args;
    requireShape("linearAdamStep", "mean", mean, theta.rows, theta.columns);
    requireShape("linearAdamStep", "variance", variance, theta.rows, theta.columns);
    requireShape("linearAdamStep", "loss", loss, 1, 4);
  },
  reference(args) {
    const { theta, loss } = args;
    const sums = stepReference(args);
    const gradient = { ...theta, data: meanGradient(sums) };
    adamStep.reference({ ...args, gradient, weights: theta });
    loss.data.set([sums.loss, sums.weight, 0, sums.faults]);
  },
  plan(args, planner) {
    const partials = planStep(args, planner);
    const { theta, mean, variance, loss, l2, penalisedRows } = args;
    const state = { theta, state: mean, secondState: variance, loss };
    planFinish(
      partials,
      { rule: "adam", ...state, l2, penalisedRows, rates: args, lossValue: false, mean: true },
      planner,
    );
  },
};
