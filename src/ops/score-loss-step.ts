/**
 * `Z ← Z + t·D`, then dZ and the sum of the losses in `score-loss-rows.ts` there: what an accepted step of a line search needs.
 * `dZ[i,j] = scale · r[i] · ∂loss/∂z[i,j]` as in `scoreLoss`.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { ROWS_FILE, rowsLaunch } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";
import { requireShape } from "./shape-rule.js";
import { isIdle, STATE, STATE_LENGTH } from "./solver-state.js";
import type { TargetArguments } from "./targets.js";
import { sliceTargets } from "./targets.js";

export interface ScoreLossStepArguments<M extends Matrix = Matrix> extends TargetArguments<M>, ScoreLossForm {
  /** n × k, updated. */
  readonly logits: M;
  /** n × k */
  readonly direction: M;
  /** 1 × 28: its `step` is t. Nothing is done when the solver has stopped or still searches. */
  readonly state: M;
  /** Factor of the gradient; the losses are not scaled. */
  readonly scale: number;
  /** n × k, written. */
  readonly gradient: M;
  /** p × 4, written: rows that add up to Σ loss, 0, 0 and how many losses are not finite, which are left out of the sum. */
  readonly out: M;
}

function reference(args: On<ScoreLossStepArguments, HostMatrix>): void {
  const { logits, direction, state, gradient, scale, out } = args;
  if (isIdle(state)) return;
  const step = state.data[STATE.step];
  const classes = logits.columns;
  const row = new ScoreRow(args, classes);
  let sum = 0;
  let faults = 0;
  for (let i = 0; i < logits.rows; i++) {
    for (let j = 0; j < classes; j++) {
      if (step !== 0) logits.data[i * classes + j] = at(logits, i, j) + step * at(direction, i, j);
      row.scores[j] = at(logits, i, j);
    }
    row.judge(i);
    if (Number.isNaN(row.weight)) faults++;
    else sum += row.weight * row.loss;
    for (let j = 0; j < classes; j++) gradient.data[i * classes + j] = scale * row.weight * row.gradient[j];
  }
  out.data.fill(0);
  out.data.set([sum, 0, 0, faults]);
}

const kernel: Kernel = {
  name: "score_loss_step",
  files: ["score_loss_step", ROWS_FILE],
  bindings: ["write", "read", "read", "read", "read", "write", "write"],
};

function plan(args: On<ScoreLossStepArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, direction, soft, gradient, out, scale } = args;
  const work = 48 * logits.columns;
  const ranges = rowRanges([logits, direction, gradient, ...(soft ? [soft] : [])], planner.workPerDispatch / work);
  const to = wholeBlock("scoreLossStep", "out", out);
  const state = wholeBlock("scoreLossStep", "state", args.state);
  for (const [index, range] of ranges.entries()) {
    const { constants, targets, parameters } = rowsLaunch("scoreLossStep", args, range, range.parts[1].buffer);
    const [z, d, g] = range.parts;
    planner.dispatch({
      kernel,
      constants,
      buffers: [z.buffer, targets[0], targets[1], d.buffer, state.buffer, g.buffer, to.buffer],
      parameters: parameters({
        directionOffset: d.offset,
        directionStride: direction.stride,
        gradientOffset: g.offset,
        gradientStride: gradient.stride,
        outOffset: to.offset,
        stateOffset: state.offset,
        slices: out.rows,
        accumulate: index > 0,
        scale,
      }),
      workgroups: out.rows,
      work: work * range.rows,
    });
  }
}

export const scoreLossStep: Op<ScoreLossStepArguments> = {
  name: "scoreLossStep",
  writes: ["logits", "gradient", "out"],
  types: { labels: ["i32"] },
  check(args) {
    const { rows, columns } = args.logits;
    checkScoreTargets("scoreLossStep", args, rows, columns);
    requireShape("scoreLossStep", "direction", args.direction, rows, columns);
    requireShape("scoreLossStep", "gradient", args.gradient, rows, columns);
    requireShape("scoreLossStep", "state", args.state, 1, STATE_LENGTH);
    requireShape("scoreLossStep", "out", args.out, args.out.rows, 4);
  },
  slice: (args, first, rows) => ({
    ...sliceTargets(args, first, rows),
    logits: rowsOf(args.logits, first, rows),
    direction: rowsOf(args.direction, first, rows),
    gradient: rowsOf(args.gradient, first, rows),
  }),
  sliceRows: ({ logits }) => logits.rows,
  accumulate(total, part) {
    part.forEach((value, i) => {
      total[i] += value;
    });
  },
  reference,
  plan,
};
