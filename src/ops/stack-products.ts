/**
 * `out[r] = (sᵀv_r, yᵀv_r, gᵀv_r, 0)`: all inner products that L-BFGS needs of the newest pair and of the gradient, in one launch.
 * Where the stack is of s, P·y and P·g, for a preconditioner P, the products with y and g are those of the metric P.
 */
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { isIdle, STATE, STATE_LENGTH } from "./solver-state.js";

export interface StackProductsArguments<M extends Matrix = Matrix> {
  /** (2m + 1)·p × k: all s, all y, and g. */
  readonly stack: M;
  /** 3p × k: the newest s and y, and g, where the stack holds P·y and P·g; else they are the stack's own. */
  readonly newest?: M | undefined;
  /** m */
  readonly pairs: number;
  /** 1 × 28: its `slot` has the newest pair. Nothing is done when the solver has stopped or still searches. */
  readonly state: M;
  /** c × 4(2m + 1), written: rows that add up to the products, four values for each vector of the stack. */
  readonly out: M;
}

function reference({ stack, newest, pairs, state, out }: On<StackProductsArguments, HostMatrix>): void {
  if (isIdle(state)) return;
  const slot = state.data[STATE.slot];
  const vectors = 2 * pairs + 1;
  const size = stack.data.length / vectors;
  const places = newest ? [0, 1, 2] : [slot, pairs + slot, 2 * pairs];
  const [s, y, g] = places.map((v) => (newest ?? stack).data.subarray(v * size, (v + 1) * size));
  out.data.fill(0);
  for (let r = 0; r < vectors; r++) {
    const vector = stack.data.subarray(r * size, (r + 1) * size);
    let [withS, withY, withG] = [0, 0, 0];
    for (let e = 0; e < size; e++) {
      const value = vector[e];
      withS += s[e] * value;
      withY += y[e] * value;
      withG += g[e] * value;
    }
    out.data.set([withS, withY, withG, 0], 4 * r);
  }
}

const kernel: Kernel = { name: "stack_products", bindings: ["read", "read", "read", "write"] };
const THREADS = 128;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;

export const stackProducts: Op<StackProductsArguments> = {
  name: "stackProducts",
  check({ stack, newest, pairs, state, out }) {
    const rows = Math.ceil(stack.rows / (2 * pairs + 1));
    requireShape("stackProducts", "stack", stack, (2 * pairs + 1) * rows, stack.columns);
    if (newest) requireShape("stackProducts", "newest", newest, 3 * rows, stack.columns);
    requireShape("stackProducts", "state", state, 1, STATE_LENGTH);
    requireShape("stackProducts", "out", out, out.rows, 4 * (2 * pairs + 1));
  },
  reference,
  plan({ stack, newest, pairs, state, out }, planner) {
    const vectors = 2 * pairs + 1;
    const quads = (stack.rows / vectors) * stack.stride;
    const [memory, now] = [wholeBlock("stackProducts", "stack", stack), wholeBlock("stackProducts", "state", state)];
    const from = newest ? wholeBlock("stackProducts", "newest", newest) : memory;
    const to = wholeBlock("stackProducts", "out", out);
    planner.dispatch({
      kernel,
      constants: { THREADS: planner.software ? FEW_THREADS : THREADS, APART: Number(newest !== undefined) },
      buffers: [memory.buffer, now.buffer, from.buffer, to.buffer],
      parameters: [
        ...[vectors, quads, Math.ceil(quads / out.rows), vectors * out.rows, pairs],
        ...[memory.offset, now.offset, to.offset, from.offset],
      ].map(u32),
      workgroups: vectors * out.rows,
      work: 24 * quads * vectors,
    });
  },
};
