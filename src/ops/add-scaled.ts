/** `out = α·x + β·y + keep·out`, value by value. `keep` 0 forgets the old content of `out` whatever it was. */
import { at, rowsOf } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowRanges } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface AddScaledArguments<M extends Matrix = Matrix> {
  readonly x: M;
  /** α */
  readonly alpha: number;
  readonly y: M | undefined;
  /** β */
  readonly beta: number;
  /** Written; must share no memory with x or y. */
  readonly out: M;
  readonly keep: number;
}

const kernel: Kernel = { name: "add_scaled", bindings: ["read", "read", "write"] };
const THREADS = 64;

export const addScaled: Op<AddScaledArguments> = {
  name: "addScaled",
  check({ x, y, out }) {
    requireShape("addScaled", "x", x, out.rows, out.columns);
    if (y) requireShape("addScaled", "y", y, out.rows, out.columns);
  },
  slice: (args, first, rows) => ({
    ...args,
    x: rowsOf(args.x, first, rows),
    y: args.y && rowsOf(args.y, first, rows),
    out: rowsOf(args.out, first, rows),
  }),
  reference({ x, alpha, y, beta, out, keep }) {
    for (let i = 0; i < out.rows; i++) {
      for (let j = 0; j < out.columns; j++) {
        const old = keep === 0 ? 0 : keep * at(out, i, j);
        out.data[i * out.columns + j] = alpha * at(x, i, j) + (y && beta !== 0 ? beta * at(y, i, j) : 0) + old;
      }
    }
  },
  plan({ x, alpha, y, beta, out, keep }, planner) {
    for (const range of rowRanges(y ? [x, out, y] : [x, out], planner.workPerDispatch / (6 * out.columns))) {
      const [fromX, to, fromY = fromX] = range.parts;
      const quads = range.rows * out.stride;
      planner.dispatch({
        kernel,
        constants: { THREADS, READ_OUT: Number(keep !== 0) },
        buffers: [fromX.buffer, fromY.buffer, to.buffer],
        parameters: [
          ...[quads, fromX.offset, fromY.offset, to.offset].map(u32),
          ...[alpha, y ? beta : 0, keep].map(f32),
        ],
        workgroups: Math.ceil(quads / THREADS),
        work: 24 * quads,
      });
    }
  },
};
