/**
 * `P[i,j] = exp(z[i,j]) / Σ_j exp(z[i,j])`, computed after the row's maximum is taken off, or its logarithm
 * `z[i,j] − logsumexp(z[i])`, the lowest float32 where it would be lower. Each row of P sums to 1; a row with a logit that
 * is not finite is NaN throughout.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, Op } from "./op.js";
import { NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges } from "./row-ranges.js";
import { BELOW, LANES } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";

/** The highest float32: what is further away stops here, on every device. */
export const HIGHEST: number = (2 - 2 ** -23) * 2 ** 127;

export interface SoftmaxArguments<M extends Matrix = Matrix> {
  readonly logits: M;
  readonly out: M;
  /** Give logarithms of probabilities. */
  readonly log: boolean;
}

/** The maximum of row i and Σ_j exp(z[i,j] − maximum); NaN both when one of the logits is not finite. */
export function rowNormaliser(logits: HostMatrix, i: number): { maximum: number; sum: number } {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < logits.columns; j++) {
    const z = at(logits, i, j);
    if (!Number.isFinite(z)) return { maximum: Number.NaN, sum: Number.NaN };
    maximum = Math.max(maximum, z);
  }
  let sum = 0;
  for (let j = 0; j < logits.columns; j++) sum += Math.exp(at(logits, i, j) - maximum);
  return { maximum, sum };
}

const kernel: Kernel = {
  name: "softmax",
  files: ["softmax", LANES, BELOW],
  bindings: ["read", "write"],
};

export const softmax: Op<SoftmaxArguments> = {
  name: "softmax",
  check({ logits, out }) {
    requireShape("softmax", "out", out, logits.rows, logits.columns);
  },
  slice: (args, first, rows) => ({
    ...args,
    logits: rowsOf(args.logits, first, rows),
    out: rowsOf(args.out, first, rows),
  }),
  reference({ logits, out, log }) {
    for (let i = 0; i < logits.rows; i++) {
      const { maximum, sum } = rowNormaliser(logits, i);
      for (let j = 0; j < logits.columns; j++) {
        const shifted = at(logits, i, j) - maximum;
        out.data[i * out.columns + j] = log ? Math.max(-HIGHEST, shifted - Math.log(sum)) : Math.exp(shifted) / sum;
      }
    }
  },
  plan({ logits, out, log }, planner) {
    const lanes = rowLanes(logits.columns);
    const work = 16 * logits.columns;
    for (const range of rowRanges([logits, out], planner.workPerDispatch / work)) {
      const [z, p] = range.parts;
      planner.dispatch({
        kernel,
        constants: { ...lanes.constants, LOG: Number(log) },
        buffers: [z.buffer, p.buffer],
        parameters: [range.rows, logits.columns, z.offset, logits.stride, p.offset, out.stride, NOT_A_NUMBER_BITS].map(
          u32,
        ),
        workgroups: Math.ceil(range.rows / lanes.rowsPerGroup),
        work: work * range.rows,
      });
    }
  },
};
