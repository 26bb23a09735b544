/** `out[i] = source[indices[first + i]]`, row by row and in the source's own element type: the features of a minibatch. */
import { QUAD_BYTES } from "./element-size.js";
import { rowsOf } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface GatherRowsArguments<M extends Matrix = Matrix> {
  readonly source: M;
  /** 1 × m row numbers (i32). */
  readonly indices: M;
  /** Where in `indices` to begin. */
  readonly first: number;
  /** Written; of the element type, scale and offset of the source. */
  readonly out: M;
}

const kernel: Kernel = { name: "gather_rows", bindings: ["read", "read", "write"] };
const THREADS = 64;
const ELEMENTS = ["f32", "i32", "f16", "u8"] as const;

export const gatherRows: Op<GatherRowsArguments> = {
  name: "gatherRows",
  types: { source: ELEMENTS, indices: ["i32"], out: ELEMENTS },
  check({ source, indices, first, out }) {
    requireShape("gatherRows", "out", out, out.rows, source.columns);
    requireShape("gatherRows", "indices", indices, 1, Math.max(indices.columns, first + out.rows));
  },
  slice: (args, first, rows) => ({ ...args, first: args.first + first, out: rowsOf(args.out, first, rows) }),
  sliceRows: ({ out }) => out.rows,
  reference({ source, indices, first, out }) {
    const { columns } = out;
    for (let i = 0; i < out.rows; i++) {
      const from = indices.data[first + i] * columns;
      for (let j = 0; j < columns; j++) out.data[i * columns + j] = source.data[from + j];
    }
  },
  plan({ source, indices, first, out }, planner) {
    const wordsPerQuad = QUAD_BYTES[source.type] / 4;
    const words = source.stride * wordsPerQuad;
    const list = wholeBlock("gatherRows", "indices", indices);
    const to = wholeBlock("gatherRows", "out", out);
    for (const block of source.blocks) {
      planner.dispatch({
        kernel,
        constants: { THREADS },
        buffers: [block.buffer, list.buffer, to.buffer],
        parameters: [
          out.rows,
          words,
          list.offset * 4 + first,
          block.firstRow,
          block.rows,
          block.offset * wordsPerQuad,
          to.offset * wordsPerQuad,
        ].map(u32),
        workgroups: Math.ceil((out.rows * words) / THREADS),
        work: 2 * out.rows * words,
      });
    }
  },
};
