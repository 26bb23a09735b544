/** `out[i,j] += α · u[i] · v[j]`: a rank-one update, by which features are centred without being rewritten. */
import code from "../../shaders/add_outer.wgsl?raw";
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface AddOuterArguments<M extends Matrix = Matrix> {
  /** 1 × p */
  readonly u: M;
  /** 1 × k */
  readonly v: M;
  readonly alpha: number;
  /** p × k, updated. */
  readonly out: M;
}

const kernel: Kernel = { name: "add_outer", code, bindings: ["read", "read", "write"] };
const THREADS = 64;

export const addOuter: Op<AddOuterArguments> = {
  name: "addOuter",
  check({ u, v, out }) {
    requireShape("addOuter", "u", u, 1, out.rows);
    requireShape("addOuter", "v", v, 1, out.columns);
  },
  reference({ u, v, alpha, out }) {
    for (let i = 0; i < out.rows; i++) {
      for (let j = 0; j < out.columns; j++) {
        out.data[i * out.columns + j] = at(out, i, j) + alpha * at(u, 0, i) * at(v, 0, j);
      }
    }
  },
  plan({ u, v, alpha, out }, planner) {
    const quads = out.rows * out.stride;
    const [left, right, to] = [
      wholeBlock("addOuter", "u", u),
      wholeBlock("addOuter", "v", v),
      wholeBlock("addOuter", "out", out),
    ];
    planner.dispatch({
      kernel,
      constants: { THREADS },
      buffers: [left.buffer, right.buffer, to.buffer],
      parameters: [...[quads, out.stride, left.offset, right.offset, to.offset].map(u32), f32(alpha)],
      workgroups: Math.ceil(quads / THREADS),
      work: 12 * quads,
    });
  },
};
