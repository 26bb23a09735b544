/**
 * `θ ← sign(θ) · max(0, |θ| − threshold)` on the penalised rows: the proximal step of an l1 penalty, after a step of the optimiser.
 * Where the optimiser divides by `√v̂ + ε` (Adam), `v̂ = correction · v`, so does the threshold.
 */
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface SoftThresholdArguments<M extends Matrix = Matrix> {
  /** θ, updated. */
  readonly weights: M;
  /** v, of the shape of θ; undefined where every value has the same threshold. */
  readonly variance: M | undefined;
  /** Step length times l1, ≥ 0. */
  readonly threshold: number;
  readonly correction: number;
  /** ε > 0 */
  readonly epsilon: number;
  /** The penalty applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
}

const kernel: Kernel = { name: "soft_threshold", bindings: ["read", "write"] };
const THREADS = 64;

export const softThreshold: Op<SoftThresholdArguments> = {
  name: "softThreshold",
  writes: ["weights"],
  check({ weights, variance }) {
    if (variance) requireShape("softThreshold", "variance", variance, weights.rows, weights.columns);
  },
  reference({ weights, variance, threshold, correction, epsilon, penalisedRows }) {
    for (let e = 0; e < penalisedRows * weights.columns; e++) {
      const most = variance ? threshold / (Math.sqrt(variance.data[e] * correction) + epsilon) : threshold;
      weights.data[e] -= Math.max(-most, Math.min(most, weights.data[e]));
    }
  },
  plan({ weights, variance, threshold, correction, epsilon, penalisedRows }, planner) {
    const quads = penalisedRows * weights.stride;
    const to = wholeBlock("softThreshold", "weights", weights);
    // A launch may not bind what it writes twice.
    const by = wholeBlock("softThreshold", "variance", variance ?? planner.scratch(1, 4));
    planner.dispatch({
      kernel,
      constants: { THREADS, SCALED: Number(variance !== undefined) },
      buffers: [by.buffer, to.buffer],
      parameters: [...[quads, by.offset, to.offset].map(u32), ...[threshold, correction, epsilon].map(f32)],
      workgroups: Math.ceil(quads / THREADS),
      work: 12 * quads,
    });
  },
};
