/** `out[i,j] = scale[i] · (x[i,j] − shift[i] · x[last,j])`: weights of scaled columns in other units, or their gradient. */
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface ScaleRowsArguments<M extends Matrix = Matrix> {
  /** p × k, or one row more: the last one is what shifts are multiples of. */
  readonly x: M;
  /** 1 × p */
  readonly scale: M;
  /** 1 × p; nothing is taken off without. */
  readonly shift: M | undefined;
  /** p × k, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "scale_rows", bindings: ["read", "read", "read", "write"] };
const THREADS = 64;

export const scaleRows: Op<ScaleRowsArguments> = {
  name: "scaleRows",
  check({ x, scale, shift, out }) {
    requireShape("scaleRows", "x", x, x.rows === out.rows + 1 ? x.rows : out.rows, out.columns);
    requireShape("scaleRows", "scale", scale, 1, out.rows);
    if (shift) requireShape("scaleRows", "shift", shift, 1, out.rows);
  },
  reference({ x, scale, shift, out }) {
    const { rows, columns } = out;
    const last = (x.rows - 1) * columns;
    for (let i = 0; i < rows; i++) {
      const factor = at(scale, 0, i);
      const multiple = shift ? at(shift, 0, i) : 0;
      for (let j = 0; j < columns; j++) {
        const taken = shift ? multiple * (x.data[last + j] as number) : 0;
        out.data[i * columns + j] = factor * ((x.data[i * columns + j] as number) - taken);
      }
    }
  },
  plan({ x, scale, shift, out }, planner) {
    const [source, to] = [wholeBlock("scaleRows", "x", x), wholeBlock("scaleRows", "out", out)];
    const factors = wholeBlock("scaleRows", "scale", scale);
    const shifts = shift && wholeBlock("scaleRows", "shift", shift);
    const quads = out.rows * out.stride;
    planner.dispatch({
      kernel,
      constants: { THREADS, HAS_SHIFT: Number(shifts !== undefined) },
      buffers: [source.buffer, factors.buffer, (shifts ?? factors).buffer, to.buffer],
      parameters: [
        ...[quads, out.stride, source.offset, source.offset + (x.rows - 1) * x.stride].map(u32),
        ...[factors.offset * 4, (shifts?.offset ?? 0) * 4, to.offset].map(u32),
      ],
      workgroups: Math.ceil(quads / THREADS),
      work: 16 * quads,
    });
  },
};
