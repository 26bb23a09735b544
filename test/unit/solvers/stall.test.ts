import { expect, test } from "vitest";
import { Stall } from "../../../src/solvers/stall.js";

/** The iteration at which a course is called stalled, or undefined. */
function end(
  course: (iteration: number) => [loss: number, gradientNorm: number],
  iterations = 300,
): number | undefined {
  const stall = new Stall();
  for (let i = 0; i < iterations; i++) if (stall.isReached(i, ...course(i))) return i;
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
