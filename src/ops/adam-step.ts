/**
 * `g ← g + l2·θ` on the penalised rows, `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`,
 * `θ ← θ − rate · m̂ / (√v̂ + ε)` with `m̂ = m/(1−β₁ᵗ)`, `v̂ = v/(1−β₂ᵗ)` (Kingma & Ba 2015).
 */
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface AdamStepArguments<M extends Matrix = Matrix> {
  readonly gradient: M;
  /** m, updated. */
  readonly mean: M;
  /** v, updated. */
  readonly variance: M;
  /** θ, updated. */
  readonly weights: M;
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

const kernel: Kernel = { name: "adam", bindings: ["read", "write", "write", "write"] };
const THREADS = 64;

/** 1/(1−β₁ᵗ) and 1/(1−β₂ᵗ) */
export const adamCorrections = (a: Pick<AdamStepArguments, "beta1" | "beta2" | "step">): [number, number] => [
  1 / (1 - a.beta1 ** a.step),
  1 / (1 - a.beta2 ** a.step),
];

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
      const g = gradient.data[e] + (e < penalisedRows * weights.columns ? l2 * weights.data[e] : 0);
      const m = beta1 * mean.data[e] + (1 - beta1) * g;
      const v = beta2 * variance.data[e] + (1 - beta2) * g * g;
      mean.data[e] = m;
      variance.data[e] = v;
      weights.data[e] -= (learningRate * m * correction1) / (Math.sqrt(v * correction2) + epsilon);
    }
  },
  plan(args, planner) {
    const { gradient, mean, variance, weights, learningRate, beta1, beta2, epsilon, l2, penalisedRows } = args;
    const quads = weights.rows * weights.stride;
    const blocks = [gradient, mean, variance, weights].map((m) => wholeBlock("adamStep", "weights", m));
    planner.dispatch({
      kernel,
      constants: { THREADS },
      buffers: blocks.map((b) => b.buffer),
      parameters: [
        ...[quads, penalisedRows * weights.stride, ...blocks.map((b) => b.offset)].map(u32),
        ...[learningRate, beta1, beta2, epsilon, ...adamCorrections(args), l2, 1 - beta1, 1 - beta2].map(f32),
      ],
      workgroups: Math.ceil(quads / THREADS),
      work: 48 * quads,
    });
  },
};
