/** `scale · Σ losses / Σ denominators`; NaN when a row's loss is not finite, 0 when the denominators add up to 0. */

import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, Op } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { divisorOf } from "./row-loss.js";
import { wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { summarizeInParts } from "./summarize.js";

export interface TotalLossArguments<M extends Matrix = Matrix> {
  /** 1 × n */
  readonly losses: M;
  readonly scale: number;
  /** The first values of its rows add up to what divides; undefined for a sum. */
  readonly denominator: M | undefined;
  /** 1 × 1, written. */
  readonly out: M;
}

const kernel: Kernel = { name: "total_loss", bindings: ["read", "read", "write"] };
const THREADS = 256;
/** Quads of losses up to which one workgroup is done sooner than a second launch would begin. */
const ALONE = 2048;

/** What a sum of losses comes to. */
export function scaledLoss(sum: number, scale: number, denominator: HostMatrix | undefined): number {
  const divisor = denominator ? divisorOf(denominator) : 1;
  const value = divisor === 0 ? 0 : (scale * sum) / divisor;
  return Number.isFinite(sum) ? value : Number.NaN;
}

export const totalLoss: Op<TotalLossArguments> = {
  name: "totalLoss",
  check({ losses, out }) {
    requireShape("totalLoss", "losses", losses, 1, losses.columns);
    requireShape("totalLoss", "out", out, 1, 1);
  },
  reference({ losses, scale, denominator, out }) {
    let sum = 0;
    for (let i = 0; i < losses.columns; i++) sum += at(losses, 0, i);
    out.data[0] = scaledLoss(sum, scale, denominator);
  },
  plan({ losses, scale, denominator, out }, planner) {
    const by = denominator && wholeBlock("totalLoss", "denominator", denominator);
    const to = wholeBlock("totalLoss", "out", out);
    const merge = losses.stride > ALONE;
    const from = merge
      ? summarizeInParts(losses, planner)
      : { ...wholeBlock("totalLoss", "losses", losses), quads: losses.stride };
    planner.dispatch({
      kernel,
      constants: { THREADS, MERGE: Number(merge), HAS_DENOMINATOR: Number(by !== undefined) },
      buffers: [from.buffer, by?.buffer ?? from.buffer, to.buffer],
      parameters: [
        ...[from.quads, from.offset, by?.offset ?? 0, denominator?.stride ?? 0, denominator?.rows ?? 0].map(u32),
        ...[to.offset, NOT_A_NUMBER_BITS].map(u32),
        f32(scale),
      ],
      workgroups: 1,
      work: 8 * losses.columns,
    });
  },
};
