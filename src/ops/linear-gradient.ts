/**
 * `dW = Σ x ⊗ dz / Σ weight + l2·W`, `db = Σ dz / Σ weight` and the loss of a linear softmax model, in two launches that read X
 * once. Rows are all of X, or those an order names; `mean: false` leaves out both divisions.
 */
import { planFinish } from "./linear-finish.js";
import type { LinearStepArguments } from "./linear-step.js";
import { checkStep, hasBias, STEP_TYPES } from "./linear-step.js";
import { planStep } from "./linear-step-launch.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { Matrix, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";
import { lossValue } from "./step-totals.js";

export interface LinearGradientArguments<M extends Matrix = Matrix> extends LinearStepArguments<M> {
  readonly mean: boolean;
  readonly l2: number;
  /** l2 applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
  /** Of the shape of θ, written. */
  readonly gradient: M;
  /** 1 × k, written: the gradient of `bias`. */
  readonly dBias: M | undefined;
  /** 1 × 1, written: the mean or the sum, NaN when a row is faulty; or 1 × 4: (Σ loss, Σ weight, 0, faulty rows). No penalty. */
  readonly loss: M;
}

export const linearGradient: Op<LinearGradientArguments> = {
  name: "linearGradient",
  writes: ["gradient", "dBias", "loss"],
  types: STEP_TYPES,
  check(args) {
    checkStep("linearGradient", args);
    const { theta, bias, gradient, dBias, loss } = args;
    requireShape("linearGradient", "gradient", gradient, theta.rows, theta.columns);
    if (bias || dBias) requireShape("linearGradient", "dBias", dBias ?? { rows: 0, columns: 0 }, 1, theta.columns);
    requireShape("linearGradient", "loss", loss, 1, loss.columns === 4 ? 4 : 1);
  },
  reference(args) {
    const { theta, gradient, dBias, loss, mean, l2, penalisedRows } = args;
    const sums = stepReference(args);
    const divided = mean ? meanGradient(sums) : sums.gradient;
    const own = gradient.data.length;
    for (let e = 0; e < own; e++) {
      gradient.data[e] = divided[e] + (e < penalisedRows * theta.columns ? l2 * theta.data[e] : 0);
    }
    if (dBias) dBias.data.set(divided.subarray(own));
    if (loss.columns === 4) loss.data.set([sums.loss, sums.weight, 0, sums.faults]);
    else loss.data[0] = lossValue(sums, mean);
  },
  plan(args, planner) {
    const partials = planStep(args, planner);
    const { theta, gradient, dBias, loss, mean, l2, penalisedRows } = args;
    planFinish(
      partials,
      {
        rule: "gradient",
        theta,
        state: gradient,
        secondState: hasBias(args) ? dBias : undefined,
        loss,
        lossValue: loss.columns !== 4,
        ...{ mean, l2, penalisedRows },
      },
      planner,
    );
  },
};
