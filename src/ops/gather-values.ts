/** `out[i] = source[indices[first + i]]` for vectors: the labels or weights of a minibatch. */
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface GatherValuesArguments<M extends Matrix = Matrix> {
  /** 1 × n, f32 or i32. */
  readonly source: M;
  /** 1 × m positions (i32). */
  readonly indices: M;
  /** Where in `indices` to begin. */
  readonly first: number;
  /** 1 × b, written; of the element type of the source. */
  readonly out: M;
}

const kernel: Kernel = { name: "gather_values", bindings: ["read", "read", "write"] };
const THREADS = 64;

export const gatherValues: Op<GatherValuesArguments> = {
  name: "gatherValues",
  types: { source: ["f32", "i32"], indices: ["i32"], out: ["f32", "i32"] },
  check({ source, indices, first, out }) {
    requireShape("gatherValues", "source", source, 1, source.columns);
    requireShape("gatherValues", "out", out, 1, out.columns);
    requireShape("gatherValues", "indices", indices, 1, Math.max(indices.columns, first + out.columns));
  },
  reference({ source, indices, first, out }) {
    for (let i = 0; i < out.columns; i++) out.data[i] = source.data[indices.data[first + i]];
  },
  plan({ source, indices, first, out }, planner) {
    const from = wholeBlock("gatherValues", "source", source);
    const list = wholeBlock("gatherValues", "indices", indices);
    const to = wholeBlock("gatherValues", "out", out);
    planner.dispatch({
      kernel,
      constants: { THREADS },
      buffers: [from.buffer, list.buffer, to.buffer],
      parameters: [out.columns, list.offset * 4 + first, from.offset * 4, to.offset * 4].map(u32),
      workgroups: Math.ceil((out.stride * 4) / THREADS),
      work: 2 * out.columns,
    });
  },
};
