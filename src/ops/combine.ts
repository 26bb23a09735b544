/** `out = a · addend + Σ_r coefficients[r] · stack[r]`: one linear combination of a stack of vectors. */
import code from "../../shaders/combine.wgsl?raw";
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface CombineArguments<M extends Matrix = Matrix> {
  /** (r · p) × k */
  readonly stack: M;
  /** 1 × r */
  readonly coefficients: M;
  /** p × k */
  readonly addend: M;
  /** a */
  readonly addendScale: number;
  /** p × k, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "combine", code, bindings: ["read", "read", "read", "write"] };
const THREADS = 64;

export const combine: Op<CombineArguments> = {
  name: "combine",
  check({ stack, coefficients, addend, out }) {
    requireShape("combine", "stack", stack, coefficients.columns * out.rows, out.columns);
    requireShape("combine", "addend", addend, out.rows, out.columns);
  },
  reference({ stack, coefficients, addend, addendScale, out }) {
    for (let i = 0; i < out.rows; i++) {
      for (let j = 0; j < out.columns; j++) {
        let sum = addendScale * at(addend, i, j);
        for (let r = 0; r < coefficients.columns; r++) sum += at(coefficients, 0, r) * at(stack, r * out.rows + i, j);
        out.data[i * out.columns + j] = sum;
      }
    }
  },
  plan({ stack, coefficients, addend, addendScale, out }, planner) {
    const quads = out.rows * out.stride;
    const [s, c] = [wholeBlock("combine", "stack", stack), wholeBlock("combine", "coefficients", coefficients)];
    const [x, to] = [wholeBlock("combine", "addend", addend), wholeBlock("combine", "out", out)];
    planner.dispatch({
      kernel,
      constants: { THREADS },
      buffers: [s.buffer, c.buffer, x.buffer, to.buffer],
      parameters: [
        ...[coefficients.columns, quads, s.offset, x.offset, to.offset, c.offset].map(u32),
        f32(addendScale),
      ],
      workgroups: Math.ceil(quads / THREADS),
      work: 8 * quads * coefficients.columns,
    });
  },
};
