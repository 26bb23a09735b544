/** Loss and gradient in two launches against float64: every format, every way in which rows, features and classes are shared. */
import { describe, expect } from "vitest";
import { linearGradient } from "../../../src/ops/linear-gradient.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { asOnHardware, cutUp, outputsOn } from "../../support/op-cases.js";
import { TARGET_OPTIONS } from "../../support/target-cases.js";
import { expectParity, gradientCase, OUTPUTS } from "./linear-gradient-parity.js";
import type { StepCase } from "./linear-step-cases.js";

describe("shapes", () => {
  test.for<StepCase>([
    { n: 1, d: 1, k: 1 },
    { n: 31, d: 5, k: 2 },
    { n: 32, d: 4, k: 3 },
    { n: 33, d: 3, k: 4 },
    { n: 101, d: 53, k: 10 },
    { n: 129, d: 16, k: 16 },
    { n: 127, d: 7, k: 17 },
    { n: 70, d: 9, k: 32 },
    { n: 65_537, d: 2, k: 3 },
    { n: 300, d: 1030, k: 10 },
  ])("$n × $d × $k", async (size, { engines }) => {
    await expectParity(engines.webgpu, size);
  });

  test.for<StepCase>([
    { n: 1, d: 1, k: 1 },
    { n: 65, d: 37, k: 10 },
    { n: 67, d: 9, k: 32 },
    { n: 130, d: 1030, k: 3, format: "u8" },
  ])("$n × $d × $k in the hardware's layout", async (size, { engines }) => {
    await expectParity(engines.webgpu, size, asOnHardware(linearGradient));
  });
});

describe("formats, orders, targets", () => {
  test.for<StepCase>([
    { n: 67, d: 13, k: 10, format: "u8" },
    { n: 67, d: 13, k: 10, format: "u8 − ½", taken: 41 },
    { n: 67, d: 12, k: 5, format: "f16" },
    { n: 67, d: 7, k: 5, format: "f16", taken: 200 },
    { n: 67, d: 12, k: 7, intercept: false, taken: 1 },
    { n: 300, d: 3, k: 2, taken: 700, targets: { soft: true, rowWeight: true } },
  ])("%j", async (size, { engines }) => {
    for (const device of ENGINE_DEVICES) await expectParity(engines[device], size);
  });

  test.for(TARGET_OPTIONS)("%j", async (targets, { engines }) => {
    await expectParity(engines.webgpu, { n: 45, d: 6, k: 5, targets });
    await expectParity(engines.webgpu, { n: 45, d: 6, k: 5, targets, taken: 33 });
  });
});

describe("X in several bindings", () => {
  const whole = ["theta", "gradient", "labels", "rowWeight", "order", "loss"];

  test.for<StepCase>([
    { n: 200, d: 5, k: 3 },
    { n: 200, d: 5, k: 3, targets: { soft: true } },
    { n: 200, d: 5, k: 3, taken: 150, targets: { rowWeight: true } },
    { n: 200, d: 5, k: 3, taken: 150, format: "u8 − ½", targets: { soft: true } },
  ])("%j", async (size, { engines }) => {
    const before = engines.webgpu.stats();
    await expectParity(
      engines.webgpu,
      size,
      cutUp(linearGradient, 64, Number.POSITIVE_INFINITY, size.taken === undefined ? whole : [...whole, "soft"]),
    );
    // Four bindings, the sum, and what spoils three outputs and copies two.
    expect(engines.webgpu.stats().dispatches - before.dispatches).toBeLessThanOrEqual(5 + 5);
  });

  test("a dispatch that would hold too much work is cut, an order's too", async ({ engines }) => {
    await expectParity(engines.webgpu, { n: 200, d: 5, k: 3 }, cutUp(linearGradient, 1000, 1, whole));
    await expectParity(engines.webgpu, { n: 200, d: 5, k: 3, taken: 150 }, cutUp(linearGradient, 1000, 1, whole));
  });
});

test("the same bits on every run", async ({ engines }) => {
  const args = gradientCase({ n: 1000, d: 37, k: 10, taken: 999, targets: { rowWeight: true } });
  for (const op of [linearGradient, asOnHardware(linearGradient)]) {
    const first = await outputsOn(engines.webgpu, op, args, OUTPUTS);
    const second = await outputsOn(engines.webgpu, op, args, OUTPUTS);
    expectSameBits(second.gradient as Float32Array, first.gradient as Float32Array, "gradient");
    expectSameBits(second.loss as Float32Array, first.loss as Float32Array, "loss");
  }
});
