/**
 * `ℓ[i] = r[i] · loss(z[i], t[i])` and `dZ[i,j] = scale · r[i] · ∂loss/∂z[i,j] / denominator` for the losses in `score-loss-rows.ts`:
 * squared, Brier, absolute, margin. A row whose label is no class, that has a score or weight that is not finite, or a loss beyond
 * float32, gives NaN. Where the denominator is 0 the gradient is 0.
 */
import { divisorOf } from "./cross-entropy.js";
import { at, rowsOf, valuesOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { ROWS_FILE, rowsLaunch } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";
import { requireShape } from "./shape-rule.js";
import type { TargetArguments } from "./targets.js";
import { sliceTargets } from "./targets.js";

export interface ScoreLossArguments<M extends Matrix = Matrix> extends TargetArguments<M>, ScoreLossForm {
  readonly logits: M;
  /** 1 × n, written: each row's loss. */
  readonly loss: M;
  /** n × k, written: the gradient with respect to the scores. */
  readonly gradient: M | undefined;
  /** Factor of the gradient; the losses are not scaled. */
  readonly scale: number;
  /** The first values of its rows add up to what divides the gradient. */
  readonly denominator: M | undefined;
}

function reference(args: On<ScoreLossArguments, HostMatrix>): void {
  const { logits, loss, gradient, denominator } = args;
  const classes = logits.columns;
  const divisor = denominator ? divisorOf(denominator) : 1;
  const factor = divisor === 0 ? 0 : args.scale / divisor;
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
  files: ["score_loss", ROWS_FILE],
  bindings: ["read", "read", "read", "read", "write", "write"],
};

function plan(args: On<ScoreLossArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, soft, gradient, denominator } = args;
  const work = 40 * logits.columns;
  const loss = wholeBlock("scoreLoss", "loss", args.loss);
  const divisor = denominator && wholeBlock("scoreLoss", "denominator", denominator);
  // Two bindings may not write one buffer: a gradient that nobody wants still needs a place.
  const nowhere = gradient ? undefined : wholeBlock("scoreLoss", "gradient", planner.scratch(1, 4));
  const cut = [logits, ...(gradient ? [gradient] : []), ...(soft ? [soft] : [])];
  for (const range of rowRanges(cut, planner.workPerDispatch / work)) {
    const { lanes, constants, targets, parameters } = rowsLaunch("scoreLoss", args, range, range.parts[0].buffer);
    const [z, second] = range.parts;
    const d = gradient && second;
    planner.dispatch({
      kernel,
      constants: {
        ...constants,
        HAS_DENOMINATOR: Number(divisor !== undefined),
        WRITE_GRADIENT: Number(gradient !== undefined),
      },
      buffers: [
        ...[z.buffer, ...targets, divisor?.buffer ?? z.buffer, loss.buffer],
        d?.buffer ?? (nowhere as { buffer: object }).buffer,
      ],
      parameters: parameters({
        gradientOffset: d?.offset ?? 0,
        gradientStride: gradient?.stride ?? 0,
        outOffset: loss.offset * 4 + range.firstRow,
        denominatorOffset: divisor?.offset ?? 0,
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
  writes: ["loss", "gradient"],
  types: { labels: ["i32"] },
  check(args) {
    const { rows, columns } = args.logits;
    checkScoreTargets("scoreLoss", args, rows, columns);
    requireShape("scoreLoss", "loss", args.loss, 1, rows);
    if (args.gradient) requireShape("scoreLoss", "gradient", args.gradient, rows, columns);
  },
  slice: (args, first, rows) => ({
    ...sliceTargets(args, first, rows),
    logits: rowsOf(args.logits, first, rows),
    loss: valuesOf(args.loss, first, rows),
    gradient: args.gradient && rowsOf(args.gradient, first, rows),
  }),
  reference,
  plan,
};
