/**
 * `θ ← θ + t·D` when that point was taken, then `D ← Σ_r coefficients[r] · stack[r]` when a fresh direction is wanted, and what a
 * line search must know of it: ⟨W, D_W⟩, ‖D_W‖² and gᵀD.
 *
 * With l1 > 0 D stays among the values that may move, those where g is not 0, leaves no corner of the penalty in the direction
 * that g points in, and ends where a weight becomes 0: along D, for steps up to 1, ‖W‖₁ is then linear, and a step of exactly 1 makes
 * exact zeros (after Andrew & Gao 2007).
 */
import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { STATE, STATE_LENGTH } from "./solver-state.js";

export interface NextDirectionArguments<M extends Matrix = Matrix> {
  /** 1 × 28 */
  readonly state: M;
  /** (2m + 1)·p × k: all s, all y, and g; or all s, P·y and P·g for a preconditioner P. */
  readonly stack: M;
  /** p × k: g, where the stack holds P·g; not for l1. */
  readonly gradient?: M | undefined;
  /** 1 × (2m + 1) */
  readonly coefficients: M;
  /** p × k, updated. */
  readonly theta: M;
  /** p × k, updated. */
  readonly direction: M;
  /** Rows of θ that are penalised: W. */
  readonly penalisedRows: number;
  /** Factors of ‖W‖₁ and of ‖W‖²/2, which the direction depends on with l1 only; 0 unless given. */
  readonly l1?: number;
  readonly l2?: number;
  /**
   * q × 4, written: rows that add up to ⟨W, D_W⟩, ‖D_W‖², gᵀD, 0; with l1 to the penalty's slope at W along D, ‖D_W‖², gᵀD, and how
   * many weights go towards 0. Left as it is where no fresh direction is wanted.
   */
  readonly out: M;
}

/** Which part of a weight's step is taken: none away from where g leads from a corner, and none beyond 0. */
function withinOrthant(step: number, weight: number, subgradient: number): number {
  if (weight === 0) return step * subgradient < 0 ? step : 0;
  return weight > 0 ? Math.max(step, -weight) : Math.min(step, -weight);
}

function reference(args: On<NextDirectionArguments, HostMatrix>): void {
  const { state, stack, coefficients, theta, direction, penalisedRows, l1 = 0, l2 = 0, out } = args;
  const size = theta.rows * theta.columns;
  if (state.data[STATE.taken] === 1 && state.data[STATE.step] !== 0) {
    const step = state.data[STATE.step];
    for (let e = 0; e < size; e++) theta.data[e] += step * direction.data[e];
  }
  if (state.data[STATE.fresh] !== 1) return;
  const vectors = coefficients.columns;
  const gradient = args.gradient?.data ?? stack.data.subarray((vectors - 1) * size);
  const sums = new Float64Array(size);
  for (let r = 0; r < vectors; r++) {
    const factor = at(coefficients, 0, r);
    if (factor === 0) continue;
    const vector = stack.data.subarray(r * size, (r + 1) * size);
    for (let e = 0; e < size; e++) sums[e] += factor * vector[e];
  }
  const penalised = penalisedRows * theta.columns;
  if (l1 > 0) {
    for (let e = 0; e < size; e++) {
      if (gradient[e] === 0) sums[e] = 0;
      else if (e < penalised) sums[e] = withinOrthant(sums[e] as number, theta.data[e], gradient[e]);
    }
  }
  direction.data.set(sums);
  let [mixed, squares, slope, shrinking] = [0, 0, 0, 0];
  for (let e = 0; e < size; e++) {
    const d = direction.data[e];
    slope += gradient[e] * d;
    if (e >= penalised) continue;
    const weight = theta.data[e];
    squares += d * d;
    if (l1 > 0) {
      mixed += l2 * weight * d + l1 * (weight === 0 ? Math.abs(d) : Math.sign(weight) * d);
      if (weight * d < 0) shrinking++;
    } else {
      mixed += weight * d;
    }
  }
  out.data.fill(0);
  out.data.set([mixed, squares, slope, shrinking]);
}

const kernel: Kernel = {
  name: "next_direction",
  bindings: ["read", "read", "read", "write", "write", "read", "write"],
};
const THREADS = 64;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;

export const nextDirection: Op<NextDirectionArguments> = {
  name: "nextDirection",
  writes: ["theta", "direction", "out"],
  check({ state, stack, gradient, coefficients, theta, direction, out }) {
    requireShape("nextDirection", "state", state, 1, STATE_LENGTH);
    requireShape("nextDirection", "stack", stack, coefficients.columns * theta.rows, theta.columns);
    if (gradient) requireShape("nextDirection", "gradient", gradient, theta.rows, theta.columns);
    requireShape("nextDirection", "direction", direction, theta.rows, theta.columns);
    requireShape("nextDirection", "out", out, out.rows, 4);
  },
  reference,
  plan({ state, stack, gradient, coefficients, theta, direction, penalisedRows, l1 = 0, l2 = 0, out }, planner) {
    const [now, memory] = [wholeBlock("nextDirection", "state", state), wholeBlock("nextDirection", "stack", stack)];
    const factors = wholeBlock("nextDirection", "coefficients", coefficients);
    const [w, d] = [wholeBlock("nextDirection", "theta", theta), wholeBlock("nextDirection", "direction", direction)];
    const to = wholeBlock("nextDirection", "out", out);
    const quads = theta.rows * theta.stride;
    const own = { buffer: memory.buffer, offset: memory.offset + (coefficients.columns - 1) * quads };
    const g = gradient ? wholeBlock("nextDirection", "gradient", gradient) : own;
    planner.dispatch({
      kernel,
      constants: { THREADS: planner.software ? FEW_THREADS : THREADS, SPARSE: Number(l1 > 0) },
      buffers: [now.buffer, memory.buffer, factors.buffer, w.buffer, d.buffer, g.buffer, to.buffer],
      parameters: [
        ...[coefficients.columns, quads, penalisedRows * theta.stride, out.rows].map(u32),
        ...[now.offset, memory.offset, factors.offset, w.offset, d.offset, to.offset, g.offset].map(u32),
        ...[l1, l2].map(f32),
      ],
      workgroups: out.rows,
      work: 8 * quads * coefficients.columns,
    });
  },
};
