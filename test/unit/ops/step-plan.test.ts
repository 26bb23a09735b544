/** The planner at every boundary, and the accounts it keeps. */
import { describe, expect, test } from "vitest";
import type { StepLayout } from "../../../src/ops/linear-step-layout.js";
import { fitsWorkgroup, stepLayout } from "../../../src/ops/linear-step-layout.js";
import type { AdapterTraits } from "../../../src/ops/op.js";
import type { DeviceTraits, StepQuestion } from "../../../src/ops/step-plan.js";
import { describePlan, planOfStep } from "../../../src/ops/step-plan.js";

const MEBIBYTE = 2 ** 20;
const gpu: DeviceTraits = { device: "webgpu", software: false, bindingBytes: 128 * MEBIBYTE, workPerDispatch: 2e10 };
const software: DeviceTraits = { ...gpu, software: true, workPerDispatch: 1.5e8 };
const cpu: DeviceTraits = { ...gpu, device: "cpu", bindingBytes: Number.POSITIVE_INFINITY };
const mnist: StepQuestion = { rows: 60_000, features: 784, classes: 10, format: "u8", batchSize: 256 };

describe("the choice", () => {
  test.each([
    [{ classes: 32, features: 512 }, gpu, "fused"],
    [{ classes: 33, features: 10 }, gpu, "separate"],
    [{ classes: 63, features: 10 }, gpu, "separate"],
    [{ classes: 64, features: 10 }, gpu, "wide"],
    [{ classes: 1, features: 16_384 }, gpu, "fused"],
    [{ classes: 1, features: 16_385 }, gpu, "separate"],
    [{ classes: 32, features: 513 }, gpu, "separate"],
    [{}, software, "fused"],
    [{}, cpu, "fused"],
    [{ classes: 63, features: 1040 }, cpu, "fused"],
    [{ classes: 16, features: 4096 }, cpu, "fused"],
    [{ classes: 16, features: 4097 }, cpu, "separate"],
    [{ classes: 64 }, cpu, "wide"],
  ] as const)("%j", (change, traits, name) => {
    expect(planOfStep({ ...mnist, ...change }, traits).name).toBe(name);
  });

  test("its reason names the numbers that decided", () => {
    expect(planOfStep(mnist, gpu).reason).toContain("784 × 10 = 7840");
    expect(planOfStep({ ...mnist, classes: 40 }, gpu).reason).toMatch(/40 classes.*32/);
    expect(planOfStep({ ...mnist, features: 2000 }, gpu).reason).toMatch(/20000.*16384/);
    expect(planOfStep(mnist, cpu).reason).toMatch(/784 × 10 = 7840.*CPU/);
    expect(planOfStep({ ...mnist, features: 7000 }, cpu).reason).toMatch(/70000.*65536.*CPU/);
  });
});

describe("the accounts", () => {
  test("MNIST as bytes: X once, 47.04 MB, in two dispatches; 1.88 GFLOP", () => {
    const plan = planOfStep(mnist, gpu);
    expect(plan).toMatchObject({
      name: "fused",
      featureBytes: 47_040_000,
      dispatchesPerStep: 2,
      dispatchesPerEvaluation: 2,
      operations: 1_881_600_000,
      bindings: 1,
    });
    // Partial sums and the rest must not cost more than X does.
    expect(plan.bytesMoved - plan.featureBytes).toBeLessThan(plan.featureBytes);
    expect(planOfStep(mnist, cpu)).toMatchObject({
      featureBytes: 47_040_000,
      dispatchesPerStep: 1,
      dispatchesPerEvaluation: 1,
    });
    expect(planOfStep({ ...mnist, features: 7840 }, cpu).featureBytes).toBe(2 * 470_400_000);
  });

  test.each([
    ["f32", 188_160_000],
    ["f16", 94_080_000],
    ["u8", 47_040_000],
  ] as const)("%s", (format, bytes) => {
    expect(planOfStep({ ...mnist, format }, gpu).featureBytes).toBe(bytes);
  });

  test("rows are padded to whole quads", () => {
    expect(planOfStep({ ...mnist, rows: 10, features: 5 }, gpu).featureBytes).toBe(10 * 8);
  });

  test("one dispatch for each binding of X, blocks of 64 rows", () => {
    const question: StepQuestion = { ...mnist, format: "f32" };
    const rowsInOne = Math.floor((128 * MEBIBYTE) / 3136 / 64) * 64;
    expect(planOfStep({ ...question, rows: rowsInOne }, gpu)).toMatchObject({
      bindings: 1,
      dispatchesPerEvaluation: 2,
    });
    const two = { bindings: 2, dispatchesPerEvaluation: 3, dispatchesPerStep: 3 };
    expect(planOfStep({ ...question, rows: rowsInOne + 64 }, gpu)).toMatchObject(two);
    expect(planOfStep({ ...question, rows: 2 * rowsInOne + 1 }, gpu).bindings).toBe(3);
  });

  test("a wide step leaves X·W in parts; a fused one has none, the CPU takes its product whole", () => {
    const head: StepQuestion = { rows: 60_000, features: 2048, classes: 1000, format: "f32", batchSize: 256 };
    const nvidia: DeviceTraits = { ...gpu, adapter: { vendor: "nvidia", architecture: "hopper" } };
    expect(planOfStep(head, nvidia)).toMatchObject({ name: "wide", forwardParts: 4 });
    expect(planOfStep({ ...head, batchSize: 1024 }, nvidia).forwardParts).toBe(2);
    expect(planOfStep({ ...head, features: 300 }, nvidia).forwardParts).toBe(1);
    // More rows than there are make no batch.
    expect(planOfStep({ ...head, rows: 256, batchSize: 60_000 }, nvidia).forwardParts).toBe(4);
    expect(planOfStep(mnist, nvidia).forwardParts).toBe(1);
    expect(planOfStep(head, cpu).forwardParts).toBe(1);
    expect(describePlan(head, planOfStep(head, nvidia))).toContain("in 4 parts, which cross-entropy adds up");
    expect(describePlan(head, planOfStep(head, cpu))).not.toContain("parts");
  });

  test("a dispatch too long for a software adapter's watchdog is cut; a step of 256 rows is not", () => {
    const plan = planOfStep(mnist, software);
    expect(plan.dispatchesPerStep).toBe(2);
    // 1.5e8 operations hold 4,736 rows.
    expect(plan.dispatchesPerEvaluation).toBe(Math.ceil(60_000 / 4736) + 1);
  });
});

describe("a step whose gradient is cut to a length", () => {
  const head: StepQuestion = { rows: 60_000, features: 2048, classes: 1000, format: "f32", batchSize: 256 };

  test.each([
    // Loss and gradient, their sum, the cut, the update.
    ["fused", { ...mnist, batchSize: 256 }, gpu, 2, 4],
    // Many to a launch without the cut.
    ["fused, small", { ...mnist, batchSize: 4 }, gpu, undefined, 4],
    // 4,097 quads of weights take two launches, 4,096 one.
    ["fused, many weights", { ...mnist, features: 4096, classes: 2 }, gpu, 2, 5],
    ["fused, not as many", { ...mnist, features: 4095, classes: 2 }, gpu, 2, 4],
    ["fused on a CPU", mnist, cpu, 1, 3],
    ["separate", { ...mnist, classes: 40 }, gpu, 7, 9],
    ["separate, few weights", { ...mnist, features: 50, classes: 40 }, gpu, 7, 8],
    ["wide", head, gpu, 7, 9],
    ["wide on a CPU", head, cpu, 7, 8],
  ] as const)("%s", (_, question, traits, without, withCut) => {
    const [plain, clipped] = [false, true].map((cut) => planOfStep({ ...question, clipped: cut }, traits));
    if (without === undefined) expect(plain.dispatchesPerStep).toBeLessThan(1);
    // More bindings of X are more launches of its product.
    else expect(plain.dispatchesPerStep - plain.bindings).toBe(without - 1);
    const { dispatchesPerStep, stepsPerDispatch, stepReason, bindings, ...rest } = clipped;
    expect(dispatchesPerStep - bindings).toBe(withCut - 1);
    expect(stepsPerDispatch).toBeUndefined();
    // An evaluation of all rows is what it was.
    expect(plain).toMatchObject(rest);
    if (plain.name === "fused") expect(stepReason).toContain("whole before any weight moves");
    expect(describePlan({ ...question, clipped: true }, clipped)).toContain("The cut of its gradient");
    expect(describePlan(question, plain)).not.toContain("cut of");
  });
});

describe("the layout", () => {
  const nvidia = { vendor: "nvidia", architecture: "hopper" };
  const subgroups = { min: 32, max: 32 };
  const digits = { rows: 60_000, features: 784, classes: 10, rowBytes: 784, software: false };

  const adapters: [string, boolean, AdapterTraits | undefined][] = [
    ["unknown hardware", false, undefined],
    ["hardware with subgroups", false, { ...nvidia, subgroups: { min: 8, max: 32 } }],
    ["hardware with large subgroups", false, { ...nvidia, subgroups }],
    ["software with subgroups", true, { ...nvidia, subgroups }],
  ];

  test.each(adapters)(
    "%s: fits the workgroup and its memory, covers all rows, at every size",
    (_, isSoftware, adapter) => {
      for (let classes = 1; classes <= 32; classes++) {
        for (const features of [1, 4, 31, 33, 100, 784, Math.floor(16_384 / classes)]) {
          for (const rows of [1, 63, 64, 65, 256, 1000, 60_000, 1_000_000]) {
            const rowBytes = 16 * Math.ceil(features / 4);
            const layout = stepLayout({ rows, features, classes, rowBytes, software: isSoftware, adapter });
            expectSound(layout, { rows, features, classes });
            expect(layout.threads, "threads").toBeLessThanOrEqual(256);
            if (layout.subgroups) expect(layout.lanes, "lanes").toBeLessThanOrEqual(adapter?.subgroups?.min ?? 0);
          }
        }
      }
    },
  );

  function expectSound(layout: StepLayout, sizes: { rows: number; features: number; classes: number }): void {
    const label = JSON.stringify({ ...sizes, layout });
    const { rows, features, classes } = sizes;
    const { threads, lanes, rowsPerBlock, mostRows, workgroups, classGroups, shared, rowGroups } = layout;
    expect(fitsWorkgroup(layout), label).toBe(true);
    expect(64 * shared + 4 * mostRows, label).toBeLessThanOrEqual(16_384);
    expect(workgroups, label).toBeLessThanOrEqual(Math.ceil(rows / rowsPerBlock));
    expect((mostRows / (4 * layout.rowQuads)) * lanes * classGroups, label).toBe(threads);
    expect(rowsPerBlock, label).toBeLessThanOrEqual(mostRows);
    expect(rowsPerBlock % 4, label).toBe(0);
    const held = 4 * (layout.ownQuads - 1) + layout.lastClasses;
    expect(held * classGroups, label).toBeGreaterThanOrEqual(classes);
    expect(4 * (layout.ownQuads * classGroups - 1), label).toBeLessThan(classes + 4 * (classGroups - 1));
    expect(layout.biasSegments * layout.classQuads, label).toBeLessThanOrEqual(threads);
    expect(layout.biasSegments, label).toBeGreaterThan(0);
    // Shares of logits, sums of threads, and those of row groups, each in their turn.
    const units = Math.ceil(features / (4 * layout.featureQuads)) * classGroups;
    expect(shared, label).toBeGreaterThanOrEqual((mostRows / 4) * (lanes / layout.segment) * layout.classQuads);
    expect(shared, label).toBeGreaterThanOrEqual(threads / 4);
    expect(shared, label).toBeGreaterThanOrEqual((rowGroups - 1) * units);
    if (rowGroups > 1) expect(units * rowGroups, label).toBeLessThanOrEqual(threads);
  }

  test.each([
    [784, 228],
    [3136, 64],
    [16_384, 8],
  ])("blocks of rows of %i bytes are %i rows: what fits the caches", (rowBytes, rows) => {
    expect(stepLayout({ ...digits, rowBytes }).rowsPerBlock).toBeGreaterThan(rows / 2);
    expect(stepLayout({ ...digits, rowBytes }).rowsPerBlock).toBeLessThanOrEqual(rows);
  });

  test("MNIST's rows are spread evenly over as many workgroups as a large GPU holds at once", () => {
    expect(stepLayout(digits)).toMatchObject({ threads: 256, workgroups: 264, rowsPerBlock: 228 });
  });

  test("blocks for fewer than half of the workgroups are left whole", () => {
    expect(stepLayout({ ...digits, rows: 131 * 256 })).toMatchObject({ workgroups: 131, rowsPerBlock: 256 });
    expect(stepLayout({ ...digits, rows: 132 * 256 })).toMatchObject({ workgroups: 264, rowsPerBlock: 128 });
  });

  test("lanes add up by shuffles where the smallest subgroup holds all lanes of a row", () => {
    const shuffled = (rows: number, min: number): [number, boolean] => {
      const layout = stepLayout({ ...digits, rows, adapter: { ...nvidia, subgroups: { min, max: 64 } } });
      return [layout.lanes, layout.subgroups];
    };
    expect(shuffled(60_000, 4)).toEqual([4, true]);
    expect(shuffled(60_000, 2)).toEqual([4, false]);
    const [lanes] = shuffled(256, 4);
    expect(shuffled(256, lanes)).toEqual([lanes, true]);
    expect(shuffled(256, lanes / 2)).toEqual([lanes, false]);
    expect(stepLayout({ ...digits, software: true, adapter: { ...nvidia, subgroups } }).subgroups).toBe(false);
  });

  test.each([
    [9, 3, 1],
    [10, 3, 2],
    [12, 3, 4],
    [16, 4, 4],
    [17, 3, 4],
    [32, 4, 4],
  ])("%i classes: %i quads a thread, %i classes in the last", (classes, ownQuads, lastClasses) => {
    expect(stepLayout({ ...digits, classes })).toMatchObject({ ownQuads, lastClasses });
  });

  test("a batch of 256 is spread over 16 workgroups at least", () => {
    const { workgroups } = stepLayout({ rows: 256, features: 784, classes: 10, rowBytes: 784, software: false });
    expect(workgroups).toBeGreaterThanOrEqual(16);
  });
});
