/**
 * `out[i]` = the smallest j with `z[i,j] = max_j z[i,j]`: ties go to the lowest index on every device. A row that holds a NaN
 * has no largest value: −1.
 */
import { at, rowsOf, valuesOf } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { LANES } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";

export interface ArgmaxArguments<M extends Matrix = Matrix> {
  readonly scores: M;
  /** 1 × n (i32), written. */
  readonly out: M;
}

const kernel: Kernel = { name: "argmax", files: ["argmax", LANES], bindings: ["read", "write"] };

export const argmax: Op<ArgmaxArguments> = {
  name: "argmax",
  types: { out: ["i32"] },
  check({ scores, out }) {
    requireShape("argmax", "out", out, 1, scores.rows);
  },
  slice: ({ scores, out }, first, rows) => ({ scores: rowsOf(scores, first, rows), out: valuesOf(out, first, rows) }),
  reference({ scores, out }) {
    for (let i = 0; i < scores.rows; i++) {
      let best = 0;
      for (let j = 0; j < scores.columns; j++) {
        const value = at(scores, i, j);
        if (Number.isNaN(value)) {
          best = -1;
          break;
        }
        if (value > at(scores, i, best)) best = j;
      }
      out.data[i] = best;
    }
  },
  plan({ scores, out }, planner) {
    const lanes = rowLanes(scores.columns);
    const to = wholeBlock("argmax", "out", out);
    for (const range of rowRanges([scores], planner.workPerDispatch / scores.columns)) {
      const [z] = range.parts;
      planner.dispatch({
        kernel,
        constants: lanes.constants,
        buffers: [z.buffer, to.buffer],
        parameters: [range.rows, scores.columns, z.offset, scores.stride, to.offset * 4 + range.firstRow].map(u32),
        workgroups: Math.ceil(range.rows / lanes.rowsPerGroup),
        work: scores.columns * range.rows,
      });
    }
  },
};
