/**
 * `φ(t) = Σ_i r[i] · ℓ(z[i] + t·d[i])` for cross-entropy with `φ′(t)` and `φ″(t)`, at several trial steps in one launch.
 * Logits are linear in the step, so a trial step costs n × k work and no product with X. Which steps, and how many, says the
 * solver's state; when it wants none, all is zero. A row cannot be right that counts and has a label that is no class, or a weight or
 * moved logit beyond float32.
 */
import { at } from "./host-matrix.js";
import type { TrialStepsArguments } from "./loss-line.js";
import { checkLine, SHARED_TRIALS } from "./loss-line.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { BELOW, COLUMNS, GAP, LANES, TARGETS } from "./shader-parts.js";
import { HIGHEST } from "./softmax.js";
import { STATE } from "./solver-state.js";
import { checkTargets, rowWeightAt, targetAt, targetBuffers, targetConstants } from "./targets.js";

export type LineSearchArguments<M extends Matrix = Matrix> = TrialStepsArguments<M>;

function reference(args: On<LineSearchArguments, HostMatrix>): void {
  const { logits, direction, state, out } = args;
  const classes = logits.columns;
  const moved = new Float64Array(classes);
  out.data.fill(0);
  for (let trial = 0; trial < state.data[STATE.trials]; trial++) {
    const step = state.data[STATE.steps + trial];
    const totals = [0, 0, 0, 0] as [number, number, number, number];
    for (let i = 0; i < logits.rows; i++) {
      let weight = rowWeightAt(args, i, classes);
      if (weight === 0) continue;
      let maximum = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < classes; j++) {
        moved[j] = at(logits, i, j) + step * at(direction, i, j);
        if (!(Math.abs(moved[j]) <= HIGHEST)) weight = Number.NaN;
        maximum = Math.max(maximum, moved[j]);
      }
      if (Number.isNaN(weight)) {
        totals[3]++;
        continue;
      }
      let sum = 0;
      let first = 0;
      let second = 0;
      let along = 0;
      let total = 0;
      let distance = 0;
      for (let j = 0; j < classes; j++) {
        const value = moved[j];
        const e = Math.exp(value - maximum);
        const d = at(direction, i, j);
        const t = targetAt(args, i, j, classes);
        sum += e;
        first += e * d;
        second += e * d * d;
        along += t * d;
        total += t;
        distance += t * Math.min(HIGHEST, maximum - value);
      }
      const mean = first / sum;
      totals[0] += weight * (total * Math.log(sum) + distance);
      totals[1] += weight * (total * mean - along);
      totals[2] += weight * total * Math.max(0, second / sum - mean * mean);
    }
    out.data.set(totals, 4 * trial);
  }
}

const kernel: Kernel = {
  name: "line_search",
  files: ["line_search", TARGETS, LANES, COLUMNS, BELOW, GAP],
  bindings: ["read", "read", "read", "read", "read", "read", "write"],
};

function plan(args: On<LineSearchArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, direction, soft, out } = args;
  const trials = out.columns / 4;
  const lanes = rowLanes(logits.columns);
  const work = 48 * logits.columns * trials;
  const ranges = rowRanges([logits, direction, ...(soft ? [soft] : [])], planner.workPerDispatch / work);
  const to = wholeBlock("lineSearch", "out", out);
  const state = wholeBlock("lineSearch", "state", args.state);
  for (const [index, range] of ranges.entries()) {
    const [z, d, q] = range.parts;
    const t = targetBuffers("lineSearch", args, z.buffer);
    planner.dispatch({
      kernel,
      constants: { ...lanes.constants, ...targetConstants(args), TRIALS: trials },
      buffers: [z.buffer, d.buffer, q?.buffer ?? t.labels, t.classWeight, t.rowWeight, state.buffer, to.buffer],
      parameters: [
        ...[range.rows, logits.columns, z.offset, logits.stride, d.offset, direction.stride].map(u32),
        ...[q ? q.offset : t.labelOffset + range.firstRow, soft?.stride ?? 0, t.rowWeightOffset + range.firstRow].map(
          u32,
        ),
        ...[Math.ceil(range.rows / lanes.rowsPerGroup), out.rows, to.offset, args.ignoreIndex].map(u32),
        f32(args.labelSmoothing),
        ...[t.classWeightOffset, state.offset, Number(index > 0)].map(u32),
      ],
      workgroups: out.rows * trials,
      work: work * range.rows,
    });
  }
}

export const lineSearch: Op<LineSearchArguments> = {
  name: "lineSearch",
  types: { labels: ["i32"] },
  check(args) {
    checkLine("lineSearch", args);
    checkTargets("lineSearch", args, args.logits.rows, args.logits.columns);
  },
  ...SHARED_TRIALS,
  reference,
  plan,
};
