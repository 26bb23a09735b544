/**
 * `Z ← Z + t·D`, then dZ and the sum of the losses of cross-entropy there: what an accepted step of a line search needs, in one walk
 * over the logits. `dZ[i,j] = scale · r[i] · (T[i]·p[i,j] − t[i,j])` as in `crossEntropy`.
 */
import { crossEntropy } from "./cross-entropy.js";
import type { TakenStepArguments } from "./loss-line.js";
import { checkTakenStep, SHARED_STEP, TAKEN_STEP_WRITES, takeStep, writeSumOfLosses } from "./loss-line.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, NOT_A_NUMBER_BITS, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { BELOW, COLUMNS, FINITE, GAP, LANES, TARGETS } from "./shader-parts.js";
import { isIdle } from "./solver-state.js";
import { checkTargets, targetBuffers, targetConstants } from "./targets.js";

export type CrossEntropyStepArguments<M extends Matrix = Matrix> = TakenStepArguments<M>;

function reference(args: On<CrossEntropyStepArguments, HostMatrix>): void {
  const { logits, state, out } = args;
  if (isIdle(state)) return;
  takeStep(args);
  const losses = new Float64Array(logits.rows);
  crossEntropy.reference({ ...args, loss: { ...out, data: losses, columns: logits.rows }, denominator: undefined });
  writeSumOfLosses(out, losses);
}

const kernel: Kernel = {
  name: "cross_entropy_step",
  files: ["cross_entropy_step", TARGETS, LANES, COLUMNS, BELOW, GAP, FINITE],
  bindings: ["write", "read", "read", "read", "read", "read", "write", "write"],
};

function plan(args: On<CrossEntropyStepArguments, DeviceMatrix>, planner: Planner): void {
  const { logits, direction, soft, gradient, out } = args;
  const lanes = rowLanes(logits.columns);
  const work = 36 * logits.columns;
  const cut = [logits, direction, gradient, ...(soft ? [soft] : [])];
  const to = wholeBlock("crossEntropyStep", "out", out);
  const state = wholeBlock("crossEntropyStep", "state", args.state);
  for (const [index, range] of rowRanges(cut, planner.workPerDispatch / work).entries()) {
    const [z, d, g, q] = range.parts;
    const t = targetBuffers("crossEntropyStep", args, d.buffer);
    planner.dispatch({
      kernel,
      constants: { ...lanes.constants, ...targetConstants(args) },
      buffers: [
        ...[z.buffer, d.buffer, q?.buffer ?? t.labels, t.classWeight, t.rowWeight],
        ...[state.buffer, g.buffer, to.buffer],
      ],
      parameters: [
        ...[range.rows, logits.columns, z.offset, logits.stride, d.offset, direction.stride].map(u32),
        ...[g.offset, gradient.stride, q ? q.offset : t.labelOffset + range.firstRow, soft?.stride ?? 0].map(u32),
        ...[t.rowWeightOffset + range.firstRow, t.classWeightOffset, state.offset, to.offset].map(u32),
        ...[Math.ceil(range.rows / lanes.rowsPerGroup), out.rows, Number(index > 0)].map(u32),
        ...[args.ignoreIndex, NOT_A_NUMBER_BITS].map(u32),
        ...[args.labelSmoothing, args.scale].map(f32),
      ],
      workgroups: out.rows,
      work: work * range.rows,
    });
  }
}

export const crossEntropyStep: Op<CrossEntropyStepArguments> = {
  name: "crossEntropyStep",
  writes: TAKEN_STEP_WRITES,
  types: { labels: ["i32"] },
  check(args) {
    checkTargets("crossEntropyStep", args, args.logits.rows, args.logits.columns);
    checkTakenStep("crossEntropyStep", args);
  },
  ...SHARED_STEP,
  reference,
  plan,
};
