/**
 * `Z ← Z + t·D`, then dZ and the sum of the losses of cross-entropy there: what an accepted step of a line search needs, in one walk
 * over the logits. `dZ[i,j] = scale · r[i] · (T[i]·p[i,j] − t[i,j])` as in `crossEntropy`.
 */
import { crossEntropy } from "./cross-entropy.js";
import { at, rowsOf } from "./host-matrix.js";
import type { DeviceMatrix, HostMatrix, Kernel, Matrix, On, Op, Planner } from "./op.js";
import { f32, u32 } from "./op.js";
import { rowLanes } from "./row-lanes.js";
import { rowRanges, wholeBlock } from "./row-ranges.js";
import { requireShape } from "./shape-rule.js";
import { isIdle, STATE, STATE_LENGTH } from "./solver-state.js";
import type { TargetArguments } from "./targets.js";
import { checkTargets, sliceTargets, targetBuffers, targetConstants } from "./targets.js";

export interface CrossEntropyStepArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
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

function reference(args: On<CrossEntropyStepArguments, HostMatrix>): void {
  const { logits, direction, state, out } = args;
  if (isIdle(state)) return;
  const step = state.data[STATE.step];
  if (step !== 0) {
    for (let i = 0; i < logits.rows; i++) {
      for (let j = 0; j < logits.columns; j++) {
        logits.data[i * logits.columns + j] = at(logits, i, j) + step * at(direction, i, j);
      }
    }
  }
  const losses = new Float64Array(logits.rows);
  crossEntropy.reference({ ...args, loss: { ...out, data: losses, columns: logits.rows }, denominator: undefined });
  let sum = 0;
  let faults = 0;
  for (const loss of losses) {
    if (Number.isFinite(loss)) sum += loss;
    else faults++;
  }
  out.data.fill(0);
  out.data.set([sum, 0, 0, faults]);
}

const kernel: Kernel = {
  name: "cross_entropy_step",
  bindings: ["write", "read", "read", "read", "read", "read", "write", "write"],
};
const NOT_A_NUMBER_BITS = 0x7fc00000;

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
  writes: ["logits", "gradient", "out"],
  types: { labels: ["i32"] },
  check(args) {
    const { rows, columns } = args.logits;
    checkTargets("crossEntropyStep", args, rows, columns);
    requireShape("crossEntropyStep", "direction", args.direction, rows, columns);
    requireShape("crossEntropyStep", "gradient", args.gradient, rows, columns);
    requireShape("crossEntropyStep", "state", args.state, 1, STATE_LENGTH);
    requireShape("crossEntropyStep", "out", args.out, args.out.rows, 4);
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
