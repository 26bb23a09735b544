/**
 * One step of SGD on a linear softmax model in two launches: the gradient of the mean over some rows, then
 * `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov (Sutskever et al. 2013).
 */
import { planFinish } from "./linear-finish.js";
import type { LinearStepArguments } from "./linear-step.js";
import { checkStep, planStep, STEP_TYPES } from "./linear-step.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { Matrix, Op } from "./op.js";
import { sgdStep } from "./sgd-step.js";
import { requireShape } from "./shape-rule.js";

/** θ is updated. */
export interface LinearSgdStepArguments<M extends Matrix = Matrix> extends LinearStepArguments<M> {
  /** Of the shape of θ, updated; not needed without momentum. */
  readonly velocity: M | undefined;
  /** 1 × 4, written: (Σ loss, Σ weight, 0, faulty rows), the penalty left out. */
  readonly loss: M;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly l2: number;
  /** l2 applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
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
    const { theta, loss, momentum, nesterov, learningRate, l2, penalisedRows } = args;
    const sums = stepReference(args);
    const velocity = args.velocity ?? { ...theta, data: new Float64Array(theta.data.length) };
    const gradient = { ...theta, data: meanGradient(sums) };
    const rates = { learningRate, momentum, nesterov, l2, penalisedRows };
    sgdStep.reference({ gradient, velocity, weights: theta, ...rates });
    loss.data.set([sums.loss, sums.weight, 0, sums.faults]);
  },
  plan(args, planner) {
    const partials = planStep(args, planner);
    const { theta, velocity, loss, nesterov, learningRate, momentum, l2, penalisedRows } = args;
    const rule = nesterov ? "nesterov" : "sgd";
    const finish = {
      rule,
      theta,
      state: velocity,
      secondState: undefined,
      loss,
      lossValue: false,
      mean: true,
    } as const;
    planFinish(partials, { ...finish, learningRate, momentum, l2, penalisedRows }, planner);
  },
};
