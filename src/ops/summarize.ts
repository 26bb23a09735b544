/**
 * `(Σ x, Σ x², max |x|, how many x are not finite)` over all values of a matrix. Values that are not finite are counted by
 * their bits, never by comparison, and left out of the other three.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { Dispatch, Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface SummarizeArguments<M extends Matrix = Matrix> {
  readonly x: M;
  /** 1 × 4, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "summarize", bindings: ["read", "write"] };
const THREADS = 256;
/** Quads below which one workgroup does it all. */
const SMALL = 4096;
const MOST_WORKGROUPS = 256;

interface Fold {
  readonly from: { readonly buffer: object; readonly offset: number };
  readonly to: { readonly buffer: object; readonly offset: number };
  readonly quads: number;
  readonly workgroups: number;
  readonly merge: boolean;
}

function fold({ from, to, quads, workgroups, merge }: Fold): Dispatch {
  return {
    kernel,
    constants: { THREADS, MERGE: Number(merge) },
    buffers: [from.buffer, to.buffer],
    parameters: [quads, from.offset, Math.ceil(quads / workgroups), workgroups, to.offset].map(u32),
    workgroups,
    work: 16 * quads,
  };
}

export const summarize: Op<SummarizeArguments> = {
  name: "summarize",
  check({ out }) {
    requireShape("summarize", "out", out, 1, 4);
  },
  slice: ({ x, out }, first, rows) => ({ x: rowsOf(x, first, rows), out }),
  accumulate(total, [sum, squares, largest, faults]) {
    total.set([total[0] + sum, total[1] + squares, Math.max(total[2], largest), total[3] + faults]);
  },
  reference({ x, out }) {
    let sum = 0;
    let squares = 0;
    let largest = 0;
    let faults = 0;
    for (let i = 0; i < x.rows; i++) {
      for (let j = 0; j < x.columns; j++) {
        const value = at(x, i, j);
        if (!Number.isFinite(value)) {
          faults++;
          continue;
        }
        sum += value;
        squares += value * value;
        largest = Math.max(largest, Math.abs(value));
      }
    }
    out.data.set([sum, squares, largest, faults]);
  },
  plan({ x, out }, planner) {
    const to = wholeBlock("summarize", "out", out);
    const ranges = rowRanges([x]).map((range) => {
      const quads = range.rows * x.stride;
      return {
        from: range.parts[0],
        quads,
        workgroups: quads <= SMALL ? 1 : Math.min(MOST_WORKGROUPS, Math.ceil(quads / SMALL)),
      };
    });
    const total = ranges.reduce((sum, r) => sum + r.workgroups, 0);
    if (total === 1) {
      planner.dispatch(fold({ ...ranges[0], to, merge: false }));
      return;
    }
    const partials = wholeBlock("summarize", "partials", planner.scratch(total, 4));
    let slot = partials.offset;
    for (const range of ranges) {
      planner.dispatch(fold({ ...range, to: { buffer: partials.buffer, offset: slot }, merge: false }));
      slot += range.workgroups;
    }
    planner.dispatch(fold({ from: partials, to, quads: total, workgroups: 1, merge: true }));
  },
};
