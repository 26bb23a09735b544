/**
 * `ℓ[i] = r[i] · Σ_j t[i,j] · (logsumexp(z[i]) − z[i,j])` and
 * `dZ[i,j] = scale · r[i] · (T[i]·p[i,j] − t[i,j]) / denominator`, T = Σ_j t; for plain labels `logsumexp(z) − z_y` and `p − onehot`.
 * Computed from logits, never from log(softmax). A row whose label is no class, or that has a logit or weight that is not
 * finite, gives NaN. `logsumexp − z` stops at the highest float32. Where the denominator is 0 the gradient is 0.
 */
import { at } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import type { RowLossArguments } from "./row-loss.js";
import { checkRowLoss, gradientFactor, ROW_LOSS_WRITES, rowLossPlaces, sliceRowLoss } from "./row-loss.js";
import { rowRanges } from "./row-ranges.js";
import { BELOW, COLUMNS, GAP, LANES } from "./shader-parts.js";
import { HIGHEST, rowNormaliser } from "./softmax.js";
import { checkTargets, rowWeightAt, targetAt, targetBuffers, targetConstants } from "./targets.js";

export type CrossEntropyArguments<M extends Matrix = Matrix> = RowLossArguments<M>;

function reference(args: On<CrossEntropyArguments, HostMatrix>): void {
  const { logits, loss, gradient } = args;
  const classes = logits.columns;
  const factor = gradientFactor(args);
  for (let i = 0; i < logits.rows; i++) {
    let weight = rowWeightAt(args, i, classes);
    let { maximum, sum } = rowNormaliser(logits, i);
    if (weight !== 0 && Number.isNaN(maximum)) weight = Number.NaN;
    if (weight === 0) [maximum, sum] = [0, 1];
    let distance = 0;
    let total = 0;
    for (let j = 0; j < classes; j++) {
      const t = targetAt(args, i, j, classes);
      total += t;
      if (t !== 0) distance += t * Math.min(HIGHEST, maximum - at(logits, i, j));
    }
    loss.data[i] = weight === 0 ? 0 : weight * (total * Math.log(sum) + distance);
    if (!gradient) continue;
    for (let j = 0; j < classes; j++) {
      const p = Math.exp(at(logits, i, j) - maximum) / sum;
      gradient.data[i * classes + j] = weight === 0 ? 0 : factor * weight * (total * p - targetAt(args, i, j, classes));
    }
  }
}

const kernel: Kernel = {
  name: "cross_entropy",
  files: ["cross_entropy", LANES, COLUMNS, BELOW, GAP],
  bindings: ["read", "read", "read", "read", "read", "write", "write"],
};

/** Logits as the sum of `count` matrices of one binding, `stride` quads apart; the arguments' logits are the first. */
export interface LogitParts {
  readonly count: number;
  readonly stride: number;
}

const WHOLE: LogitParts = { count: 1, stride: 0 };

export function planCrossEntropy(
  args: On<CrossEntropyArguments, DeviceMatrix>,
  planner: Planner,
  parts: LogitParts = WHOLE,
): void {
  const { logits, soft, gradient } = args;
  const lanes = rowLanes(logits.columns);
  const work = (32 + 4 * (parts.count - 1)) * logits.columns;
  const cut = [logits, ...(soft ? [soft] : []), ...(gradient ? [gradient] : [])];
  const { loss, denominator, constants, gradientBuffer } = rowLossPlaces("crossEntropy", args, planner);
  for (const range of rowRanges(cut, planner.workPerDispatch / work)) {
    const z = range.parts[0];
    const q = soft && range.parts[1];
    const d = gradient && range.parts[range.parts.length - 1];
    const t = targetBuffers("crossEntropy", args, z.buffer);
    planner.dispatch({
      kernel,
      constants: {
        ...lanes.constants,
        PARTS: parts.count,
        ...targetConstants(args),
        ONE_HOT: Number(!soft && args.labelSmoothing === 0),
        ...constants,
      },
      buffers: [
        z.buffer,
        q?.buffer ?? t.labels,
        t.classWeight,
        t.rowWeight,
        denominator?.buffer ?? z.buffer,
        loss.buffer,
        gradientBuffer(d),
      ],
      parameters: [
        ...[range.rows, logits.columns, z.offset, logits.stride].map(u32),
        ...[
          q ? q.offset : t.labelOffset + range.firstRow,
          soft?.stride ?? 0,
          d?.offset ?? 0,
          gradient?.stride ?? 0,
        ].map(u32),
        ...[
          t.rowWeightOffset + range.firstRow,
          loss.offset * 4 + range.firstRow,
          args.ignoreIndex,
          NOT_A_NUMBER_BITS,
        ].map(u32),
        ...[args.labelSmoothing, args.scale].map(f32),
        u32(t.classWeightOffset),
        ...[denominator?.offset ?? 0, args.denominator?.stride ?? 0, args.denominator?.rows ?? 0, parts.stride].map(
          u32,
        ),
      ],
      workgroups: Math.ceil(range.rows / lanes.rowsPerGroup),
      work: work * range.rows,
    });
  }
}

export const crossEntropy: Op<CrossEntropyArguments> = {
  name: "crossEntropy",
  writes: ROW_LOSS_WRITES,
  types: { labels: ["i32"] },
  check(args) {
    checkTargets("crossEntropy", args, args.logits.rows, args.logits.columns);
    checkRowLoss("crossEntropy", args);
  },
  slice: sliceRowLoss,
  reference,
  plan: (args, planner) => planCrossEntropy(args, planner),
};
