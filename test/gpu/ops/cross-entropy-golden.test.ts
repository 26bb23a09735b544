import { describe, expect } from "vitest";
import goldenText from "../../golden/cross-entropy.json?raw";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { f32Matrix, f32Vector, i32Vector } from "../../support/op-cases.js";
import { crossEntropyCase } from "../../support/target-cases.js";
import { crossEntropyFloors, ULP } from "../../support/wgsl-accuracy.js";

interface GoldenProblem {
  readonly name: string;
  readonly logits: readonly number[][];
  readonly labels: readonly number[];
  readonly softTargets: readonly number[][];
  readonly classWeight: readonly number[];
}

interface GoldenCase {
  readonly problem: string;
  readonly targets: "integer" | "soft";
  readonly ignoredRow: number | null;
  readonly classWeight: boolean;
  readonly labelSmoothing: number;
  readonly reduction: "none" | "mean" | "sum";
  readonly loss: number | readonly number[];
  readonly gradient: readonly number[][];
}

interface Golden {
  readonly ignoreIndex: number;
  readonly problems: readonly GoldenProblem[];
  readonly cases: readonly GoldenCase[];
}

const golden = JSON.parse(goldenText) as Golden;

/** What a float32 device may miss PyTorch's float64 by: one row's floor for each row, and the division. */
function expectGolden(loss: ArrayLike<number>, gradient: ArrayLike<number>, each: GoldenCase, label: string): void {
  const { logits, softTargets, classWeight, labels } = golden.problems.find(
    (p) => p.name === each.problem,
  ) as GoldenProblem;
  const [rows, columns] = [logits.length, classWeight.length];
  const counting = labels.filter((_, i) => i !== each.ignoredRow);
  const weights = counting.map((y) => (each.classWeight ? (classWeight[y] as number) : 1));
  const total = each.targets === "soft" ? rows : weights.reduce((sum, w) => sum + w, 0);
  const divisor = each.reduction === "mean" ? total : 1;
  const expected = Float64Array.from(each.gradient.flat());
  const floors = crossEntropyFloors(
    {
      ...crossEntropyCase(f32Matrix(rows, columns, Float32Array.from(logits.flat()))),
      labels: each.targets === "soft" ? undefined : i32Vector(labels),
      soft: each.targets === "soft" ? f32Matrix(rows, columns, Float32Array.from(softTargets.flat())) : undefined,
      classWeight: each.classWeight ? f32Vector(classWeight) : undefined,
      labelSmoothing: each.labelSmoothing,
      denominator: f32Vector([divisor]),
    },
    expected,
  );
  const losses = typeof each.loss === "number" ? [each.loss] : each.loss;
  const summed = each.reduction === "none" ? 1 : rows;
  expectClose(loss, losses, {
    floor: (summed * floors.loss.floor) / divisor,
    relativeFloor: floors.loss.relativeFloor + (summed + 3) * ULP,
    label: `${label}, loss`,
  });
  expectClose(gradient, expected, { ...floors.gradient, label: `${label}, gradient` });
}

describe.each(ENGINE_DEVICES)("PyTorch's option matrix on %s", (device) => {
  test.for(golden.problems.map((p) => p.name))("%s", async (name, { engines }) => {
    const engine = engines[device];
    const problem = golden.problems.find((p) => p.name === name) as GoldenProblem;
    const cases = golden.cases.filter((each) => each.problem === name);
    expect(cases.length).toBeGreaterThanOrEqual(24);
    const logits = engine.tensor(problem.logits);
    const results = cases.map((each) => {
      const labels = problem.labels.map((y, i) => (i === each.ignoredRow ? golden.ignoreIndex : y));
      return engine.crossEntropy(logits, each.targets === "soft" ? problem.softTargets : labels, {
        ...(each.classWeight ? { classWeight: problem.classWeight } : {}),
        labelSmoothing: each.labelSmoothing,
        reduction: each.reduction,
      });
    });
    const read = await engine.read(...results.flatMap(({ loss, gradient }) => [loss, gradient]));
    cases.forEach((each, c) => {
      const { gradient: _, ...options } = each;
      expectGolden(read[2 * c] as Float32Array, read[2 * c + 1] as Float32Array, each, JSON.stringify(options));
    });
  });

  test("one confidently wrong row: loss 40, gradient [1, −1, 0]", async ({ engines }) => {
    const engine = engines[device];
    const { loss, gradient } = engine.crossEntropy(engine.tensor([[40, 0, 0]]), [1]);
    const [total, d] = await engine.read(loss, gradient);
    expect(Array.from(total as Float32Array)).toEqual([40]);
    // exp(−40) is 4e-18: beside 1 it vanishes in float32, alone it does not.
    expect(Array.from((d as Float32Array).subarray(0, 2))).toEqual([1, -1]);
    expectClose((d as Float32Array).subarray(2), [Math.exp(-40)], { floor: 0, relativeFloor: 100 * ULP });
  });
});
