/** What `engine.explain` tells: the plan, what it costs, and what a fit is begun with. */
import { describe, expect, test } from "vitest";
import { explainOn } from "../../../src/engine/explain.js";
import { OptionError } from "../../../src/errors.js";
import type { DeviceTraits, StepQuestion } from "../../../src/ops/step-plan.js";
import { describePlan, planOfStep } from "../../../src/ops/step-plan.js";

const gpu: DeviceTraits = { device: "webgpu", software: false, bindingBytes: 2 ** 27, workPerDispatch: 2e10 };
const software: DeviceTraits = { ...gpu, software: true, workPerDispatch: 1.5e8 };
const cpu: DeviceTraits = { ...gpu, device: "cpu", bindingBytes: Number.POSITIVE_INFINITY };
const mnist: StepQuestion = { rows: 60_000, features: 784, classes: 10, format: "u8", batchSize: 256 };

describe("explain", () => {
  test("of sparse rows says that products go by what is stored", () => {
    const sizes = { rows: 10_000, features: 100_000, classes: 20, nonzeros: 1_000_000, batchSize: 256 };
    const explained = explainOn(gpu, sizes);
    expect(explained).toMatchObject({ name: "sparse", bindings: 1, operations: 80_000_000, dispatchesPerStep: 7 });
    expect(explained.text).toContain(
      "10000 rows × 100000 features (f32), 20 classes, batches of 256: sparse, since X is sparse",
    );
    expect(explained.text).toContain("1000000 values that it stores");
    expect(explainOn(gpu, { ...sizes, rows: 10_000_000, nonzeros: 1e9 }).bindings).toBeGreaterThan(1);
    for (const change of [{ nonzeros: -1 }, { nonzeros: 1e10 }, { nonzeros: 0.5 }, { format: "u8" }]) {
      expect(() => explainOn(gpu, { ...sizes, ...change } as typeof sizes)).toThrow("nonzeros cannot be used");
    }
  });

  const sizes = { rows: 60_000, features: 784, classes: 10 };

  test("gives the plan and says it in words", () => {
    const explained = explainOn(gpu, { ...sizes, format: "u8", batchSize: 256 });
    expect(explained).toMatchObject({ ...planOfStep(mnist, gpu), device: "webgpu" });
    expect(explained.text).toBe(describePlan(mnist, planOfStep(mnist, gpu)));
    expect(explained.text).toContain("60000 rows × 784 features (u8), 10 classes, batches of 256: fused");
    expect(explained.text).toContain("47.04 MB of X");
    expect(explained.text).toContain("A step: 2 dispatches, since");
    expect(explained.text).toContain("264 workgroups of 256 threads walk blocks of 228 rows; lanes add up in turns.");
    const subgroups = { min: 32, max: 32 };
    const lanesOf = (vendor: string) =>
      explainOn({ ...gpu, adapter: { vendor, architecture: "", subgroups } }, { ...sizes, format: "u8" }).lanes;
    expect(lanesOf("nvidia")).toBe("by subgroups");
    // Nobody has seen how its threads lie in a subgroup.
    expect(lanesOf("")).toBe("in turns");
    expect(explainOn(software, sizes)).toMatchObject({ lanes: "alone", threads: 16 });
    expect(explainOn(gpu, sizes).text).toContain("2 storage bindings");
    expect(explainOn(cpu, sizes)).toMatchObject({ device: "cpu", name: "fused", workgroups: undefined });
  });

  test.each([
    { rows: 0 },
    { features: 1.5 },
    { classes: Number.NaN },
    { batchSize: -1 },
    { format: "i32" },
    { batchsize: 3 },
  ])("%j is refused", (change) => {
    expect(() => explainOn(gpu, { ...sizes, ...change } as typeof sizes)).toThrow(OptionError);
  });

  test("takes the model's clipNorm, of dense rows and sparse ones", () => {
    const question = { rows: 1000, features: 500, classes: 30, batchSize: 100 };
    for (const given of [question, { ...question, nonzeros: 4000 }]) {
      const [plain, clipped] = [{}, { clipNorm: 0.5 }].map((more) => explainOn(gpu, { ...given, ...more }));
      expect(clipped.dispatchesPerStep - plain.dispatchesPerStep).toBe("nonzeros" in given ? 1 : 2);
      expect(clipped.text).toContain("a launch of its own");
    }
    for (const clipNorm of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1" as never])
      expect(() => explainOn(gpu, { ...question, clipNorm })).toThrow(OptionError);
  });
});

const GRAM = "Gram matrix of some rows";

test("what L-BFGS begins its directions with is told, in a word and in a sentence", () => {
  expect(explainOn(cpu, mnist)).toMatchObject({ preconditioner: "gram", text: expect.stringContaining(GRAM) });
  expect(explainOn(gpu, mnist)).toMatchObject({ preconditioner: "means", text: expect.not.stringContaining(GRAM) });
  const sparse = explainOn(cpu, { ...mnist, format: "f32", nonzeros: 1_000_000 });
  expect(sparse).toMatchObject({ preconditioner: "means", text: expect.not.stringContaining(GRAM) });
});
