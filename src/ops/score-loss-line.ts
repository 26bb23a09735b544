/**
 * `φ(s) = Σ_i r[i] · loss(z[i] + s·d[i])` with `φ′(s)` and `φ″(s)`, for the losses in `score-loss-rows.ts`, at several trial steps in one
 * launch: what `lineSearch` is to cross-entropy. Which steps, and how many, says the solver's state; when it wants none, all is zero. A row whose
 * loss is beyond float32 cannot be right either.
 */
import { at } from "./host-matrix.js";
import type { TrialStepsArguments } from "./loss-line.js";
import { checkLine, SHARED_TRIALS } from "./loss-line.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { ROW_FILES, rowsLaunch } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";
import { STATE } from "./solver-state.js";

export type ScoreLossLineArguments<M extends Matrix = Matrix> = TrialStepsArguments<M> & ScoreLossForm;

function reference(args: On<ScoreLossLineArguments, HostMatrix>): void {
  const { logits, direction, state, out } = args;
  const row = new ScoreRow(args, logits.columns);
  out.data.fill(0);
  for (let trial = 0; trial < state.data[STATE.trials]; trial++) {
    const step = state.data[STATE.steps + trial];
    const totals = [0, 0, 0, 0] as [number, number, number, number];
    for (let i = 0; i < logits.rows; i++) {
      for (let j = 0; j < logits.columns; j++) {
        row.along[j] = at(direction, i, j);
        row.scores[j] = at(logits, i, j) + step * row.along[j];
      }
      row.judge(i);
      if (Number.isNaN(row.weight)) {
        totals[3]++;
        continue;
      }
      totals[0] += row.weight * row.loss;
      totals[1] += row.weight * row.slope;
      totals[2] += row.weight * row.curvature;
    }
    out.data.set(totals, 4 * trial);
  }
}

const kernel: Kernel = {
  name: "score_loss_line",
  files: ["score_loss_line", ...ROW_FILES],
  bindings: ["read", "read", "read", "read", "read", "write"],
};

function plan(args: On<ScoreLossLineArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, direction, soft, out } = args;
  const trials = out.columns / 4;
  const work = 64 * logits.columns * trials;
  const ranges = rowRanges([logits, direction, ...(soft ? [soft] : [])], planner.workPerDispatch / work);
  const to = wholeBlock("scoreLossLine", "out", out);
  const state = wholeBlock("scoreLossLine", "state", args.state);
  for (const [index, range] of ranges.entries()) {
    const { constants, targets, parameters } = rowsLaunch("scoreLossLine", args, range, range.parts[0].buffer);
    const [z, d] = range.parts;
    planner.dispatch({
      kernel,
      constants: { ...constants, TRIALS: trials },
      buffers: [z.buffer, ...targets, d.buffer, state.buffer, to.buffer],
      parameters: parameters({
        directionOffset: d.offset,
        directionStride: direction.stride,
        outOffset: to.offset,
        stateOffset: state.offset,
        slices: out.rows,
        accumulate: index > 0,
      }),
      workgroups: out.rows * trials,
      work: work * range.rows,
    });
  }
}

export const scoreLossLine: Op<ScoreLossLineArguments> = {
  name: "scoreLossLine",
  types: { labels: ["i32"] },
  check(args) {
    checkScoreTargets("scoreLossLine", args, args.logits.rows, args.logits.columns);
    checkLine("scoreLossLine", args);
  },
  ...SHARED_TRIALS,
  reference,
  plan,
};
