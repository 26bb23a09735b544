/**
 * Where a line search goes on: from φ, φ′, φ″ at the trial steps of a launch to the step taken, or to the next trial steps.
 * Newton's method on φ′ inside a bracket. Where φ is smooth and convex, the sign of φ′ tells on which side of the minimum a step lies.
 * Else `byValue`: a step must bring J down, and end less steeply than it began (Wolfe's weak conditions; Lewis & Overton 2013).
 * With l1 > 0 the line ends at a step of 1 where weights go towards 0, and its end is good enough when φ falls all the way there.
 */
import { at } from "./host-matrix.js";
import type { HostMatrix, Kernel, Matrix, On, Op } from "./op.js";
import { f32, u32 } from "./op.js";
import { wholeBlock } from "./row-ranges.js";
import { FINITE, SOLVER_SPREAD, SOLVER_STATE } from "./shader-parts.js";
import { requireShape } from "./shape-rule.js";
import { HIGHEST } from "./softmax.js";
import { SPREAD, STATE, STATE_LENGTH, STATE_QUADS } from "./solver-state.js";

export interface ChooseStepArguments<M extends Matrix = Matrix> {
  /** p × 4T, as `lineSearch` writes it. */
  readonly line: M;
  /** q × 4, as `nextDirection` writes it. */
  readonly norms: M;
  /** 1 × 28, updated. */
  readonly state: M;
  /** Factor of the sums over rows in J. */
  readonly scale: number;
  readonly l2: number;
  /** Steps are judged by J as well as by its slope: for losses that are not convex, or have corners. */
  readonly byValue: boolean;
  /** Factor of ‖W‖₁; 0 unless given. */
  readonly l1?: number;
}

/** By value: J must fall by this share of what the slope promises, give or take a share of J that may be rounding; */
const LEAST_FALL = 1e-4;
const ROUNDING = 2 ** -20;
/** and a step goes too short a way while the slope is steeper than this share of φ′(0). */
const STEEP = 0.9;
/** A step is good enough when |φ′(t)| ≤ this · |φ′(0)|. */
const SLOPE_SHARE = 0.1;
/** Where that is not to be had, a step will do at which the slope is below this share: less of a change is rounding. */
const LEAST_GAIN = 0.9;
const MOST_LAUNCHES = 12;
/** How much further a step may go at once while no upper bound is known. */
const STRETCH = 10;
const THREADS = 64;
/** On software adapters, where each thread costs at each barrier; no fewer than trial steps in a launch. */
const FEW_THREADS = 8;

/** Σ over rows of the column `column`. */
function columnSum(m: HostMatrix, column: number): number {
  let sum = 0;
  for (let i = 0; i < m.rows; i++) sum += at(m, i, column);
  return sum;
}

function reference({ line, norms, state, scale, l2, l1 = 0, byValue }: On<ChooseStepArguments, HostMatrix>): void {
  const { data } = state;
  const wanted = data[STATE.trials];
  if (!(wanted > 0)) return;
  const [mixed, squares, slope, shrinking] = [0, 1, 2, 3].map((column) => columnSum(norms, column));
  const end = l1 > 0 && shrinking > 0 ? 1 : HIGHEST;
  let low = data[STATE.low];
  let high = data[STATE.high];
  let bestStep = data[STATE.bestStep];
  let bestSlope = data[STATE.bestSlope];
  /** Newton's step from the flattest point of this launch. */
  let newton = -1;
  let flattest = HIGHEST;
  /** Of the steps that meet Wolfe's conditions the one where J is lowest. */
  let met = 0;
  let lowest = HIGHEST;
  /** φ falls all the way to the line's end. */
  let whole = false;
  for (let trial = 0; trial < wanted; trial++) {
    const step = data[STATE.steps + trial];
    // Beyond its end the line is not what it is here.
    if (step > end) continue;
    const [value, first, second, faults] = [0, 1, 2, 3].map((part) => columnSum(line, 4 * trial + part));
    const penalty = l1 > 0 ? mixed + l2 * step * squares : l2 * (mixed + step * squares);
    const here = scale * first + penalty;
    const curvature = scale * second + l2 * squares;
    const size = Math.abs(here);
    const usable = faults === 0 && Math.abs(value) <= HIGHEST && size <= HIGHEST;
    if (usable && size < flattest) {
      flattest = size;
      // Between corners a loss may be straight, and the penalty's curvature alone tells nothing.
      const curved = curvature > 0 && curvature <= HIGHEST && (!byValue || second > 0);
      newton = curved ? Math.fround(step - here / curvature) : -1;
    }
    if (usable && step > 0 && size < bestSlope) [bestStep, bestSlope] = [step, size];
    if (byValue) {
      const rise = scale * value - data[STATE.fit] + step * (penalty - (l2 / 2) * step * squares);
      const falls = rise <= LEAST_FALL * step * slope + ROUNDING * Math.abs(data[STATE.fit]);
      if (!(usable && (falls || step === 0))) high = Math.min(high, step);
      else if (step === 0 || here < STEEP * slope) low = Math.max(low, step);
      else if (rise < lowest) [met, lowest] = [step, rise];
    } else if (usable && here <= 0) {
      low = Math.max(low, step);
      whole ||= step === end;
    } else high = Math.min(high, step);
  }
  const launches = data[STATE.launches] + 1;
  const unbounded = high === HIGHEST;
  // Nothing but a probe at 0 so far: any step may be tried.
  const limit = unbounded ? (low > 0 ? STRETCH * low : HIGHEST) : high;
  // By value, where nothing is known: the slope's line down to a loss of 0, and tenths of it.
  const first = byValue && slope < 0 ? data[STATE.fit] / -slope : 1;
  const inside = byValue && low === 0 ? high / STRETCH : (low + high) / 2;
  const elsewhere = unbounded ? (low > 0 ? limit : first) : inside;
  const next = Math.min(end, Math.fround(newton > low && newton < limit ? newton : elsewhere));
  // At the end of its launches a search by value may take a step that is short.
  if (byValue) [bestStep, bestSlope] = met > 0 ? [met, 0] : [low, low > 0 ? LEAST_GAIN * -slope : HIGHEST];
  const good = whole || bestSlope <= SLOPE_SHARE * -slope;
  if (good || !(slope < 0) || !(next > low && next < high) || launches >= MOST_LAUNCHES) {
    const atEnd = whole && slope < 0;
    const found = atEnd || bestSlope <= LEAST_GAIN * -slope;
    data[STATE.step] = found ? (atEnd ? end : bestStep) : 0;
    data[STATE.failed] = Number(!found);
    data[STATE.trials] = 0;
  } else {
    const trials = line.columns / 4;
    data[STATE.step] = 0;
    data[STATE.trials] = trials;
    for (let trial = 0; trial < trials; trial++) {
      let step = next;
      if (trial > 0 && unbounded) step = Math.min(HIGHEST, next * SPREAD[trial]);
      else if (trial > 0) step = low > 0 ? low + ((high - low) * trial) / trials : high * 4 ** -trial;
      data[STATE.steps + trial] = Math.min(end, step);
    }
  }
  data[STATE.slope] = slope;
  data[STATE.low] = low;
  data[STATE.high] = high;
  data[STATE.bestStep] = bestStep;
  data[STATE.bestSlope] = bestSlope;
  data[STATE.launches] = launches;
}

const kernel: Kernel = {
  name: "choose_step",
  files: ["choose_step", SOLVER_STATE, SOLVER_SPREAD, FINITE],
  bindings: ["read", "read", "write"],
};

export const chooseStep: Op<ChooseStepArguments> = {
  name: "chooseStep",
  writes: ["state"],
  check({ line, norms, state }) {
    requireShape("chooseStep", "norms", norms, norms.rows, 4);
    requireShape("chooseStep", "line", line, line.rows, 4 * Math.ceil(line.columns / 4));
    requireShape("chooseStep", "state", state, 1, STATE_LENGTH);
  },
  reference,
  plan({ line, norms, state, scale, l2, l1 = 0, byValue }, planner) {
    const [from, n] = [wholeBlock("chooseStep", "line", line), wholeBlock("chooseStep", "norms", norms)];
    const to = wholeBlock("chooseStep", "state", state);
    planner.dispatch({
      kernel,
      constants: {
        THREADS: planner.software ? FEW_THREADS : THREADS,
        TRIALS: line.columns / 4,
        MOST_LAUNCHES,
        SLOPE_SHARE,
        LEAST_GAIN,
        STRETCH,
        BY_VALUE: Number(byValue),
        LEAST_FALL,
        ROUNDING,
        STEEP,
        SPARSE: Number(l1 > 0),
      },
      buffers: [from.buffer, n.buffer, to.buffer],
      parameters: [
        ...[line.columns / 4, line.rows, norms.rows, from.offset, n.offset, to.offset / STATE_QUADS].map(u32),
        ...[scale, l2].map(f32),
      ],
      workgroups: 1,
      work: 4 * line.rows * line.columns,
    });
  },
};
