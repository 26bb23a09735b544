/**
 * `g ← g + l2·θ` on the penalised rows, `v ← momentum·v + g`, `θ ← θ − rate·v`, or `θ − rate·(g + momentum·v)` with Nesterov
 * (Sutskever et al. 2013, as PyTorch writes it).
 */
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface SgdStepArguments<M extends Matrix = Matrix> {
  readonly gradient: M;
  /** Updated. */
  readonly velocity: M;
  /** θ, updated. */
  readonly weights: M;
  readonly learningRate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly l2: number;
  /** l2 applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
}

const kernel: Kernel = { name: "sgd", bindings: ["read", "write", "write"] };
const THREADS = 64;

export const sgdStep: Op<SgdStepArguments> = {
  name: "sgdStep",
  writes: ["velocity", "weights"],
  check({ gradient, velocity, weights }) {
    requireShape("sgdStep", "gradient", gradient, weights.rows, weights.columns);
    requireShape("sgdStep", "velocity", velocity, weights.rows, weights.columns);
  },
  reference({ gradient, velocity, weights, learningRate, momentum, nesterov, l2, penalisedRows }) {
    for (let e = 0; e < weights.data.length; e++) {
      const penalty = e < penalisedRows * weights.columns ? l2 * weights.data[e] : 0;
      const g = gradient.data[e] + penalty;
      const v = momentum * velocity.data[e] + g;
      velocity.data[e] = v;
      weights.data[e] -= learningRate * (nesterov ? g + momentum * v : v);
    }
  },
  plan({ gradient, velocity, weights, learningRate, momentum, nesterov, l2, penalisedRows }, planner) {
    const quads = weights.rows * weights.stride;
    const blocks = [gradient, velocity, weights].map((m) => wholeBlock("sgdStep", "weights", m));
    planner.dispatch({
      kernel,
      constants: { THREADS, NESTEROV: Number(nesterov) },
      buffers: blocks.map((b) => b.buffer),
      parameters: [
        ...[quads, penalisedRows * weights.stride, ...blocks.map((b) => b.offset)].map(u32),
        ...[learningRate, momentum, l2].map(f32),
      ],
      workgroups: Math.ceil(quads / THREADS),
      work: 24 * quads,
    });
  },
};
