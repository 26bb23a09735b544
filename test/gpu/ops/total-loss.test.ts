import { expect } from "vitest";
import { totalLoss } from "../../../src/ops/total-loss.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRounded, f32Vector, outputsOn, runOp } from "../../support/op-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;

/** `sum` and `faults` as `summarize` gives them, with values between that must not be taken for them. */
const totalOf = (sum: number, faults: number, divisor?: readonly number[]) => ({
  summary: f32Vector([sum, 1e20, 1e20, faults]),
  denominator: divisor && f32Vector(divisor),
  out: f32Vector([0]),
});

const SUMS = [0, 1, -2.5, 123.456, 1e-30, 3e38];

test("the sum itself, without a denominator", async ({ engines }) => {
  for (const sum of SUMS) {
    const { truth, webgpu, cpu } = await runOp(engines, totalLoss, totalOf(sum, 0), outputs);
    expectClose(webgpu.out, truth.out, { floor: 0, label: `webgpu ${sum}` });
    expectRounded(cpu.out, truth.out, `cpu ${sum}`);
  }
});

test("the sum divided by the denominator's first value", async ({ engines }) => {
  for (const sum of SUMS) {
    for (const divisor of [[3], [0.7, 0, 0, 0], [60_000, 5]]) {
      if (sum / (divisor[0] as number) > 3.4e38) continue;
      const { truth, webgpu, cpu } = await runOp(engines, totalLoss, totalOf(sum, 0, divisor), outputs);
      // Division: 2.5 ULP.
      expectClose(webgpu.out, truth.out, { floor: 0, relativeFloor: 2.5 * ULP, label: `webgpu ${sum} / ${divisor}` });
      expectRounded(cpu.out, truth.out, `cpu ${sum} / ${divisor}`);
    }
  }
});

test("0 when the denominator is 0, NaN when a loss was not finite, whatever the rest", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const lossOf = async (args: ReturnType<typeof totalOf>) =>
      (await outputsOn(engines[device], totalLoss, args, outputs)).out?.[0];
    expect(await lossOf(totalOf(0, 0, [0])), device).toBe(0);
    expect(await lossOf(totalOf(5, 0, [0])), device).toBe(0);
    for (const faults of [1, 65_537]) {
      expect(await lossOf(totalOf(5, faults)), device).toBeNaN();
      expect(await lossOf(totalOf(5, faults, [2])), device).toBeNaN();
      expect(await lossOf(totalOf(0, faults, [0])), device).toBeNaN();
    }
  }
});
