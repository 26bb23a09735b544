import { describe, expect } from "vitest";
import { type Engine, LabelError, ShapeError, SoftmaxRegression } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters } from "./clusters.js";

const { x, y } = clusters(30, 3, 3);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const create = (engines: Readonly<Record<string, Engine>>, options = {}): SoftmaxRegression =>
    new SoftmaxRegression({ engine: engines[device], maxIterations: 5, ...options });

  test("a warm start goes on where the last fit ended", async ({ engines }) => {
    const [whole, halves] = [
      create(engines, { maxIterations: 400 }),
      create(engines, { warmStart: true, maxIterations: 8 }),
    ];
    const end = await whole.fit(x, y);
    const first = await halves.fit(x, y);
    const second = await halves.fit(x, y);
    expect(second.history[0].loss).toBeCloseTo(first.loss, 6);
    expect(second.loss).toBeLessThanOrEqual(first.loss);
    // A start from weights costs one more pass: the logits are not zero.
    expect(second.history[0].passes).toBe(3);
    let last = second;
    for (let i = 0; i < 40 && !last.converged; i++) last = await halves.fit(x, y);
    expect(last.loss).toBeCloseTo(end.loss, 5);
    expect(await halves.fit(x, y)).toMatchObject({ converged: true, iterations: 0 });
  });

  test("a warm start with other classes or features is refused, and a cold one is not", async ({ engines }) => {
    const [warm, cold] = [create(engines, { warmStart: true }), create(engines)];
    for (const model of [warm, cold]) await model.fit(x, y);
    const before = warm.coef.data;
    const other = y.map((c) => c + 1);
    await expectRejection(warm.fit(x, other), LabelError, "BAD_LABEL", "expected 0, 1, 2, got 1, 2, 3");
    await expectRejection(warm.fit([[1], [2], [3]], [0, 1, 2]), ShapeError, "SHAPE_MISMATCH", "expected 3, got 1");
    expectSameBits(warm.coef.data, before);
    await cold.fit(x, other);
    expect(cold.classes).toEqual([1, 2, 3]);
  });
});
