/** `Σ losses / denominator` from the losses' summary; NaN when a row's loss is not finite, 0 when the denominator is 0. */
import { at } from "./host-matrix.js";
import type { Kernel, Matrix, Op } from "./op.js";
import { u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";

export interface TotalLossArguments<M extends Matrix = Matrix> {
  /** 1 × 4, as `summarize` writes it. */
  readonly summary: M;
  /** The first value divides; undefined for a sum. */
  readonly denominator: M | undefined;
  /** 1 × 1, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "total_loss", bindings: ["read", "read", "write"] };
const NOT_A_NUMBER_BITS = 0x7fc00000;

export const totalLoss: Op<TotalLossArguments> = {
  name: "totalLoss",
  check({ summary, out }) {
    requireShape("totalLoss", "summary", summary, 1, 4);
    requireShape("totalLoss", "out", out, 1, 1);
  },
  reference({ summary, denominator, out }) {
    const divisor = denominator ? at(denominator, 0, 0) : 1;
    const value = divisor === 0 ? 0 : at(summary, 0, 0) / divisor;
    out.data[0] = at(summary, 0, 3) > 0 ? Number.NaN : value;
  },
  plan({ summary, denominator, out }, planner) {
    const from = wholeBlock("totalLoss", "summary", summary);
    const by = denominator && wholeBlock("totalLoss", "denominator", denominator);
    const to = wholeBlock("totalLoss", "out", out);
    planner.dispatch({
      kernel,
      constants: { HAS_DENOMINATOR: Number(by !== undefined) },
      buffers: [from.buffer, by?.buffer ?? from.buffer, to.buffer],
      parameters: [from.offset, by?.offset ?? 0, to.offset, NOT_A_NUMBER_BITS].map(u32),
      workgroups: 1,
      work: 8,
    });
  },
};
