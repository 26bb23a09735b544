/** `out[r] = Σ_e stack[r][e] · v[e]`: the dot products of one vector with every vector of a stack, as L-BFGS needs them. */
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { sumPartials } from "./sum-partials.js";

export interface DotsArguments<M extends Matrix = Matrix> {
  /** (r · p) × k: r stacked matrices of the shape of `vector`. */
  readonly stack: M;
  /** p × k */
  readonly vector: M;
  /** 1 × r, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "dots", bindings: ["read", "read", "write"] };
const THREADS = 128;
/** Quads in a chunk: eight for every thread. */
const CHUNK = 1024;
/** A very long vector gets longer chunks rather than more. */
const MOST_CHUNKS = 64;

export const dots: Op<DotsArguments> = {
  name: "dots",
  check({ stack, vector, out }) {
    requireShape("dots", "stack", stack, out.columns * vector.rows, vector.columns);
    requireShape("dots", "out", out, 1, out.columns);
  },
  reference({ stack, vector, out }) {
    for (let r = 0; r < out.columns; r++) {
      let sum = 0;
      for (let i = 0; i < vector.rows; i++) {
        for (let j = 0; j < vector.columns; j++) sum += at(stack, r * vector.rows + i, j) * at(vector, i, j);
      }
      out.data[r] = sum;
    }
  },
  plan({ stack, vector, out }, planner) {
    const quads = vector.rows * vector.stride;
    const chunks = Math.min(MOST_CHUNKS, Math.ceil(quads / CHUNK));
    const slots = out.stride * 4;
    const [s, v] = [wholeBlock("dots", "stack", stack), wholeBlock("dots", "vector", vector)];
    const partials = chunks > 1 ? planner.scratch(chunks, out.columns) : out;
    const to = wholeBlock("dots", "partials", partials);
    planner.dispatch({
      kernel,
      constants: { THREADS },
      buffers: [s.buffer, v.buffer, to.buffer],
      parameters: [
        out.columns,
        quads,
        Math.ceil(quads / chunks),
        slots * chunks,
        s.offset,
        v.offset,
        slots,
        to.offset * 4,
      ].map(u32),
      workgroups: slots * chunks,
      work: 8 * quads * out.columns,
    });
    if (chunks > 1) sumPartials(partials, out, planner);
  },
};
