/**
 * `Z ← Z + t·D`, then dZ and the sum of the losses in `score-loss-rows.ts` there: what an accepted step of a line search needs.
 * `dZ[i,j] = scale · r[i] · ∂loss/∂z[i,j]` as in `scoreLoss`.
 */
import { at } from "./host-matrix.js";
import type { TakenStepArguments } from "./loss-line.js";
import { checkTakenStep, SHARED_STEP, TAKEN_STEP_WRITES, takeStep, writeSumOfLosses } from "./loss-line.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { rowsLaunch, STANDING_FILES } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";
import { isIdle } from "./solver-state.js";

export type ScoreLossStepArguments<M extends Matrix = Matrix> = TakenStepArguments<M> & ScoreLossForm;

function reference(args: On<ScoreLossStepArguments, HostMatrix>): void {
  const { logits, state, gradient, scale, out } = args;
  if (isIdle(state)) return;
  takeStep(args);
  const classes = logits.columns;
  const row = new ScoreRow(args, classes);
  const losses = new Float64Array(logits.rows);
  for (let i = 0; i < logits.rows; i++) {
    for (let j = 0; j < classes; j++) row.scores[j] = at(logits, i, j);
    row.judge(i);
    losses[i] = row.weight * row.loss;
    for (let j = 0; j < classes; j++) gradient.data[i * classes + j] = scale * row.weight * row.gradient[j];
  }
  writeSumOfLosses(out, losses);
}

const kernel: Kernel = {
  name: "score_loss_step",
  files: ["score_loss_step", ...STANDING_FILES],
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
  writes: TAKEN_STEP_WRITES,
  types: { labels: ["i32"] },
  check(args) {
    checkScoreTargets("scoreLossStep", args, args.logits.rows, args.logits.columns);
    checkTakenStep("scoreLossStep", args);
  },
  ...SHARED_STEP,
  reference,
  plan,
};
