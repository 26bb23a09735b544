/**
 * `φ(s) = Σ_i r[i] · loss(z[i] + s·d[i])` with `φ′(s)` and `φ″(s)`, for the losses in `score-loss-rows.ts`, at several trial steps in one
 * launch: what `lineSearch` is to cross-entropy. Which steps, and how many, says the solver's state; when it wants none, all is zero.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { ROWS_FILE, rowsLaunch } from "./score-loss-launch.js";
import type { ScoreLossForm } from "./score-loss-rows.js";
import { checkScoreTargets, ScoreRow } from "./score-loss-rows.js";
import { requireShape } from "./shape-rule.js";
import { STATE, STATE_LENGTH } from "./solver-state.js";
import type { TargetArguments } from "./targets.js";
import { sliceTargets } from "./targets.js";

export interface ScoreLossLineArguments<M extends Matrix = Matrix> extends TargetArguments<M>, ScoreLossForm {
  /** n × k, Z. */
  readonly logits: M;
  /** n × k, the change of Z for a step of 1. */
  readonly direction: M;
  /** 1 × 28: `trials` says how many of its `steps` are wanted. */
  readonly state: M;
  /**
   * p × 4T, written; T is the most trial steps of a launch. Four values a step: φ, φ′, φ″ (sums over rows, not means) and how many rows
   * cannot be right or have a loss beyond float32; those are left out of the three. The p rows add up to the result.
   */
  readonly out: M;
}

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
  files: ["score_loss_line", ROWS_FILE],
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
    const { rows, columns } = args.logits;
    checkScoreTargets("scoreLossLine", args, rows, columns);
    requireShape("scoreLossLine", "direction", args.direction, rows, columns);
    requireShape("scoreLossLine", "state", args.state, 1, STATE_LENGTH);
  },
  slice: (args, first, rows) => ({
    ...sliceTargets(args, first, rows),
    logits: rowsOf(args.logits, first, rows),
    direction: rowsOf(args.direction, first, rows),
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
