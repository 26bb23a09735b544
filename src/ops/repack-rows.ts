/** `out[i, j] = source[i·d + j]`: rows that follow each other without padding, as others keep them, with each begun at a quad. */
import { QUAD_BYTES } from "./element-size.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface RepackRowsArguments<M extends Matrix = Matrix> {
  /** 1 × n·d. */
  readonly source: M;
  /** n × d, written; of the element type, scale and offset of the source. */
  readonly out: M;
}

const kernel: Kernel = { name: "repack_rows", bindings: ["read", "write"] };
const THREADS = 64;
const ELEMENTS = ["f32", "i32", "f16", "u8"] as const;

export const repackRows: Op<RepackRowsArguments> = {
  name: "repackRows",
  types: { source: ELEMENTS, out: ELEMENTS },
  check({ source, out }) {
    requireShape("repackRows", "source", source, 1, out.rows * out.columns);
  },
  reference({ source, out }) {
    out.data.set(source.data);
  },
  plan({ source, out }, planner) {
    const wordsPerQuad = QUAD_BYTES[out.type] / 4;
    const words = out.stride * wordsPerQuad;
    const from = wholeBlock("repackRows", "source", source);
    for (const block of out.blocks) {
      planner.dispatch({
        kernel,
        constants: { THREADS, ELEMENTS: 4 / wordsPerQuad },
        buffers: [from.buffer, block.buffer],
        parameters: [
          ...[block.rows, out.columns, words],
          ...[block.firstRow * out.columns, from.offset * wordsPerQuad, block.offset * wordsPerQuad],
        ].map(u32),
        workgroups: Math.ceil((block.rows * words) / THREADS),
        work: 8 * block.rows * words,
      });
    }
  },
};
