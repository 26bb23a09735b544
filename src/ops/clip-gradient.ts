/**
 * `g ← (g + l2·θ) · limit / max(‖g + l2·θ‖₂, limit)`, the norm over all of W and b together (Pascanu, Mikolov & Bengio 2013): the
 * direction stays, the length is `limit` at most, and a shorter gradient is not touched. l2 applies to the penalised rows. A gradient that
 * is not finite is penalised only, so that what is wrong shows.
 */
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface ClipGradientArguments<M extends Matrix = Matrix> {
  /** Updated. */
  readonly gradient: M;
  /** θ */
  readonly weights: M;
  readonly l2: number;
  /** l2 applies to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
  /** > 0 */
  readonly limit: number;
}

const kernel: Kernel = { name: "clip_gradient", bindings: ["read", "write", "write"] };
const THREADS = 256;
/** Quads that a workgroup sums up; up to so many are summed and scaled in one launch. */
const PER_GROUP = 4096;
/** float32's smallest normal number and its largest. */
const RANGE = { least: 2 ** -126, most: (2 - 2 ** -23) * 2 ** 127 };

/** Launches that it takes on a GPU. */
export const clipLaunches = (quads: number): number => (quads <= PER_GROUP ? 1 : 2);

export const clipGradient: Op<ClipGradientArguments> = {
  name: "clipGradient",
  writes: ["gradient"],
  check({ gradient, weights }) {
    requireShape("clipGradient", "gradient", gradient, weights.rows, weights.columns);
  },
  reference({ gradient, weights, l2, penalisedRows, limit }) {
    const penalised = l2 === 0 ? 0 : penalisedRows * weights.columns;
    const whole = (e: number): number => gradient.data[e] + (e < penalised ? l2 * weights.data[e] : 0);
    let squares = 0;
    for (let e = 0; e < gradient.data.length; e++) squares += whole(e) ** 2;
    const norm = Math.sqrt(squares);
    // Not `limit / norm` where norm is no number.
    const factor = norm > limit && norm < Number.POSITIVE_INFINITY ? limit / norm : 1;
    for (let e = 0; e < gradient.data.length; e++) gradient.data[e] = factor * whole(e);
  },
  plan({ gradient, weights, l2, penalisedRows, limit }, planner) {
    const quads = weights.rows * weights.stride;
    const groups = Math.ceil(quads / PER_GROUP);
    const [theta, to] = [weights, gradient].map((m) => wholeBlock("clipGradient", "weights", m));
    const sums = wholeBlock("clipGradient", "partial results", planner.scratch(groups, 4));
    const launch = (part: number): void =>
      planner.dispatch({
        kernel,
        constants: { THREADS, PART: part },
        buffers: [theta.buffer, to.buffer, sums.buffer],
        parameters: [
          ...[quads, penalisedRows * weights.stride, PER_GROUP, groups, theta.offset, to.offset, sums.offset].map(u32),
          ...[l2, Math.min(Math.max(limit, RANGE.least), RANGE.most)].map(f32),
        ],
        workgroups: groups,
        work: 32 * quads,
      });
    if (clipLaunches(quads) === 1) return launch(0);
    launch(1);
    launch(2);
  },
};
