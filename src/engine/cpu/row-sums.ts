/** How the sums of blocks of rows are taken and added up, for each kind of op that adds rows up. */
import { columnMoments } from "../../ops/column-moments.js";
import { at, hostMatrix } from "../../ops/host-matrix.js";
import type { LinearGradientArguments } from "../../ops/linear-gradient.js";
import type { HostMatrix, On } from "../../ops/op.js";
import { isIdle, STATE } from "../../ops/solver-state.js";
import { summarize } from "../../ops/summarize.js";
import { scaledLoss, type TotalLossArguments } from "../../ops/total-loss.js";
import { writeGradient } from "./write-gradient.js";

/** An op's arguments by name, whatever op it is. */
export type HostArguments = Record<string, unknown>;

export interface RowSum {
  /** Whether the op has nothing to add up, as its arguments stand. */
  isIdle(args: HostArguments): boolean;
  /** Values that a block's sum takes. */
  length(args: HostArguments): number;
  /** The arguments for a block whose sum goes to `data`. */
  part(args: HostArguments, data: Float64Array): HostArguments;
  accumulate(total: Float64Array, part: Float64Array): void;
  /** Writes what the total of all blocks comes to. */
  finish(total: Float64Array, args: HostArguments): void;
}

const outOf = ({ out }: HostArguments): HostMatrix => out as HostMatrix;

export const SUM: RowSum = {
  isIdle: () => false,
  length: (args) => outOf(args).data.length,
  part: (args, data) => ({ ...args, out: { ...outOf(args), data } }),
  accumulate(total, part) {
    for (let e = 0; e < total.length; e++) total[e] += part[e];
  },
  finish: (total, args) => outOf(args).data.set(total),
};

export const SUMMARY: RowSum = { ...SUM, accumulate: (total, part) => summarize.accumulate?.(total, part) };

/** The divisor is asked for once, of the whole. */
export const LOSS: RowSum = {
  ...SUM,
  part: (args, data) => ({ ...SUM.part(args, data), scale: 1, denominator: undefined }),
  finish([sum], args) {
    const { scale, denominator, out } = args as unknown as On<TotalLossArguments, HostMatrix>;
    out.data[0] = scaledLoss(sum, scale, denominator);
  },
};

export const MOMENTS: RowSum = { ...SUM, accumulate: (total, part) => columnMoments.accumulate?.(total, part) };

export const LINE: RowSum = { ...SUM, isIdle: ({ state }) => (state as HostMatrix).data[STATE.trials] === 0 };

export const STEP: RowSum = { ...SUM, isIdle: ({ state }) => isIdle(state as HostMatrix) };

/** The bias is added once, to the whole. */
export const PRODUCT: RowSum = {
  ...SUM,
  part: (args, data) => ({ ...SUM.part(args, data), bias: undefined }),
  finish(total, args) {
    const bias = args.bias as HostMatrix | undefined;
    const { columns } = outOf(args);
    if (bias) for (let e = 0; e < total.length; e++) total[e] += at(bias, 0, e % columns);
    SUM.finish(total, args);
  },
};

type Gradient = On<LinearGradientArguments, HostMatrix>;

/** Sums of loss, weight and faults, behind those of the gradient. */
const TOTALS = 4;

/** The gradient of W and b before it is divided and penalised, and the totals that it is divided by. */
export const GRADIENT: RowSum = {
  ...SUM,
  length(args) {
    const { gradient, dBias } = args as unknown as Gradient;
    return gradient.data.length + (dBias?.data.length ?? 0) + TOTALS;
  },
  part(args, data) {
    const { gradient, dBias } = args as unknown as Gradient;
    const [own, end] = [gradient.data.length, data.length - TOTALS];
    return {
      ...args,
      ...{ mean: false, l2: 0 },
      gradient: { ...gradient, data: data.subarray(0, own) },
      dBias: dBias && { ...dBias, data: data.subarray(own, end) },
      loss: hostMatrix(data.subarray(end), 1, TOTALS),
    };
  },
  finish(total, args) {
    const end = total.length - TOTALS;
    const [loss, weight, , faults] = total.subarray(end);
    writeGradient(args as unknown as Gradient, total.subarray(0, end), { loss, weight, faults });
  },
};
