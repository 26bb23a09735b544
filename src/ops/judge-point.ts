/**
 * What becomes of the point that was just evaluated: its loss `J = scale · Σℓ + penalty` and max |dJ| go to a ring of records, and
 * the solver stops when it has converged or can go no further. Also what becomes of a line search that failed.
 */
import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { FINITE, SOLVER_STATE } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";
import { HIGHEST } from "./softmax.js";
import { STATE, STATE_LENGTH, STATE_QUADS, STATUS } from "./solver-state.js";

export interface JudgePointArguments<M extends Matrix = Matrix> {
  /** p × 4, as `crossEntropyStep` writes it: rows that add up to Σℓ, 0, 0, faults. */
  readonly losses: M;
  /** q × 4, as `finishGradient` writes it: rows of ‖W‖² (with l1: the penalty), max |dJ|, ‖g‖², faults. */
  readonly gradient: M;
  /** 1 × 28, updated. */
  readonly state: M;
  /** r × 4, updated: the iteration's record (iteration, attempt, J, max |dJ|) in row iteration mod r. */
  readonly ring: M;
  /** Factor of Σℓ in J. */
  readonly scale: number;
  readonly l2: number;
  /** Factor of ‖W‖₁; 0 unless given. */
  readonly l1?: number;
  /** Converged when max |dJ| is at most this. */
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Line searches recorded so far, this one included. */
  readonly attempt: number;
}

/** J must fall by this share of itself, a few roundings, to count as progress; */
const LEAST_FALL = 2 ** -22;
/** or max |dJ| to this share of its smallest value. */
const LEAST_DESCENT = 0.9;
/** Iterations without either. */
const PATIENCE = 20;
/** What the sums of `gradient` are multiplied by to be the penalty. */
const penaltyFactor = (l2: number, l1: number): number => (l1 > 0 ? 1 : l2 / 2);
const THREADS = 64;
/** On software adapters, where each thread costs at each barrier. */
const FEW_THREADS = 8;

function reference(args: On<JudgePointArguments, HostMatrix>): void {
  const { losses, gradient, ring, scale, l2, l1 = 0 } = args;
  const { data } = args.state;
  data[STATE.taken] = 0;
  data[STATE.fresh] = 0;
  if (data[STATE.running] === 0 || data[STATE.trials] > 0) return;
  const stop = (status: number): void => {
    data[STATE.status] = status;
    data[STATE.running] = 0;
    data[STATE.fresh] = 0;
  };
  data[STATE.fresh] = 1;
  if (data[STATE.failed] === 1) {
    // No descent that float32 can see: once more from the plain gradient, then it is the end.
    if (data[STATE.pairs] === 0) stop(STATUS.precision);
    return;
  }
  let [sum, squares, largest, own, faults] = [0, 0, 0, 0, 0];
  for (let i = 0; i < losses.rows; i++) {
    sum += at(losses, i, 0);
    faults += at(losses, i, 3);
  }
  for (let i = 0; i < gradient.rows; i++) {
    squares += at(gradient, i, 0);
    largest = Math.max(largest, at(gradient, i, 1));
    own += at(gradient, i, 2);
    faults += at(gradient, i, 3);
  }
  const loss = scale * sum + penaltyFactor(l2, l1) * squares;
  if (!(faults === 0 && Math.abs(loss) <= HIGHEST && own <= HIGHEST)) {
    stop(STATUS.diverged);
    return;
  }
  const iteration = data[STATE.iteration] + 1;
  data[STATE.iteration] = iteration;
  data[STATE.taken] = 1;
  data[STATE.fit] = scale * sum;
  ring.data.set([iteration, args.attempt, loss, largest], (iteration % ring.rows) * 4);
  const falls = loss < data[STATE.leastLoss] - LEAST_FALL * Math.abs(loss);
  const descends = largest < LEAST_DESCENT * data[STATE.leastGradient];
  if (falls) data[STATE.leastLoss] = loss;
  if (descends) data[STATE.leastGradient] = largest;
  if (falls || descends) data[STATE.since] = iteration;
  if (largest <= args.tolerance) stop(STATUS.converged);
  else if (iteration - data[STATE.since] >= PATIENCE) stop(STATUS.precision);
  else if (iteration >= args.maxIterations) stop(STATUS["max-iterations"]);
}

const kernel: Kernel = {
  name: "judge_point",
  files: ["judge_point", SOLVER_STATE, FINITE],
  bindings: ["read", "read", "write", "write"],
};

export const judgePoint: Op<JudgePointArguments> = {
  name: "judgePoint",
  writes: ["state", "ring"],
  check({ losses, gradient, state, ring }) {
    requireShape("judgePoint", "losses", losses, losses.rows, 4);
    requireShape("judgePoint", "gradient", gradient, gradient.rows, 4);
    requireShape("judgePoint", "state", state, 1, STATE_LENGTH);
    requireShape("judgePoint", "ring", ring, ring.rows, 4);
  },
  reference,
  plan({ losses, gradient, state, ring, scale, l2, l1 = 0, tolerance, maxIterations, attempt }, planner) {
    const [l, g] = [wholeBlock("judgePoint", "losses", losses), wholeBlock("judgePoint", "gradient", gradient)];
    const [now, to] = [wholeBlock("judgePoint", "state", state), wholeBlock("judgePoint", "ring", ring)];
    planner.dispatch({
      kernel,
      constants: { THREADS: planner.software ? FEW_THREADS : THREADS, LEAST_FALL, LEAST_DESCENT, PATIENCE },
      buffers: [l.buffer, g.buffer, now.buffer, to.buffer],
      parameters: [
        ...[losses.rows, gradient.rows, ring.rows, l.offset, g.offset, now.offset / STATE_QUADS, to.offset].map(u32),
        ...[attempt, maxIterations, scale, penaltyFactor(l2, l1), tolerance].map(f32),
      ],
      workgroups: 1,
      work: 8 * (losses.rows + gradient.rows),
    });
  },
};
