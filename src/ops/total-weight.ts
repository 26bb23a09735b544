/**
 * `Σ_i r[i] · w[y[i]]` over the rows that count, `Σ_i r[i]` without labels: what a weighted mean divides by. Left in parts, which
 * those add up who divide by it. Weights that are not finite are left out of the sum and counted.
 */
import { ShapeError } from "../errors.js";
import { at, valuesOf } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface TotalWeightArguments<M extends Matrix = Matrix> {
  /** 1 × n class indices (i32). */
  readonly labels: M | undefined;
  readonly classes: number;
  /** 1 × k; for rows with labels only. */
  readonly classWeight: M | undefined;
  /** 1 × n; needed where there are no labels. */
  readonly rowWeight: M | undefined;
  readonly ignoreIndex: number;
  /** p × 4, written: rows that add up to the sum, 0, 0 and how many weights are not finite. */
  readonly out: M;
}

const kernel: Kernel = { name: "total_weight", bindings: ["read", "read", "read", "write"] };
const THREADS = 256;
/** Rows from which another part pays. */
const ROWS_PER_PART = 4096;
/** Who divides by the sum adds up the parts first, every thread anew: thirty cost more than they saved. */
const MOST_PARTS = 8;

/** Parts to leave the sum over so many rows in, on a device that sums in at most so many. */
export const weightParts = (rows: number, most: number): number =>
  Math.min(most, MOST_PARTS, Math.ceil(rows / ROWS_PER_PART));

const rowsOf = ({ labels, rowWeight }: TotalWeightArguments): number => (labels ?? rowWeight)?.columns ?? 0;

export const totalWeight: Op<TotalWeightArguments> = {
  name: "totalWeight",
  types: { labels: ["i32"] },
  check(args) {
    const { labels, classes, classWeight, rowWeight, out } = args;
    if (!labels && !rowWeight) {
      throw new ShapeError("SHAPE_MISMATCH", "totalWeight: expected labels, sampleWeight or both, got neither.");
    }
    if (labels) requireShape("totalWeight", "labels", labels, 1, labels.columns);
    if (classWeight) requireShape("totalWeight", "classWeight", classWeight, 1, classes);
    if (rowWeight) requireShape("totalWeight", "sampleWeight", rowWeight, 1, rowsOf(args));
    requireShape("totalWeight", "out", out, out.rows, 4);
  },
  slice: (args, first, rows) => ({
    ...args,
    labels: args.labels && valuesOf(args.labels, first, rows),
    rowWeight: args.rowWeight && valuesOf(args.rowWeight, first, rows),
  }),
  sliceRows: rowsOf,
  accumulate(total, part) {
    part.forEach((value, i) => {
      total[i] += value;
    });
  },
  reference(args) {
    const { labels, classes, classWeight, rowWeight, ignoreIndex, out } = args;
    let sum = 0;
    let faults = 0;
    for (let i = 0; i < rowsOf(args); i++) {
      const label = labels?.data[i] ?? 0;
      if (labels && (label === ignoreIndex || label < 0 || label >= classes)) continue;
      const ofClass = labels && classWeight ? at(classWeight, 0, label) : 1;
      const weight = ofClass * (rowWeight ? at(rowWeight as HostMatrix, 0, i) : 1);
      if (Number.isFinite(weight)) sum += weight;
      else faults++;
    }
    out.data.fill(0);
    out.data.set([sum, 0, 0, faults]);
  },
  plan(args, planner) {
    const { labels, classes, classWeight, rowWeight, ignoreIndex, out } = args;
    const from = labels && wholeBlock("totalWeight", "labels", labels);
    const ofClass = labels && classWeight && wholeBlock("totalWeight", "classWeight", classWeight);
    const ofRow = rowWeight && wholeBlock("totalWeight", "sampleWeight", rowWeight);
    const to = wholeBlock("totalWeight", "out", out);
    const spare = (from ?? ofRow)?.buffer as object;
    const rows = rowsOf(args);
    planner.dispatch({
      kernel,
      constants: {
        THREADS,
        HAS_LABELS: Number(!!from),
        HAS_CLASS_WEIGHT: Number(!!ofClass),
        HAS_ROW_WEIGHT: Number(!!ofRow),
      },
      buffers: [from?.buffer ?? spare, ofClass?.buffer ?? spare, ofRow?.buffer ?? spare, to.buffer],
      parameters: [
        ...[rows, Math.ceil(Math.ceil(rows / 4) / out.rows), out.rows, classes],
        ...[from?.offset ?? 0, (ofClass?.offset ?? 0) * 4, ofRow?.offset ?? 0, to.offset, ignoreIndex],
      ].map(u32),
      workgroups: out.rows,
      work: 4 * rows,
    });
  },
};
