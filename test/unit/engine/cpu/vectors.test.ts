import { describe, expect, test } from "vitest";
import { addScaled } from "../../../../src/ops/add-scaled.js";
import { dots } from "../../../../src/ops/dots.js";
import { hostMatrix } from "../../../../src/ops/host-matrix.js";
import type { HostMatrix, On, Op } from "../../../../src/ops/op.js";
import { stackProducts } from "../../../../src/ops/stack-products.js";
import { summarize } from "../../../../src/ops/summarize.js";
import { expectClose, expectSameBits, FLOAT32_ROUNDING } from "../../../support/compare.js";
import { randomValues } from "../../../support/random-matrix.js";
import { stateWith } from "../../../support/target-cases.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

const vector = (length: number, seed: number): HostMatrix => hostMatrix(randomValues(length, seed), 1, length);
const blank = (length: number): HostMatrix => vector(length, 99);

/** Computed in float64 and rounded once, as the reference is; sums are cut alike whatever the slices are. */
function expectRounded<A extends object>(op: Op<A>, args: On<A, HostMatrix>, build: (typeof BUILDS)[number]): void {
  const { out } = args as { out: HostMatrix };
  const truth = Float64Array.from(out.data);
  op.reference({ ...args, out: { ...out, data: truth } });
  const whole = simdOutputs(op, args, { build }).out as Float32Array;
  expectClose(whole, truth, { floor: 2 ** -149, relativeFloor: FLOAT32_ROUNDING, label: op.name });
  const sliced = simdOutputs(op, args, { build, slice: 1000, growing: true }).out as Float32Array;
  expectSameBits(sliced, whole, op.name);
}

const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 33, 4099, 70_001];

describe.each(BUILDS)("%s vectors", (build) => {
  test.each(LENGTHS)("of %d values", (length) => {
    const [x, y] = [vector(length, 1), vector(length, 2)];
    for (const [beta, keep] of [
      [0, 0],
      [0.5, 0],
      [0, -3],
      [0.5, 1],
    ]) {
      expectRounded(addScaled, { x, alpha: 0.3, y, beta, out: blank(length), keep }, build);
      expectRounded(addScaled, { x, alpha: 0.3, y: undefined, beta, out: blank(length), keep }, build);
    }
    for (const vectors of [1, 3, 8]) {
      const stack = hostMatrix(randomValues(vectors * length, 3), vectors, length);
      expectRounded(dots, { stack, vector: x, out: blank(vectors) }, build);
    }
    for (const pairs of [1, 3]) {
      const stack = hostMatrix(randomValues((2 * pairs + 1) * length, 3), 2 * pairs + 1, length);
      const out = hostMatrix(new Float32Array(2 * 4 * (2 * pairs + 1)), 2, 4 * (2 * pairs + 1));
      expectRounded(stackProducts, { stack, pairs, state: stateWith({ slot: pairs - 1 }), out }, build);
    }
    expectRounded(summarize, { x, out: blank(4) }, build);
  });

  test("what is not finite is counted and left out", () => {
    const data = randomValues(11, 5);
    data.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -3e18], 2);
    data[10] = Number.NaN;
    expectRounded(summarize, { x: hostMatrix(data, 1, 11), out: blank(4) }, build);
    const [, , largest, faults] = simdOutputs(summarize, { x: hostMatrix(data, 1, 11), out: blank(4) }, { build }).out;
    expect([largest, faults]).toEqual([Math.fround(3e18), 4]);
  });

  test("a factor of 0 forgets NaN", () => {
    const nan = hostMatrix(new Float32Array(9).fill(Number.NaN), 1, 9);
    const { out } = simdOutputs(
      addScaled,
      { x: vector(9, 1), alpha: 1, y: nan, beta: 0, out: nan, keep: 0 },
      { build },
    );
    expectSameBits(out as Float32Array, vector(9, 1).data as Float32Array);
  });
});
