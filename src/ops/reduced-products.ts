/**
 * All inner products that L-BFGS needs among the values that may move, those where g is not 0: `gram = [sᵢᵀyⱼ; yᵢᵀyⱼ]` and, for every
 * vector of the stack, `out[r] = (sᵀv_r, yᵀv_r, gᵀv_r, 0)` with the newest pair. As which values move changes from one iteration to
 * the next, so do the products of all pairs. A pair that has no curvature there counts no longer.
 */
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { isIdle, STATE, STATE_LENGTH } from "./solver-state.js";

export interface ReducedProductsArguments<M extends Matrix = Matrix> {
  /** (2m + 1)·p × k: all s, all y, and g. */
  readonly stack: M;
  /** m */
  readonly pairs: number;
  /** 1 × 28: its `slot` has the newest pair. Nothing is done when the solver has stopped or still searches. */
  readonly state: M;
  /** 2m × m, updated: sᵢᵀyⱼ, then yᵢᵀyⱼ. A pair counts when its own sᵢᵀyᵢ is positive; one that did not before does not now. */
  readonly gram: M;
  /** 1 × 4(2m + 1), written: four values for each vector of the stack. */
  readonly out: M;
}

function reference({ stack, pairs: m, state, gram, out }: On<ReducedProductsArguments, HostMatrix>): void {
  if (isIdle(state)) return;
  const slot = state.data[STATE.slot];
  const size = stack.data.length / (2 * m + 1);
  const gradient = stack.data.subarray(2 * m * size);
  const free: number[] = [];
  for (let e = 0; e < size; e++) if (gradient[e] !== 0) free.push(e);
  const vectors = Array.from({ length: 2 * m + 1 }, (_, r) => Float64Array.from(free, (e) => stack.data[r * size + e]));
  const product = (a: number, b: number): number => {
    const [one, other] = [vectors[a], vectors[b]];
    let sum = 0;
    for (let e = 0; e < free.length; e++) sum += one[e] * other[e];
    return sum;
  };
  for (let r = 0; r < 2 * m; r++) {
    for (let j = 0; j < m; j++) {
      const value = product(r, m + j);
      const counts = r !== j || j === slot || (gram.data[r * m + j] > 0 && value > 0);
      gram.data[r * m + j] = counts ? value : 0;
    }
  }
  for (let r = 0; r <= 2 * m; r++) {
    out.data.set([product(r, slot), product(r, m + slot), product(r, 2 * m), 0], 4 * r);
  }
}

const kernel: Kernel = { name: "reduced_products", bindings: ["read", "read", "write", "write"] };
const THREADS = 128;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;
/** Vectors that a workgroup multiplies its own with. */
const TOGETHER = 4;

export const reducedProducts: Op<ReducedProductsArguments> = {
  name: "reducedProducts",
  writes: ["gram", "out"],
  check({ stack, pairs, state, gram, out }) {
    const rows = Math.ceil(stack.rows / (2 * pairs + 1));
    requireShape("reducedProducts", "stack", stack, (2 * pairs + 1) * rows, stack.columns);
    requireShape("reducedProducts", "state", state, 1, STATE_LENGTH);
    requireShape("reducedProducts", "gram", gram, 2 * pairs, pairs);
    requireShape("reducedProducts", "out", out, 1, 4 * (2 * pairs + 1));
  },
  reference,
  plan({ stack, pairs, state, gram, out }, planner) {
    const vectors = 2 * pairs + 1;
    const quads = (stack.rows / vectors) * stack.stride;
    const [memory, now] = [
      wholeBlock("reducedProducts", "stack", stack),
      wholeBlock("reducedProducts", "state", state),
    ];
    const [g, to] = [wholeBlock("reducedProducts", "gram", gram), wholeBlock("reducedProducts", "out", out)];
    // With all y, g and the newest s.
    const groups = Math.ceil((pairs + 2) / TOGETHER);
    planner.dispatch({
      kernel,
      constants: { THREADS: planner.software ? FEW_THREADS : THREADS },
      buffers: [memory.buffer, now.buffer, g.buffer, to.buffer],
      parameters: [
        ...[vectors, quads, vectors * groups, pairs, 4 * gram.stride],
        ...[memory.offset, now.offset, 4 * g.offset, 4 * to.offset],
      ].map(u32),
      workgroups: vectors * groups,
      work: 8 * TOGETHER * quads * vectors * groups,
    });
  },
};
