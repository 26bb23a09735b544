import { describe, expect } from "vitest";
import { totalLoss } from "../../../src/ops/total-loss.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRounded, f32Matrix, f32Vector, outputsOn, runOp } from "../../support/op-cases.js";
import { randomWeights } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;

/** Denominators in rows, with values beside them that must not be taken for them. */
const totalOf = (losses: ArrayLike<number>, divisors?: readonly number[], scale = 1) => ({
  losses: f32Vector(losses),
  scale,
  denominator:
    divisors && f32Matrix(divisors.length, 4, Float32Array.from(divisors.flatMap((d) => [d, 1e20, -1e20, 7]))),
  out: f32Vector([0]),
});

const SUMS = [0, 1, -2.5, 123.456, 1e-30, 3e38];

test("one loss, scaled, and divided by the sum of the denominators", async ({ engines }) => {
  for (const sum of SUMS) {
    for (const [divisors, scale] of [
      [undefined, 1],
      [undefined, 0.125],
      [[3], 1],
      [[0.5, 0.25, 2], 0.5],
      [[60_000], 1],
    ] as const) {
      if (sum / (divisors?.[0] ?? 1) > 3.4e38) continue;
      const { truth, webgpu, cpu } = await runOp(engines, totalLoss, totalOf([sum], divisors, scale), outputs);
      const label = `${scale} · ${sum} / ${divisors}`;
      // Division: 2.5 ULP.
      const relativeFloor = divisors ? 2.5 * ULP : 0;
      expectClose(webgpu.out, truth.out, { floor: 0, relativeFloor, label: `webgpu ${label}` });
      expectRounded(cpu.out, truth.out, `cpu ${label}`);
    }
  }
});

// One workgroup adds up to 8,192 losses by itself; more are added in parts first.
test.for([2, 3, 4, 5, 255, 1023, 1024, 1025, 4099, 8192, 8193, 65_537, 100_003, 600_011])(
  "%d losses",
  async (count, { engines }) => {
    const args = totalOf(randomWeights(count, count), [count - 1, 1]);
    const { truth, webgpu, cpu } = await runOp(engines, totalLoss, args, outputs);
    // Terms are positive: each addition on a thread's way, and in the tree, is off by half an ULP of the total at most.
    const additions = Math.ceil(count / 1024) + 4 + 8 + 8;
    expectClose(webgpu.out, truth.out, { floor: 0, relativeFloor: (additions / 2 + 2.5) * ULP, label: "webgpu" });
    expectRounded(cpu.out, truth.out, "cpu");
  },
);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("0 when the denominators add up to 0", async ({ engines }) => {
    for (const divisors of [[0], [0, 0, 0], [2, -2]]) {
      const { out } = await outputsOn(engines[device], totalLoss, totalOf([5], divisors), outputs);
      expect(Array.from(out as Float32Array), `${divisors}`).toEqual([0]);
    }
  });

  test("NaN when a loss is not finite, wherever it stands and whatever divides", async ({ engines }) => {
    for (const count of [1, 7, 1500, 70_000]) {
      for (const at of [0, count >> 1, count - 1]) {
        for (const fault of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const losses = new Float32Array(count).fill(1);
          losses[at] = fault;
          for (const divisors of [undefined, [2], [0]]) {
            const { out } = await outputsOn(engines[device], totalLoss, totalOf(losses, divisors), outputs);
            expect(out?.[0], `${fault} at ${at} of ${count}, over ${divisors}`).toBeNaN();
          }
        }
      }
    }
  });
});
