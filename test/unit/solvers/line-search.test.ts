import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LineSearchResult, searchLine } from "../../../src/solvers/line-search.js";
import type { LinePoint } from "../../../src/solvers/objective.js";

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

/** Searches, and tells which steps were tried. */
async function search(
  curve: Curve,
  firstStep: number,
): Promise<{ found: LineSearchResult | undefined; tried: number[] }> {
  const tried: number[] = [];
  const at = async (t: number): Promise<LinePoint> => {
    tried.push(t);
    return curve(t);
  };
  return { found: await searchLine(at, curve(0).slope, firstStep), tried };
}

describe("finding the minimum", () => {
  test("a first step that will do is taken as it is", async () => {
    const { found, tried } = await search(parabola(1), 0.95);
    expect(tried).toEqual([0.95]);
    expect(found).toMatchObject({ step: 0.95, evaluations: 1, point: { curvature: 1 } });
  });

  test.each([1e-6, 0.5, 2, 1e6])("a parabola from %d takes two steps: Newton is exact there", async (first) => {
    const { found, tried } = await search(parabola(1), first);
    expect(tried[0]).toBe(first);
    // Much too short a step is stretched tenfold at most while there is no upper bound.
    expect(tried.length).toBeLessThanOrEqual(first < 0.1 ? 9 : 2);
    expect(Math.abs(parabola(1)(found?.step as number).slope)).toBeLessThanOrEqual(0.1);
  });

  test("while nothing lies beyond the minimum, a step grows tenfold at most", async () => {
    const { found, tried } = await search(parabola(1), 1e-3);
    expect(tried).toEqual([1e-3, 1e-2, 0.1, 1]);
    expect(found?.step).toBe(1);
  });

  test.each([0.01, 1, 100, 1000])("a curve that is straight outside, from %d", async (first) => {
    const { found, tried } = await search(bend(5), first);
    expect(tried.length).toBeLessThanOrEqual(12);
    expect(Math.abs(found?.point.slope as number)).toBeLessThanOrEqual(0.1 * Math.tanh(5));
  });

  test("trial points stay inside the bracket that the slopes have drawn", async () => {
    const { tried } = await search(bend(5), 1000);
    let [low, high] = [0, Number.POSITIVE_INFINITY];
    for (const t of tried) {
      expect(t).toBeGreaterThan(low);
      expect(t).toBeLessThan(high);
      if (t > 5) high = t;
      else low = t;
    }
  });

  test("any sum of softplus curves: the slope falls to a tenth and the loss falls", async () => {
    const pieces = fc.array(
      fc.record({ a: fc.double({ min: 0.1, max: 4, noNaN: true }), c: fc.double({ min: -3, max: 3, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const first = fc.double({ min: 0.01, max: 30, noNaN: true });
    await fc.assert(
      fc.asyncProperty(pieces, first, async (terms, firstStep) => {
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
        const { found } = await search(curve, firstStep);
        expect(Math.abs(found?.point.slope as number)).toBeLessThanOrEqual(0.1 * Math.abs(curve(0).slope));
        expect(found?.point.loss).toBeLessThan(curve(0).loss);
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

describe("points that cannot be used", () => {
  const wall =
    (curve: Curve, from: number, fault: number): Curve =>
    (t) =>
      t < from ? curve(t) : { loss: fault, slope: fault, curvature: fault };

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("a trial of %d is too long a step", async (fault) => {
    const { found, tried } = await search(wall(parabola(0.7), 1, fault), 8);
    expect(tried.slice(0, 4)).toEqual([8, 4, 2, 1]);
    expect(Math.abs(found?.point.slope as number)).toBeLessThanOrEqual(0.07);
  });

  test("a curvature alone that is not finite does not spoil the point", async () => {
    const { found } = await search((t) => ({ ...parabola(1)(t), curvature: Number.NaN }), 1);
    expect(found?.step).toBe(1);
    const far = await search((t) => ({ ...parabola(1)(t), curvature: Number.NaN }), 3);
    expect(Math.abs(far.found?.point.slope as number)).toBeLessThanOrEqual(0.1);
  });

  test("nothing finite anywhere: no step, after twelve trials", async () => {
    const { found, tried } = await search(wall(parabola(1), 1e-300, Number.NaN), 1);
    expect(found).toBeUndefined();
    expect(tried).toHaveLength(12);
  });
});

describe("no descent", () => {
  test("a slope that rounding does not let change: no step", async () => {
    const { found } = await search(() => ({ loss: 1, slope: -1e-9, curvature: 0 }), 1);
    expect(found).toBeUndefined();
  });

  test("a slope that only grows: no step", async () => {
    const { found } = await search((t) => ({ loss: 1, slope: t === 0 ? -1e-9 : 1, curvature: 1e9 }), 1);
    expect(found).toBeUndefined();
  });

  test("where a tenth is not to be had, the smallest slope is taken", async () => {
    const jump: Curve = (t) => ({ loss: Math.abs(t - 1), slope: t < 1 ? -1 : 0.4, curvature: 0 });
    const { found } = await search(jump, 4);
    expect(found?.point.slope).toBe(0.4);
  });

  test("a first step that is no number: no step", async () => {
    const { found } = await search(parabola(1), Number.NaN);
    expect(found).toBeUndefined();
  });
});
