/**
 * From the product Xᵀ·dZ to the gradient that L-BFGS descends by, and the pair (s, y) of the step that led there:
 * `G = raw + l2·(θ + t·D)` on the penalised rows, `g[i] = G[i] − μ[i]·G[last]` on those of a centred model,
 * `s = t·D`, `y = g − (the g before)`. With l1 > 0 the solver descends by the subgradient of least size instead, and that is what
 * the stack's g is; the smooth part, which y is made of, comes behind it.
 */
import { at } from "./host-matrix.js";
import { leastSubgradient } from "./least-subgradient.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { isIdle, STATE, STATE_LENGTH } from "./solver-state.js";

export interface FinishGradientArguments<M extends Matrix = Matrix> {
  /** p × k: Xᵀ·dZ, with a last row for the intercept where there are `means`. */
  readonly raw: M;
  /** p × k, θ before the step. */
  readonly theta: M;
  /** p × k, D. */
  readonly direction: M;
  /** 1 × (p − 1), μ; undefined for a model without an intercept. */
  readonly means: M | undefined;
  /** 1 × 28: its `step` is t, its `slot` the pair that is replaced. Nothing is done when the solver has stopped or still searches. */
  readonly state: M;
  readonly l2: number;
  /** Factor of ‖W‖₁; 0 unless given. */
  readonly l1?: number;
  /** Pairs that the stack holds. Where that is 1, each pair replaces the last, whatever the slot. */
  readonly pairs: number;
  /** (2m + 1)·p × k, updated: all s, all y, and g, which is the g before until it is replaced. With l1, one vector more. */
  readonly stack: M;
  /** q × 4, written: rows of which each has Σ(θ + t·D)² over the penalised rows, max |G|, Σ g² and how many G are not finite.
   * With l1 the first is the penalty itself, and G and g are their subgradients of least size.
   */
  readonly out: M;
}

function reference(args: On<FinishGradientArguments, HostMatrix>): void {
  const { raw, theta, direction, means, state, l2, l1 = 0, pairs, stack, out } = args;
  if (isIdle(state)) return;
  const { rows, columns } = raw;
  const step = state.data[STATE.step];
  const slot = state.data[STATE.slot] % pairs;
  const penalised = means ? rows - 1 : rows;
  const size = rows * columns;
  const newest = 2 * pairs * size;
  const smooth = newest + (l1 > 0 ? size : 0);
  const [product, weights, along, kept] = [raw.data, theta.data, direction.data, stack.data];
  const [positions, slopes] = [slot * size, (pairs + slot) * size];
  let [squares, largest, own, faults] = [0, 0, 0, 0];
  for (let i = 0, e = 0; i < rows; i++) {
    const isPenalised = i < penalised;
    const sparse = l1 > 0 && isPenalised;
    const mean = means && isPenalised ? at(means, 0, i) : undefined;
    for (let j = 0; j < columns; j++, e++) {
      const s = step === 0 ? 0 : step * along[e];
      const weight = weights[e] + s;
      let gradient = product[e];
      if (isPenalised) {
        squares += l1 > 0 ? (l2 / 2) * weight * weight + l1 * Math.abs(weight) : weight * weight;
        gradient += l2 * weight;
      }
      const left = sparse ? leastSubgradient(gradient, weight, l1) : gradient;
      if (Number.isFinite(gradient)) largest = Math.max(largest, Math.abs(left));
      else faults++;
      const centred = mean === undefined ? gradient : gradient - mean * product[size - columns + j];
      const descended = sparse ? leastSubgradient(centred, weight, l1) : centred;
      own += descended * descended;
      kept[positions + e] = s;
      kept[slopes + e] = centred - kept[smooth + e];
      kept[smooth + e] = centred;
      kept[newest + e] = descended;
    }
  }
  out.data.fill(0);
  out.data.set([squares, largest, own, faults]);
}

const kernel: Kernel = {
  name: "finish_gradient",
  bindings: ["read", "read", "read", "read", "read", "write", "write"],
};
const THREADS = 64;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;

export const finishGradient: Op<FinishGradientArguments> = {
  name: "finishGradient",
  writes: ["stack", "out"],
  check({ raw, theta, direction, means, state, l1 = 0, pairs, stack, out }) {
    requireShape("finishGradient", "theta", theta, raw.rows, raw.columns);
    requireShape("finishGradient", "direction", direction, raw.rows, raw.columns);
    if (means) requireShape("finishGradient", "means", means, 1, raw.rows - 1);
    requireShape("finishGradient", "state", state, 1, STATE_LENGTH);
    requireShape("finishGradient", "stack", stack, (2 * pairs + 1 + Number(l1 > 0)) * raw.rows, raw.columns);
    requireShape("finishGradient", "out", out, out.rows, 4);
  },
  reference,
  plan({ raw, theta, direction, means, state, l2, l1 = 0, pairs, stack, out }, planner) {
    const [g, w, d] = [raw, theta, direction].map((m) => wholeBlock("finishGradient", "gradient", m));
    const mu = means && wholeBlock("finishGradient", "means", means);
    const now = wholeBlock("finishGradient", "state", state);
    const [memory, to] = [wholeBlock("finishGradient", "stack", stack), wholeBlock("finishGradient", "out", out)];
    const quads = raw.rows * raw.stride;
    planner.dispatch({
      kernel,
      constants: {
        THREADS: planner.software ? FEW_THREADS : THREADS,
        CENTRED: Number(mu !== undefined),
        SPARSE: Number(l1 > 0),
      },
      buffers: [g.buffer, w.buffer, d.buffer, mu?.buffer ?? g.buffer, now.buffer, memory.buffer, to.buffer],
      parameters: [
        ...[quads, raw.stride, (means ? raw.rows - 1 : raw.rows) * raw.stride, pairs, out.rows].map(u32),
        ...[g.offset, w.offset, d.offset, mu?.offset ?? 0, now.offset, memory.offset, to.offset].map(u32),
        ...[l2, l1].map(f32),
      ],
      workgroups: out.rows,
      work: 40 * quads,
    });
  },
};
