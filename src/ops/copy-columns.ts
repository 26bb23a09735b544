/** `out[i, to + j] = x[i, from + j]` for j < columns: a block of columns of one matrix into another; what lies beside it stays. */

import { rowsOf } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { rowRanges } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface CopyColumnsArguments<M extends Matrix = Matrix> {
  readonly x: M;
  /** First column taken. */
  readonly from: number;
  /** Updated; must share no memory with x. */
  readonly out: M;
  /** First column written. */
  readonly to: number;
  readonly columns: number;
}

const kernel: Kernel = { name: "copy_columns", bindings: ["read", "write"] };
const THREADS = 64;

export const copyColumns: Op<CopyColumnsArguments> = {
  name: "copyColumns",
  check({ x, from, out, to, columns }) {
    requireShape("copyColumns", "x", x, out.rows, Math.max(x.columns, from + columns));
    requireShape("copyColumns", "out", out, out.rows, Math.max(out.columns, to + columns));
  },
  slice: (args, first, rows) => ({ ...args, x: rowsOf(args.x, first, rows), out: rowsOf(args.out, first, rows) }),
  reference({ x, from, out, to, columns }) {
    for (let i = 0; i < out.rows; i++) {
      const [source, target] = [i * x.columns + from, i * out.columns + to];
      for (let j = 0; j < columns; j++) out.data[target + j] = x.data[source + j];
    }
  },
  plan({ x, from, out, to, columns }, planner) {
    const last = to + columns === out.columns;
    const width = last ? 4 * out.stride - to : columns;
    for (const range of rowRanges([x, out], planner.workPerDispatch / (2 * width))) {
      const [source, target] = range.parts;
      planner.dispatch({
        kernel,
        constants: { THREADS },
        buffers: [source.buffer, target.buffer],
        parameters: [
          ...[range.rows, columns, width, 4 * source.offset + from, 4 * x.stride],
          ...[4 * target.offset + to, 4 * out.stride],
        ].map(u32),
        workgroups: Math.ceil((range.rows * width) / THREADS),
        work: 2 * range.rows * width,
      });
    }
  },
};
