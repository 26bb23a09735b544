import { expect, test } from "vitest";
import { BestWeights } from "../../../src/model/early-stopping.js";
import type { FitPoint } from "../../../src/model/report.js";

const point = (iteration: number, validationLoss: number, validationAccuracy = 0): FitPoint => ({
  ...{ iteration, loss: 1, gradientNorm: undefined, passes: 0, elapsedMs: 0 },
  ...{ validationLoss, validationAccuracy },
});

/** The check that ends it, and the best one. */
function run(
  losses: readonly number[],
  options: { patience?: number; minDelta?: number } = {},
): [number, number | undefined] {
  const best = new BestWeights({ patience: 2, minDelta: 0, monitor: "validationLoss", ...options });
  const end = losses.findIndex((loss, i) => best.check(point(i, loss), Float32Array.of(i)));
  expect(best.best?.theta[0]).toBe(best.best?.point.iteration);
  return [end, best.best?.point.iteration];
}

test("ends after so many checks that are no better, and keeps the best", () => {
  expect(run([3, 2, 1, 1, 1, 0])).toEqual([4, 2]);
  expect(run([3, 2, 2.5, 1, 1.5, 0.5])).toEqual([-1, 5]);
  expect(run([1, 2], { patience: 1 })).toEqual([1, 0]);
});

test("small steps do not count, but the best is the best", () => {
  expect(run([3, 2.9, 2.8, 2.7], { minDelta: 0.5 })).toEqual([2, 2]);
  expect(run([3, 2.7, 2.4, 2.1], { minDelta: 0.5 })).toEqual([-1, 3]);
});

test("NaN is worse than anything, and is no reason to go on", () => {
  expect(run([Number.NaN, Number.NaN, 1])).toEqual([1, 0]);
  expect(run([Number.NaN, 2, 3, 4], { patience: 2 })).toEqual([3, 1]);
  expect(run([2, Number.NaN, Number.NaN])).toEqual([2, 0]);
});

test("accuracy is better where it is higher", () => {
  const best = new BestWeights({ patience: 1, minDelta: 0, monitor: "validationAccuracy" });
  expect(best.check(point(0, 9, 0.5), Float32Array.of(0))).toBe(false);
  expect(best.check(point(1, 8, 0.6), Float32Array.of(1))).toBe(false);
  expect(best.check(point(2, 7, 0.6), Float32Array.of(2))).toBe(true);
  expect(best.best?.point.iteration).toBe(1);
});
