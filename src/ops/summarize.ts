/**
 * `(Σ x, Σ x², max |x|, how many x are not finite)` over all values of a matrix. Values that are not finite are counted by
 * their bits, never by comparison, and left out of the other three.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { DeviceMatrix, Dispatch, Kernel, Matrix, Op, Planner } from "./op.js";
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
/** Quads up to which one workgroup does it all, sooner than a second launch would begin. */
const ALONE = 2048;
/** Quads for each of several workgroups: two a thread, since a thread waits for each. */
const QUADS_PER_GROUP = 512;
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

/** One for each binding of x. */
function launchesOf(x: DeviceMatrix): Pick<Fold, "from" | "quads" | "workgroups">[] {
  return rowRanges([x]).map((range) => {
    const quads = range.rows * x.stride;
    const workgroups = quads <= ALONE ? 1 : Math.min(MOST_WORKGROUPS, Math.ceil(quads / QUADS_PER_GROUP));
    return { from: range.parts[0], quads, workgroups };
  });
}

/** Quads (Σ x, Σ x², max |x|, faults) that sum up to that of the whole. */
export interface Parts {
  readonly buffer: object;
  readonly offset: number;
  readonly quads: number;
}

function inParts(launches: ReturnType<typeof launchesOf>, planner: Planner): Parts {
  const quads = launches.reduce((sum, { workgroups }) => sum + workgroups, 0);
  const { buffer, offset } = wholeBlock("summarize", "partials", planner.scratch(quads, 4));
  let slot = offset;
  for (const launch of launches) {
    planner.dispatch(fold({ ...launch, to: { buffer, offset: slot }, merge: false }));
    slot += launch.workgroups;
  }
  return { buffer, offset, quads };
}

/** The first half of a sum over many values, for who adds up the parts himself. */
export const summarizeInParts = (x: DeviceMatrix, planner: Planner): Parts => inParts(launchesOf(x), planner);

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
    const launches = launchesOf(x);
    if (launches.length === 1 && launches[0].workgroups === 1) {
      planner.dispatch(fold({ ...launches[0], to, merge: false }));
      return;
    }
    const parts = inParts(launches, planner);
    planner.dispatch(fold({ from: parts, to, quads: parts.quads, workgroups: 1, merge: true }));
  },
};
