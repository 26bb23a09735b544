/** A gradient cut to length: by one workgroup and by many, at both ends of what float32 holds. */
import { describe, expect } from "vitest";
import type { ClipGradientArguments } from "../../../src/ops/clip-gradient.js";
import { clipGradient } from "../../../src/ops/clip-gradient.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRounded, f32Matrix, outputsOn, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<ClipGradientArguments, HostMatrix>;

const outputs = { gradient: "updated" } as const;
const argumentsOf = (rows: number, columns: number, limit: number): Arguments => ({
  gradient: f32Matrix(rows, columns, randomValues(rows * columns, 1)),
  weights: f32Matrix(rows, columns, randomValues(rows * columns, 2)),
  l2: 0.125,
  penalisedRows: rows - 1,
  limit,
});

/** One workgroup has up to 4,096 quads; 1,400 × 17 values are 7,000 of them. */
const SHAPES = [
  [1, 1],
  [2, 4],
  [12, 10],
  [785, 10],
  [1400, 17],
] as const;

/**
 * Values up to 1.125 take four roundings with the penalty and the scaling. Of a sum of n squares, in chains of ⌈quads/256⌉ and 8 halvings
 * beside the rows of four, the relative error is below that many roundings, halved by the root (an inverse square root and a division,
 * 4.5 ULP); the division by it 2.5 ULP more.
 */
const floorOf = (quads: number): number => (4 + (Math.ceil(Math.min(quads, 4096) / 256) + 16) / 2 + 7) * 2 * ULP;

describe("parity with float64", () => {
  test.for(SHAPES)("%i × %i, longer than the limit and shorter", async ([rows, columns], { engines }) => {
    const quads = rows * Math.ceil(columns / 4);
    for (const limit of [0.25, 1e6]) {
      const args = argumentsOf(rows, columns, limit);
      const { truth, webgpu, cpu } = await runOp(engines, clipGradient, args, outputs);
      const length = Math.hypot(...(truth.gradient as Float64Array));
      if (rows > 1 && limit === 0.25) expect(length).toBeCloseTo(limit, 12);
      // The largest value of a long gradient that was cut is small.
      const largest = (truth.gradient as Float64Array).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const floor = floorOf(quads) * Math.max(largest, 2 ** -126);
      expectClose(webgpu.gradient, truth.gradient, { floor, label: `webgpu, limit ${limit}` });
      expectRounded(cpu.gradient, truth.gradient, `cpu, limit ${limit}`);
    }
  });

  test("the same bits on every run", async ({ engines }) => {
    const args = argumentsOf(1400, 17, 0.25);
    const [one, other] = [
      await outputsOn(engines.webgpu, clipGradient, args, outputs),
      await outputsOn(engines.webgpu, clipGradient, args, outputs),
    ];
    expectSameBits(one.gradient as Float32Array, other.gradient as Float32Array, "gradient");
  });

  test("one launch for few weights, two for many", ({ engines }) => {
    const engine = engines.webgpu;
    for (const [rows, columns, launches] of [
      [785, 10, 1],
      [4096, 4, 1],
      [4097, 4, 2],
    ] as const) {
      using gradient = engine.zeros([rows, columns]);
      using weights = engine.zeros([rows, columns]);
      const before = engine.stats().dispatches;
      engine.run(clipGradient, { gradient, weights, l2: 0, penalisedRows: 0, limit: 1 });
      expect(engine.stats().dispatches - before).toBe(launches);
    }
  });
});

describe.each(ENGINE_DEVICES)("extremes on %s", (device) => {
  const clipped = async (
    engines: Parameters<typeof runOp>[0],
    values: readonly number[],
    limit: number,
  ): Promise<number[]> => {
    const gradient = f32Matrix(1, values.length, Float32Array.from(values));
    const weights = f32Matrix(1, values.length);
    const args = { gradient, weights, l2: 0, penalisedRows: 0, limit };
    const results = await outputsOn(engines[device], clipGradient, args, outputs);
    return [...(results.gradient as Float32Array)];
  };

  test("no gradient stays none, whatever the limit", async ({ engines }) => {
    for (const limit of [5e-324, 1e-38, 1, 1e38, 1e300]) {
      expect(await clipped(engines, [0, 0, 0, 0, 0], limit)).toEqual([0, 0, 0, 0, 0]);
    }
  });

  test("a gradient that is short enough keeps its bits", async ({ engines }) => {
    for (const limit of [5, 1e300]) expect(await clipped(engines, [3, -4, 0], limit)).toEqual([3, -4, 0]);
    expect(await clipped(engines, [3e-30, -4e-30], 1e-29)).toEqual([3e-30, -4e-30].map(Math.fround));
    expect(await clipped(engines, [3e30, -4e30], 5.1e30)).toEqual([3e30, -4e30].map(Math.fround));
  });

  // Squares of these are beyond float32 at either end; 12 ULP for sum, root, division and products.
  test.for([
    [3e-30, -4e-30, 1e-33],
    [3e-15, 4e-16, 1e-20],
    [3, 4e-20, 1e-30],
    [3e30, 4e30, 2],
    [1e38, -2e38, 1e-5],
    [3e38, -3e38, 1e-30],
    [3e38, 3e38, 1e38],
    [3e15, 4e14, 1e-3],
    [3e16, 4e2, 1e3],
  ] as const)("(%d, %d) at most %d long", async ([a, b, limit], { engines }) => {
    const norm = Math.hypot(Math.fround(a), Math.fround(b));
    const got = await clipped(engines, [a, b], limit);
    const expected = [a, b].map((g) => (Math.fround(g) * limit) / norm);
    expectClose(got, expected, { floor: 2 ** -126, relativeFloor: 12 * 2 * ULP });
  });

  test("what is not finite stays to be seen, and the rest what it is", async ({ engines }) => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const [one, other, third] = await clipped(engines, [3, wrong, 4], 1);
      expect([one, third]).toEqual([3, 4]);
      expect(other).not.toSatisfy(Number.isFinite);
    }
  });
});
