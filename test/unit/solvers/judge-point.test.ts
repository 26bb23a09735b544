import { describe, expect, test } from "vitest";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import { judgePoint } from "../../../src/ops/judge-point.js";
import { firstState, STATE, STATUS } from "../../../src/ops/solver-state.js";

const vector = (...values: number[]) => hostMatrix(Float64Array.from(values), 1, values.length);

class Judge {
  readonly state = firstState();
  readonly ring = new Float32Array(4 * 8);
  readonly options = { tolerance: 0, maxIterations: 1000, scale: 1, l2: 0 };

  /** Judges a point; true while the solver goes on. */
  point(losses: readonly number[], gradient: readonly number[], options: Partial<Judge["options"]> = {}): boolean {
    judgePoint.reference({
      ...{ losses: vector(...losses), gradient: vector(...gradient), attempt: 7, ...this.options, ...options },
      state: hostMatrix(this.state, 1, this.state.length),
      ring: hostMatrix(this.ring, 8, 4),
    });
    return this.state[STATE.running] === 1;
  }
}

/** The iteration at which a course is called stalled, or undefined. */
function end(
  course: (iteration: number) => [loss: number, gradientNorm: number],
  iterations = 300,
): number | undefined {
  const judge = new Judge();
  for (let i = 0; i < iterations; i++) {
    const [loss, gradientNorm] = course(i);
    if (judge.point([loss, 0, 0, 0], [0, gradientNorm, 1, 0])) continue;
    expect(judge.state[STATE.status]).toBe(STATUS.precision);
    return i;
  }
  return undefined;
}

test("a loss that falls, however slowly, is progress as long as float32 sees it", () => {
  expect(end((i) => [1 - i * 2 ** -21, 1])).toBeUndefined();
  // Steps too small by themselves add up.
  expect(end((i) => [1 - i * 2 ** -25, 1])).toBeUndefined();
  expect(end((i) => [1 - i * 2 ** -28, 1])).toBe(20);
});

test("so is a gradient that falls while the loss stands still", () => {
  expect(end((i) => [0.25, 0.99 ** i])).toBeUndefined();
});

test("twenty iterations without either are the end, wherever the numbers wander meanwhile", () => {
  expect(end((i) => [i < 10 ? 1 / (i + 1) : 0.2, i < 10 ? 1 : 1 + (i % 3)])).toBe(29);
  expect(end(() => [0.5, 1e-9])).toBe(20);
});

test("a loss of 0 cannot fall any more", () => {
  expect(end(() => [0, 1])).toBe(20);
});

describe("a point", () => {
  test("is recorded in the ring, round and round, with J penalty included", () => {
    const judge = new Judge();
    for (let i = 0; i < 11; i++)
      expect(judge.point([3 - i, 0, 0, 0], [4, 2, 1, 0], { scale: 0.5, l2: 0.25 })).toBe(true);
    expect(Array.from(judge.ring.subarray(0, 4))).toEqual([8, 7, -2.5 + 0.5, 2]);
    expect(Array.from(judge.ring.subarray(4 * 3, 4 * 4))).toEqual([3, 7, 0.5, 2]);
    expect([judge.state[STATE.iteration], judge.state[STATE.taken], judge.state[STATE.fresh]]).toEqual([10, 1, 1]);
  });

  test.each([
    ["loss", [1, 0, 0, 1], [1, 1, 1, 0]],
    ["loss beyond float32", [1e39, 0, 0, 0], [1, 1, 1, 0]],
    ["gradient", [1, 0, 0, 0], [1, 1, 1, 3]],
    ["squared gradient beyond float32", [1, 0, 0, 0], [1, 1, Number.POSITIVE_INFINITY, 0]],
    ["norm of the weights", [1, 0, 0, 0], [Number.NaN, 1, 1, 0]],
  ])("with a %s that is not finite is not taken", (_, losses, gradient) => {
    const judge = new Judge();
    expect(judge.point([1, 0, 0, 0], [1, 1, 1, 0], { l2: 1 })).toBe(true);
    expect(judge.point(losses, gradient, { l2: 1 })).toBe(false);
    const { state } = judge;
    expect([state[STATE.status], state[STATE.iteration], state[STATE.taken], state[STATE.fresh]]).toEqual([4, 0, 0, 0]);
    // Nothing happens any more.
    const before = state.slice();
    expect(judge.point([0, 0, 0, 0], [0, 0, 0, 0])).toBe(false);
    expect(state).toEqual(before);
  });

  test("at the tolerance is taken, and the end: converged, even when it is the last one allowed", () => {
    const judge = new Judge();
    expect(judge.point([1, 0, 0, 0], [1, 0.5, 1, 0], { tolerance: 0.5, maxIterations: 0 })).toBe(false);
    expect([judge.state[STATE.status], judge.state[STATE.taken]]).toEqual([STATUS.converged, 1]);
  });

  test("is the last one when no more are allowed", () => {
    const judge = new Judge();
    for (const goesOn of [true, true, false]) {
      expect(judge.point([1, 0, 0, 0], [1, 1, 1, 0], { maxIterations: 2 })).toBe(goesOn);
    }
    expect([judge.state[STATE.status], judge.state[STATE.taken]]).toEqual([STATUS["max-iterations"], 1]);
  });
});

describe("a line search", () => {
  test("that goes on leaves everything as it is", () => {
    const judge = new Judge();
    judge.point([1, 0, 0, 0], [1, 1, 1, 0]);
    judge.state[STATE.trials] = 4;
    const ring = judge.ring.slice();
    expect(judge.point([9, 0, 0, 0], [9, 9, 9, 0])).toBe(true);
    expect([judge.state[STATE.taken], judge.state[STATE.fresh], judge.state[STATE.iteration]]).toEqual([0, 0, 0]);
    expect(judge.ring).toEqual(ring);
  });

  test("that failed asks for another direction; from the plain gradient, it is the end", () => {
    const judge = new Judge();
    judge.point([1, 0, 0, 0], [1, 1, 1, 0]);
    judge.state[STATE.failed] = 1;
    judge.state[STATE.pairs] = 3;
    expect(judge.point([1, 0, 0, 0], [1, 1, 1, 0])).toBe(true);
    expect([judge.state[STATE.taken], judge.state[STATE.fresh], judge.state[STATE.iteration]]).toEqual([0, 1, 0]);
    judge.state[STATE.pairs] = 0;
    expect(judge.point([1, 0, 0, 0], [1, 1, 1, 0])).toBe(false);
    expect([judge.state[STATE.status], judge.state[STATE.fresh]]).toEqual([STATUS.precision, 0]);
  });
});
