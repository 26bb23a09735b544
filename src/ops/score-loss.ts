/**
 * `ℓ[i] = r[i] · loss(z[i], t[i])` and `dZ[i,j] = scale · r[i] · ∂loss/∂z[i,j] / denominator` for the losses in `score-loss-rows.ts`:
 * squared, Brier, absolute, margin. A row whose label is no class, that has a score or weight that is not finite, or a loss beyond
 * float32, gives NaN. Where the denominator is 0 the gradient is 0.
 */
import { at } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import type { RowLossArguments } from "./row-loss.js";
import { checkRowLoss, gradientFactor, ROW_LOSS_WRITES, rowLossPlaces, sliceRowLoss } from "./row-loss.js";
import { rowRanges } from "./row-ranges.js";
import { rowsLaunch, STANDING_FILES } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";

export type ScoreLossArguments<M extends Matrix = Matrix> = RowLossArguments<M> & ScoreLossForm;

function reference(args: On<ScoreLossArguments, HostMatrix>): void {
  const { logits, loss, gradient } = args;
  const classes = logits.columns;
  const factor = gradientFactor(args);
  const row = new ScoreRow(args, classes);
  for (let i = 0; i < logits.rows; i++) {
    for (let j = 0; j < classes; j++) row.scores[j] = at(logits, i, j);
    row.judge(i);
    loss.data[i] = row.weight * row.loss;
    if (!gradient) continue;
    for (let j = 0; j < classes; j++) gradient.data[i * classes + j] = factor * row.weight * row.gradient[j];
  }
}

const kernel: Kernel = {
  name: "score_loss",
  files: ["score_loss", ...STANDING_FILES],
  bindings: ["read", "read", "read", "read", "write", "write"],
};

function plan(args: On<ScoreLossArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, soft, gradient, denominator } = args;
  const work = 40 * logits.columns;
  const places = rowLossPlaces("scoreLoss", args, planner);
  const cut = [logits, ...(gradient ? [gradient] : []), ...(soft ? [soft] : [])];
  for (const range of rowRanges(cut, planner.workPerDispatch / work)) {
    const { lanes, constants, targets, parameters } = rowsLaunch("scoreLoss", args, range, range.parts[0].buffer);
    const [z, second] = range.parts;
    const d = gradient && second;
    planner.dispatch({
      kernel,
      constants: { ...constants, ...places.constants },
      buffers: [
        ...[z.buffer, ...targets, places.denominator?.buffer ?? z.buffer, places.loss.buffer],
        places.gradientBuffer(d),
      ],
      parameters: parameters({
        gradientOffset: d?.offset ?? 0,
        gradientStride: gradient?.stride ?? 0,
        outOffset: places.loss.offset * 4 + range.firstRow,
        denominatorOffset: places.denominator?.offset ?? 0,
        denominatorStride: denominator?.stride ?? 0,
        denominatorParts: denominator?.rows ?? 0,
        scale: args.scale,
      }),
      workgroups: Math.ceil(range.rows / lanes.rowsPerGroup),
      work: work * range.rows,
    });
  }
}

export const scoreLoss: Op<ScoreLossArguments> = {
  name: "scoreLoss",
  writes: ROW_LOSS_WRITES,
  types: { labels: ["i32"] },
  check(args) {
    checkScoreTargets("scoreLoss", args, args.logits.rows, args.logits.columns);
    checkRowLoss("scoreLoss", args);
  },
  slice: sliceRowLoss,
  reference,
  plan,
};
