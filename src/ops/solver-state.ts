/**
 * The scalars of a full-batch solver. They live on the device, one float32 each, in the order of `struct State` in the shaders,
 * so that no number has to cross to the host between iterations.
 */
import type { HostMatrix } from "./op.js";
import { HIGHEST } from "./softmax.js";

export const STATE = {
  /** 1 until the solver stops. */
  running: 0,
  /** Step taken along the direction; 0 while the line search is not over, or when it failed. */
  step: 1,
  /** Trial steps wanted of the next launch; 0 when the line search is over. */
  trials: 2,
  /** 1 when θ + step · D is the new point, and θ has still to follow. */
  taken: 3,
  /** Why the solver stopped, one of {@link STATUS}. */
  status: 4,
  /** Iterations done; −1 before the first evaluation. */
  iteration: 5,
  /** 1 when a new direction is wanted. */
  fresh: 6,
  /** Pairs in the memory. */
  pairs: 7,
  /** 1 when the line search found no descent. */
  failed: 8,
  /** φ′(0) */
  slope: 9,
  /** The bracket of the minimum along the line; the highest float while there is no upper end. */
  low: 10,
  high: 11,
  /** The best trial step so far and |φ′| there; the highest float while there is none. */
  bestStep: 12,
  bestSlope: 13,
  /** Launches of trial steps along this line. */
  launches: 14,
  /** The last iteration that made progress, and the smallest loss and gradient that counted as such. */
  since: 15,
  leastLoss: 16,
  leastGradient: 17,
  /** The part of J that is the data's, at the last point: scale · Σℓ. */
  fit: 18,
  /** Where the next pair goes in the memory. */
  slot: 19,
  /** Here the trial steps begin, {@link MOST_TRIALS} of them. */
  steps: 20,
} as const;

export const STATE_LENGTH = 28;
export const STATE_QUADS: number = STATE_LENGTH / 4;
/** Trial steps in a launch, at most; a launch has a power of two of them. */
export const MOST_TRIALS = 8;

export const STATUS = { running: 0, converged: 1, "max-iterations": 2, precision: 3, diverged: 4 } as const;

/** Where the trial steps of a launch lie, as multiples of the most promising one. */
export const SPREAD: readonly number[] = [1, 2, 0.5, 4, 0.25, 8, 16, 32];

/** A state before anything has happened. */
export function firstState(): Float32Array {
  const state = new Float32Array(STATE_LENGTH);
  state[STATE.running] = 1;
  state[STATE.iteration] = -1;
  state[STATE.leastLoss] = HIGHEST;
  state[STATE.leastGradient] = HIGHEST;
  return state;
}

/** Whether there is nothing to evaluate: the solver has stopped, or its line search goes on. */
export const isIdle = ({ data }: HostMatrix): boolean => data[STATE.running] === 0 || data[STATE.trials] > 0;
