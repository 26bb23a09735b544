/**
 * `Σr`, `m = Σ r·x / Σr` and `Σ r·(x − m)²` of every column of X, r the rows' weights: means and variances in one pass (Welford 1962;
 * Chan, Golub & LeVeque 1983). No value is squared before a mean is taken off, so columns far from zero lose nothing.
 */
import { halfValues } from "../half-float.js";
import { ELEMENT_FORMAT } from "./element-size.js";
import { at, rowsOf, valuesOf } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface ColumnMomentsArguments<M extends Matrix = Matrix> {
  /** n × d */
  readonly x: M;
  /** 1 × n, r ≥ 0; every row counts 1 without. */
  readonly rowWeight: M | undefined;
  /** 3 × d, written: m, Σ r·(x − m)², Σr; zeros where no row counts. */
  readonly out: M;
}

const kernel: Kernel = { name: "column_moments", bindings: ["read", "read", "write"] };
const THREADS = 64;
/** Threads that it takes to keep a device busy. */
const ITEMS = { software: 64, hardware: 32_768 };
/** Rows that a thread goes through at least, and threads that share a column's rows at most: their sums are merged one by one. */
const LEAST_ROWS = 16;
const MOST_PARTS = 256;

/** Into how many interleaved parts the rows of a launch are cut. */
export const momentParts = (rows: number, quads: number, software: boolean): number =>
  Math.max(
    1,
    Math.min(MOST_PARTS, Math.ceil(rows / LEAST_ROWS), Math.ceil(ITEMS[software ? "software" : "hardware"] / quads)),
  );

function reference({ x, rowWeight, out }: On<ColumnMomentsArguments, HostMatrix>): void {
  const { rows, columns, data, scale, offset } = x;
  const halves = data instanceof Uint16Array ? halfValues() : undefined;
  const mean = new Float64Array(columns);
  const squares = new Float64Array(columns);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const weight = rowWeight ? at(rowWeight, 0, i) : 1;
    if (weight === 0) continue;
    total += weight;
    const share = weight / total;
    const begin = i * columns;
    for (let j = 0; j < columns; j++) {
      const element = data[begin + j];
      const value = (halves ? halves[element] : element) * scale + offset;
      const before = value - mean[j];
      mean[j] += before * share;
      squares[j] += weight * before * (value - mean[j]);
    }
  }
  out.data.set(mean);
  out.data.set(squares, columns);
  out.data.fill(total, 2 * columns);
}

/** Brings the moments of some more rows into those of the rows before. */
function accumulate(total: Float64Array, part: Float64Array): void {
  const columns = total.length / 3;
  for (let j = 0; j < columns; j++) {
    const [own, more] = [total[2 * columns + j], part[2 * columns + j]];
    if (more === 0) continue;
    const share = more / (own + more);
    const apart = part[j] - total[j];
    total[j] = own === 0 ? part[j] : total[j] + apart * share;
    total[columns + j] += part[columns + j] + (own === 0 ? 0 : apart * apart * own * share);
    total[2 * columns + j] = own + more;
  }
}

export const columnMoments: Op<ColumnMomentsArguments> = {
  name: "columnMoments",
  types: { x: ["f32", "f16", "u8"] },
  check({ x, rowWeight, out }) {
    if (rowWeight) requireShape("columnMoments", "sampleWeight", rowWeight, 1, x.rows);
    requireShape("columnMoments", "out", out, 3, x.columns);
  },
  slice: ({ x, rowWeight, out }, first, rows) => ({
    x: rowsOf(x, first, rows),
    rowWeight: rowWeight && valuesOf(rowWeight, first, rows),
    out,
  }),
  sliceRows: ({ x }) => x.rows,
  accumulate,
  reference,
  plan({ x, rowWeight, out }, planner: Planner) {
    const quads = x.stride;
    const ranges = rowRanges([x], planner.workPerDispatch / (8 * x.columns)).map((range) => ({
      ...range,
      parts: momentParts(range.rows, quads, planner.software),
      from: range.parts[0],
    }));
    const parts = ranges.reduce((sum, range) => sum + range.parts, 0);
    const left = wholeBlock("columnMoments", "partial sums", planner.scratch(parts, 12 * quads));
    const weights = rowWeight && wholeBlock("columnMoments", "sampleWeight", rowWeight);
    const to = wholeBlock("columnMoments", "out", out);
    let done = 0;
    for (const { firstRow, rows, parts: own, from } of ranges) {
      planner.dispatch({
        kernel,
        constants: { THREADS, FORMAT: ELEMENT_FORMAT[x.type], HAS_WEIGHT: Number(!!weights), MERGE: 0 },
        buffers: [from.buffer, weights?.buffer ?? from.buffer, left.buffer],
        parameters: [
          ...[rows, quads, x.columns, from.offset, x.stride, (weights?.offset ?? 0) * 4 + firstRow].map(u32),
          ...[own, done, left.offset, 0].map(u32),
          ...[x.scale, x.offset].map(f32),
        ],
        workgroups: Math.ceil((quads * own) / THREADS),
        work: 8 * rows * x.columns,
      });
      done += own;
    }
    planner.dispatch({
      kernel,
      constants: { THREADS, FORMAT: ELEMENT_FORMAT.f32, HAS_WEIGHT: 0, MERGE: 1 },
      buffers: [left.buffer, left.buffer, to.buffer],
      parameters: [
        ...[parts, quads, x.columns, left.offset, 0, 0, 1, 0, to.offset, out.stride].map(u32),
        ...[1, 0].map(f32),
      ],
      workgroups: Math.ceil(quads / THREADS),
      work: 16 * parts * quads,
    });
  },
};
