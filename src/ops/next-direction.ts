/**
 * `θ ← θ + t·D` when that point was taken, then `D ← Σ_r coefficients[r] · stack[r]` when a fresh direction is wanted, and what a
 * line search must know of it: ⟨W, D_W⟩, ‖D_W‖² and gᵀD.
 */
import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { STATE, STATE_LENGTH } from "./solver-state.js";

export interface NextDirectionArguments<M extends Matrix = Matrix> {
  /** 1 × 28 */
  readonly state: M;
  /** (2m + 1)·p × k: all s, all y, and g. */
  readonly stack: M;
  /** 1 × (2m + 1) */
  readonly coefficients: M;
  /** p × k, updated. */
  readonly theta: M;
  /** p × k, updated. */
  readonly direction: M;
  /** Rows of θ that are penalised: W. */
  readonly penalisedRows: number;
  /** q × 4, written: rows that add up to ⟨W, D_W⟩, ‖D_W‖², gᵀD, 0. Left as it is where no fresh direction is wanted. */
  readonly out: M;
}

function reference(args: On<NextDirectionArguments, HostMatrix>): void {
  const { state, stack, coefficients, theta, direction, penalisedRows, out } = args;
  const size = theta.rows * theta.columns;
  if (state.data[STATE.taken] === 1 && state.data[STATE.step] !== 0) {
    const step = state.data[STATE.step];
    for (let e = 0; e < size; e++) theta.data[e] += step * direction.data[e];
  }
  if (state.data[STATE.fresh] !== 1) return;
  const vectors = coefficients.columns;
  const gradient = stack.data.subarray((vectors - 1) * size);
  const sums = new Float64Array(size);
  for (let r = 0; r < vectors; r++) {
    const factor = at(coefficients, 0, r);
    if (factor === 0) continue;
    const vector = stack.data.subarray(r * size, (r + 1) * size);
    for (let e = 0; e < size; e++) sums[e] += factor * vector[e];
  }
  direction.data.set(sums);
  let [mixed, squares, slope] = [0, 0, 0];
  for (let e = 0; e < size; e++) {
    const d = direction.data[e];
    slope += gradient[e] * d;
    if (e >= penalisedRows * theta.columns) continue;
    mixed += theta.data[e] * d;
    squares += d * d;
  }
  out.data.fill(0);
  out.data.set([mixed, squares, slope, 0]);
}

const kernel: Kernel = {
  name: "next_direction",
  bindings: ["read", "read", "read", "write", "write", "write"],
};
const THREADS = 64;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;

export const nextDirection: Op<NextDirectionArguments> = {
  name: "nextDirection",
  writes: ["theta", "direction", "out"],
  check({ state, stack, coefficients, theta, direction, out }) {
    requireShape("nextDirection", "state", state, 1, STATE_LENGTH);
    requireShape("nextDirection", "stack", stack, coefficients.columns * theta.rows, theta.columns);
    requireShape("nextDirection", "direction", direction, theta.rows, theta.columns);
    requireShape("nextDirection", "out", out, out.rows, 4);
  },
  reference,
  plan({ state, stack, coefficients, theta, direction, penalisedRows, out }, planner) {
    const [now, memory] = [wholeBlock("nextDirection", "state", state), wholeBlock("nextDirection", "stack", stack)];
    const factors = wholeBlock("nextDirection", "coefficients", coefficients);
    const [w, d] = [wholeBlock("nextDirection", "theta", theta), wholeBlock("nextDirection", "direction", direction)];
    const to = wholeBlock("nextDirection", "out", out);
    const quads = theta.rows * theta.stride;
    planner.dispatch({
      kernel,
      constants: { THREADS: planner.software ? FEW_THREADS : THREADS },
      buffers: [now.buffer, memory.buffer, factors.buffer, w.buffer, d.buffer, to.buffer],
      parameters: [
        ...[coefficients.columns, quads, penalisedRows * theta.stride, out.rows],
        ...[now.offset, memory.offset, factors.offset, w.offset, d.offset, to.offset],
      ].map(u32),
      workgroups: out.rows,
      work: 8 * quads * coefficients.columns,
    });
  },
};
