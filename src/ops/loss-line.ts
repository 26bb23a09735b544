/**
 * What the ops have in common that follow Z along a line to Z + t·D: those of several trial steps in one launch (`lineSearch`,
 * `scoreLossLine`), and those of the step that is taken (`crossEntropyStep`, `scoreLossStep`). Their sums over rows are left in parts.
 */
import { at, rowsOf } from "./host-matrix.js";
import type { HostMatrix, Matrix } from "./op.js";
import { requireShape } from "./shape-rule.js";
import { STATE, STATE_LENGTH } from "./solver-state.js";
import type { TargetArguments } from "./targets.js";
import { sliceTargets } from "./targets.js";

interface LineArguments<M extends Matrix> extends TargetArguments<M> {
  readonly logits: M;
  readonly direction: M;
  readonly state: M;
}

export interface TrialStepsArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
  /** n × k, Z. */
  readonly logits: M;
  /** n × k, the change of Z for a step of 1. */
  readonly direction: M;
  /** 1 × 28: `trials` says how many of its `steps` are wanted. */
  readonly state: M;
  /**
   * p × 4T, written; T is the most trial steps of a launch. Four values a step: φ, φ′, φ″ (sums over rows, not means) and how many rows
   * cannot be right, which are left out of the three. The p rows add up to the result.
   */
  readonly out: M;
}

export interface TakenStepArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
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

export const TAKEN_STEP_WRITES = ["logits", "gradient", "out"] as const;

export function checkLine(op: string, { logits, direction, state }: LineArguments<Matrix>): void {
  requireShape(op, "direction", direction, logits.rows, logits.columns);
  requireShape(op, "state", state, 1, STATE_LENGTH);
}

export function checkTakenStep(op: string, args: TakenStepArguments): void {
  checkLine(op, args);
  requireShape(op, "gradient", args.gradient, args.logits.rows, args.logits.columns);
  requireShape(op, "out", args.out, args.out.rows, 4);
}

const sliceLine = <T extends LineArguments<HostMatrix>>(args: T, first: number, rows: number): T => ({
  ...sliceTargets(args, first, rows),
  logits: rowsOf(args.logits, first, rows),
  direction: rowsOf(args.direction, first, rows),
});

/** How rows are shared out: members of these ops. */
interface Shares<A> {
  slice<T extends A>(args: T, first: number, rows: number): T;
  sliceRows(args: A): number;
  accumulate(total: Float64Array, part: Float64Array): void;
}

function addUp(total: Float64Array, part: Float64Array): void {
  part.forEach((value, i) => {
    total[i] += value;
  });
}

export const SHARED_TRIALS: Shares<TrialStepsArguments<HostMatrix>> = {
  slice: sliceLine,
  sliceRows: ({ logits }) => logits.rows,
  accumulate: addUp,
};

export const SHARED_STEP: Shares<TakenStepArguments<HostMatrix>> = {
  slice: (args, first, rows) => ({ ...sliceLine(args, first, rows), gradient: rowsOf(args.gradient, first, rows) }),
  sliceRows: ({ logits }) => logits.rows,
  accumulate: addUp,
};

/** Z ← Z + t·D, t the step that the solver has taken. */
export function takeStep({ logits, direction, state }: LineArguments<HostMatrix>): void {
  const step = state.data[STATE.step];
  if (step === 0) return;
  for (let i = 0; i < logits.rows; i++) {
    for (let j = 0; j < logits.columns; j++) {
      logits.data[i * logits.columns + j] = at(logits, i, j) + step * at(direction, i, j);
    }
  }
}

/** Leaves the sum of the losses that are finite, and how many are not. */
export function writeSumOfLosses({ data }: HostMatrix, losses: Iterable<number>): void {
  let sum = 0;
  let faults = 0;
  for (const loss of losses) {
    if (Number.isFinite(loss)) sum += loss;
    else faults++;
  }
  data.fill(0);
  data.set([sum, 0, 0, faults]);
}
