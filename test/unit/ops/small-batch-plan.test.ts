/** Where steps go many to a dispatch: every boundary, how many, and what the layouts take of a workgroup. */
import { describe, expect, test } from "vitest";
import { explainOn } from "../../../src/engine/explain.js";
import type { SmallBatchShape } from "../../../src/ops/small-batch-layout.js";
import {
  fitsWorkgroup,
  smallBatchBytes,
  smallBatchLayout,
  smallBatchWork,
} from "../../../src/ops/small-batch-layout.js";
import { MOST_SMALL_BATCH_WORK, smallBatchPlan } from "../../../src/ops/small-batch-plan.js";
import type { DeviceTraits } from "../../../src/ops/step-plan.js";

const mnist = { rows: 60_000, features: 784, classes: 10, software: false, bindings: 1 };
const traits: DeviceTraits = { device: "webgpu", software: false, bindingBytes: 2 ** 27, workPerDispatch: 2e10 };

/** The largest batch whose step is not too much work. */
function largest(features: number, classes: number, software: boolean): number {
  const most = MOST_SMALL_BATCH_WORK[software ? "software" : "hardware"];
  let batch = 0;
  while (smallBatchWork(batch + 1, features + 1, classes) <= most) batch++;
  return batch;
}

describe("the choice", () => {
  test.each([
    [784, 10, false, 98],
    [784, 10, true, 17],
    [384, 10, false, 168],
    [384, 10, true, 31],
    [64, 3, false, 455],
    [64, 3, true, 90],
  ] as const)(
    "%i features, %i classes, software %s: batches up to %i by work",
    (features, classes, software, batch) => {
      expect(largest(features, classes, software)).toBe(batch);
      const at = (batchSize: number) => smallBatchPlan({ ...mnist, features, classes, software, batchSize });
      expect(at(batch).stepsPerDispatch).toBeGreaterThan(0);
      expect(at(batch + 1).stepsPerDispatch).toBeUndefined();
    },
  );

  test("logits that do not fit a workgroup's memory, at its boundary", () => {
    const question = { ...mnist, features: 3, classes: 10 };
    let batch = 4;
    const fits = (batchSize: number) =>
      fitsWorkgroup(smallBatchLayout({ batchSize, features: 4, classes: 10, software: false }));
    while (fits(batch + 4)) batch += 4;
    expect(batch).toBeGreaterThanOrEqual(192);
    expect(smallBatchPlan({ ...question, batchSize: batch }).stepsPerDispatch).toBeDefined();
    const beyond = smallBatchPlan({ ...question, batchSize: batch + 1 });
    expect(beyond.stepsPerDispatch).toBeUndefined();
    expect(beyond.stepReason).toMatch(/logits of \d+ rows/);
  });

  test("X in two bindings is for the fused step", () => {
    expect(smallBatchPlan({ ...mnist, batchSize: 8, bindings: 2 }).stepsPerDispatch).toBeUndefined();
  });

  test("no other than the fused step's models, and none on the CPU", () => {
    const sizes = { rows: 1000, features: 10, classes: 32, batchSize: 4 };
    expect(explainOn(traits, sizes).stepsPerDispatch).toBeGreaterThan(0);
    expect(explainOn(traits, { ...sizes, classes: 33 }).stepsPerDispatch).toBeUndefined();
    expect(explainOn({ ...traits, device: "cpu" }, sizes).stepsPerDispatch).toBeUndefined();
  });
});

describe("how many steps", () => {
  test.each([
    // 20 million operations.
    [1, 60_000, 121],
    [32, 60_000, 14],
    [64, 60_000, 7],
    // An epoch is not overrun.
    [32, 95, 3],
    [32, 20, 1],
  ])("batches of %i of %i rows: %i", (batchSize, rows, steps) => {
    expect(smallBatchPlan({ ...mnist, rows, batchSize }).stepsPerDispatch).toBe(steps);
  });

  test("256 at the most", () => {
    expect(smallBatchPlan({ ...mnist, features: 4, classes: 3, batchSize: 1 }).stepsPerDispatch).toBe(256);
  });
});

test("explain says it: a fraction of a dispatch a step, how many in each, and why", () => {
  const explained = explainOn(traits, { rows: 60_000, features: 784, classes: 10, format: "u8", batchSize: 32 });
  expect(explained).toMatchObject({ name: "fused", stepsPerDispatch: 14, dispatchesPerStep: 1 / 14 });
  expect(explained.text).toContain(
    "Steps: 14 in each dispatch, by one workgroup, since a step is 1.39 million operations",
  );
  const large = explainOn(traits, { rows: 60_000, features: 784, classes: 10, format: "u8", batchSize: 128 });
  expect(large).toMatchObject({ stepsPerDispatch: undefined, dispatchesPerStep: 2 });
  expect(large.text).toContain("A step: 2 dispatches, since a step is 5.17 million operations");
});

test("every layout takes all rows and classes, and the memory it says", () => {
  for (const software of [false, true]) {
    for (let classes = 1; classes <= 32; classes++) {
      for (const batchSize of [1, 3, 4, 5, 16, 31, 32, 33, 64, 100]) {
        const shape: SmallBatchShape = { batchSize, features: 100, classes, software };
        const layout = smallBatchLayout(shape);
        const label = JSON.stringify({ ...shape, layout });
        const { threads, lanes, quadsAtOnce, forwardGroups, forwardQuads, gradientQuads, gradientGroups } = layout;
        expect(quadsAtOnce, label).toBeGreaterThan(0);
        expect(quadsAtOnce * lanes * forwardGroups, label).toBeLessThanOrEqual(threads);
        expect(layout.rounds * quadsAtOnce * 4, label).toBeGreaterThanOrEqual(batchSize);
        expect(forwardQuads * forwardGroups * 4, label).toBeGreaterThanOrEqual(classes);
        expect(gradientQuads * gradientGroups * 4, label).toBeGreaterThanOrEqual(classes);
        expect(Math.max(forwardQuads, gradientQuads), label).toBeLessThanOrEqual(4);
        expect(lanes % layout.segment, label).toBe(0);
        expect(smallBatchBytes(layout) <= 16_384, label).toBe(fitsWorkgroup(layout));
        // 64 rows of 32 classes fit in any case.
        if (batchSize <= 64) expect(fitsWorkgroup(layout), label).toBe(true);
      }
    }
  }
});
