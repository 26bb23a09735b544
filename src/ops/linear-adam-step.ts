/**
 * One step of Adam on a linear softmax model in two launches: the gradient of the mean over some rows, then
 * `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ − rate · m̂ / (√v̂ + ε)` (Kingma & Ba 2015).
 */
import { adamCorrections, adamStep } from "./adam-step.js";
import { planFinish } from "./linear-finish.js";
import type { LinearStepArguments } from "./linear-step.js";
import { checkStep, planStep, STEP_TYPES } from "./linear-step.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { Matrix, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";

/** θ is updated. */
export interface LinearAdamStepArguments<M extends Matrix = Matrix> extends LinearStepArguments<M> {
  /** m and v, of the shape of θ, updated. */
  readonly mean: M;
  readonly variance: M;
  /** 1 × 4, written: (Σ loss, Σ weight, 0, faulty rows), the penalty left out. */
  readonly loss: M;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** ε > 0 */
  readonly epsilon: number;
  /** t, from 1. */
  readonly step: number;
  readonly l2: number;
  /** l2 applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
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
    const { theta, mean, variance, loss, learningRate, beta1, beta2, epsilon, step, l2, penalisedRows } = args;
    const sums = stepReference(args);
    const gradient = { ...theta, data: meanGradient(sums) };
    const rates = { learningRate, beta1, beta2, epsilon, step, l2, penalisedRows };
    adamStep.reference({ gradient, mean, variance, weights: theta, ...rates });
    loss.data.set([sums.loss, sums.weight, 0, sums.faults]);
  },
  plan(args, planner) {
    const partials = planStep(args, planner);
    const { theta, mean, variance, loss, learningRate, beta1, beta2, epsilon, l2, penalisedRows } = args;
    const finish = { rule: "adam", theta, state: mean, secondState: variance, loss, lossValue: false } as const;
    const corrections = adamCorrections(args);
    const rates = { learningRate, beta1, beta2, epsilon, corrections, l2, penalisedRows };
    planFinish(partials, { ...finish, ...rates, mean: true }, planner);
  },
};
