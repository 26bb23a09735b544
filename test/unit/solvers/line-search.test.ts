import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseStep } from "../../../src/ops/choose-step.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import { HIGHEST } from "../../../src/ops/softmax.js";
import { firstState, SPREAD, STATE } from "../../../src/ops/solver-state.js";

/** J along a line. */
interface LinePoint {
  readonly loss: number;
  readonly slope: number;
  readonly curvature: number;
}

type Curve = (step: number) => LinePoint;

/** a/2 · (t − t*)² */
const parabola =
  (least: number, a = 1): Curve =>
  (t) => ({ loss: (a / 2) * (t - least) ** 2, slope: a * (t - least), curvature: a });

/** log cosh(t − t*): straight far from its minimum, where Newton's method runs away. */
const bend =
  (least: number): Curve =>
  (t) => {
    const u = t - least;
    const loss = Math.abs(u) + Math.log1p(Math.exp(-2 * Math.abs(u))) - Math.LN2;
    return { loss, slope: Math.tanh(u), curvature: 1 / Math.cosh(u) ** 2 };
  };

interface Found {
  /** 0 when there is no step that lowers the slope. */
  readonly step: number;
  readonly failed: boolean;
  /** The steps of each launch. */
  readonly launches: readonly (readonly number[])[];
  readonly tried: readonly number[];
}

/** Searches as the solver does, with so many trial steps in a launch; a first step of 0 asks for the curvature there. */
function search(curve: Curve, firstStep: number, trials = 1): Found {
  const data = firstState();
  data[STATE.high] = HIGHEST;
  data[STATE.bestSlope] = HIGHEST;
  data[STATE.trials] = firstStep === 0 ? 1 : trials;
  for (let j = 0; j < trials; j++) data[STATE.steps + j] = firstStep * SPREAD[j];
  const state = hostMatrix(data, 1, data.length);
  const norms = hostMatrix(Float32Array.of(0, 0, curve(0).slope, 0), 1, 4);
  const launches: number[][] = [];
  while (data[STATE.trials] > 0) {
    const steps = Array.from(data.subarray(STATE.steps, STATE.steps + data[STATE.trials]));
    launches.push(steps);
    const line = hostMatrix(new Float32Array(4 * trials), 1, 4 * trials);
    steps.forEach((t, j) => {
      const { loss, slope, curvature } = curve(t);
      const fault = !Number.isFinite(loss + slope);
      line.data.set(fault ? [0, 0, 0, 1] : [loss, slope, curvature, 0], 4 * j);
    });
    chooseStep.reference({ line, norms, state, scale: 1, l2: 0, byValue: false });
  }
  return { step: data[STATE.step], failed: data[STATE.failed] === 1, launches, tried: launches.flat() };
}

const f = Math.fround;

describe("finding the minimum", () => {
  test("a first step that will do is taken as it is", () => {
    expect(search(parabola(1), 0.95)).toMatchObject({ step: f(0.95), failed: false, tried: [f(0.95)] });
  });

  test.each([1e-6, 0.5, 2, 1e6])("a parabola from %d takes two steps: Newton is exact there", (first) => {
    const { step, tried } = search(parabola(1), first);
    expect(tried[0]).toBe(f(first));
    // Much too short a step is stretched tenfold at most while there is no upper bound.
    expect(tried.length).toBeLessThanOrEqual(first < 0.1 ? 9 : 2);
    expect(Math.abs(parabola(1)(step).slope)).toBeLessThanOrEqual(0.1);
  });

  test("while nothing lies beyond the minimum, a step grows tenfold at most", () => {
    const { step, tried } = search(parabola(1), 1e-3);
    expect(tried).toHaveLength(4);
    [1e-3, 1e-2, 0.1, 1].forEach((expected, i) => {
      expect(tried[i] / expected).toBeCloseTo(1, 5);
    });
    expect(step).toBe(tried[3]);
  });

  test.each([1, 2, 4, 8])(
    "of nothing known but the curvature at 0, with %i steps in a launch: Newton's step",
    (trials) => {
      const { step, launches } = search(parabola(37, 1e-3), 0, trials);
      expect(launches[0]).toEqual([0]);
      expect(launches).toHaveLength(2);
      expect(launches[1]).toHaveLength(trials);
      expect(step).toBeCloseTo(37, 3);
      // Where there is no curvature either, any step is as good as another.
      expect(search((t) => ({ ...parabola(1)(t), curvature: 0 }), 0, trials).launches[1][0]).toBe(1);
    },
  );

  test.each([0.01, 1, 100, 1000])("a curve that is straight outside, from %d", (first) => {
    for (const trials of [1, 2, 4, 8]) {
      const { step, launches } = search(bend(5), first, trials);
      expect(launches.length).toBeLessThanOrEqual(12);
      expect(Math.abs(bend(5)(step).slope)).toBeLessThanOrEqual(0.1 * Math.tanh(5));
    }
  });

  test("trial points stay inside the bracket that the slopes have drawn", () => {
    for (const trials of [1, 2, 4, 8]) {
      const { launches } = search(bend(5), 1000, trials);
      let [low, high] = [0, Number.POSITIVE_INFINITY];
      for (const steps of launches) {
        for (const t of steps) {
          expect(t).toBeGreaterThan(low);
          expect(t).toBeLessThan(high);
        }
        low = Math.max(low, ...steps.filter((t) => t < 5));
        high = Math.min(high, ...steps.filter((t) => t > 5));
      }
    }
  });

  test.each([1e-4, 1e-2, 1e2, 1e4])("a minimum at %d, from 1: more steps in a launch, fewer launches", (least) => {
    for (const trials of [1, 4, 8]) {
      const { step, launches } = search(bend(least), 1, trials);
      expect(Math.abs(bend(least)(step).slope)).toBeLessThanOrEqual(0.1 * Math.tanh(least));
      expect(launches.length).toBeLessThanOrEqual(trials === 1 ? 9 : 7);
    }
  });

  test("any sum of softplus curves: the slope falls to a tenth and the loss falls", () => {
    const pieces = fc.array(
      fc.record({ a: fc.double({ min: 0.1, max: 4, noNaN: true }), c: fc.double({ min: -3, max: 3, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const first = fc.double({ min: 0.01, max: 30, noNaN: true });
    fc.assert(
      fc.property(pieces, first, fc.constantFrom(1, 2, 4, 8), (terms, firstStep, trials) => {
        // Falls at 0 and rises far out, whatever the pieces are.
        const curve: Curve = (t) => {
          let [loss, slope, curvature] = [0.05 * (t - 8) ** 2, 0.1 * (t - 8), 0.1];
          for (const { a, c } of terms) {
            const p = 1 / (1 + Math.exp(-a * (t - c)));
            loss += Math.log1p(Math.exp(-Math.abs(a * (t - c)))) + Math.max(0, a * (t - c)) - 0.9 * a * t;
            slope += a * p - 0.9 * a;
            curvature += a * a * p * (1 - p);
          }
          return { loss, slope, curvature };
        };
        fc.pre(curve(0).slope < -0.01);
        const { step } = search(curve, firstStep, trials);
        expect(Math.abs(curve(step).slope)).toBeLessThanOrEqual(0.1001 * Math.abs(curve(0).slope));
        expect(curve(step).loss).toBeLessThan(curve(0).loss);
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  test("the penalty's share of slope and curvature belongs to the curve", () => {
    // φ = (t − 5)²/2 + (l2/2)·‖W + t·D‖², ⟨W, D⟩ = 2, ‖D‖² = 3, l2 = 1: flat where (t − 5) + 2 + 3t = 0.
    const data = firstState();
    data[STATE.high] = HIGHEST;
    data[STATE.bestSlope] = HIGHEST;
    data[STATE.trials] = 1;
    const state = hostMatrix(data, 1, data.length);
    const norms = hostMatrix(Float32Array.of(1.5, 1, -2, 0, 0.5, 2, -1, 0), 2, 4);
    const line = hostMatrix(Float32Array.of(25, -10, 2, 0), 1, 4);
    chooseStep.reference({ line, norms, state, scale: 0.5, l2: 1, byValue: false });
    expect(data[STATE.slope]).toBe(-3);
    expect(data[STATE.steps]).toBe(0.75);
  });
});

describe("points that cannot be used", () => {
  const wall =
    (curve: Curve, from: number, fault: number): Curve =>
    (t) =>
      t < from ? curve(t) : { loss: fault, slope: fault, curvature: fault };

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a trial of %d is too long a step", (fault) => {
    const { step, tried } = search(wall(parabola(0.7), 1, fault), 8);
    expect(tried.slice(0, 4)).toEqual([8, 4, 2, 1]);
    expect(Math.abs(step - 0.7)).toBeLessThanOrEqual(0.07);
    const { step: another, launches } = search(wall(parabola(0.7), 1, fault), 8, 4);
    expect(Math.abs(another - 0.7)).toBeLessThanOrEqual(0.07);
    expect(launches.length).toBeLessThanOrEqual(4);
  });

  test("a curvature alone that is not finite does not spoil the point", () => {
    expect(search((t) => ({ ...parabola(1)(t), curvature: Number.NaN }), 1).step).toBe(1);
    const far = search((t) => ({ ...parabola(1)(t), curvature: Number.NaN }), 3);
    expect(Math.abs(far.step - 1)).toBeLessThanOrEqual(0.1);
  });

  test.each([1, 4])("nothing finite anywhere: no step, after twelve launches of %i", (trials) => {
    const { step, failed, launches } = search(wall(parabola(1), 1e-300, Number.NaN), 1, trials);
    expect([step, failed]).toEqual([0, true]);
    expect(launches).toHaveLength(12);
  });
});

describe("no descent", () => {
  test.each([1, 4])("a slope that rounding does not let change: no step (%i a launch)", (trials) => {
    expect(search(() => ({ loss: 1, slope: -1e-9, curvature: 0 }), 1, trials)).toMatchObject({ step: 0, failed: true });
  });

  test.each([1, 4])("a slope that only grows: no step (%i a launch)", (trials) => {
    const found = search((t) => ({ loss: 1, slope: t === 0 ? -1e-9 : 1, curvature: 1e9 }), 1, trials);
    expect(found).toMatchObject({ step: 0, failed: true });
  });

  test("where a tenth is not to be had, the smallest slope is taken", () => {
    const jump: Curve = (t) => ({ loss: Math.abs(t - 1), slope: t < 1 ? -1 : 0.4, curvature: 0 });
    const { step, failed } = search(jump, 4);
    expect([jump(step).slope, failed]).toEqual([0.4, false]);
  });

  test("a direction that does not descend: no step, at once", () => {
    const found = search((t) => ({ loss: t, slope: 1, curvature: 1 }), 1);
    expect(found).toMatchObject({ step: 0, failed: true });
    expect(found.launches).toHaveLength(1);
  });

  test("a first step that is no number: no step", () => {
    expect(search(parabola(1), Number.NaN)).toMatchObject({ step: 0, failed: true });
  });
});

test("a search that is over stays over", () => {
  const data = firstState();
  const before = data.slice();
  const [line, norms] = [
    hostMatrix(Float32Array.of(1, -1, 1, 0), 1, 4),
    hostMatrix(Float32Array.of(0, 0, -1, 0), 1, 4),
  ];
  chooseStep.reference({ line, norms, state: hostMatrix(data, 1, data.length), scale: 1, l2: 0, byValue: false });
  expect(data).toEqual(before);
});
