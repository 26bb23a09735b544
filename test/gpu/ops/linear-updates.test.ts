/** The fused steps of SGD and Adam against float64, what they cost in launches and bytes, and how faults show. */
import { describe, expect } from "vitest";
import { linearAdamStep } from "../../../src/ops/linear-adam-step.js";
import { linearGradient } from "../../../src/ops/linear-gradient.js";
import { linearSgdStep } from "../../../src/ops/linear-sgd-step.js";
import { planOfStep } from "../../../src/ops/step-plan.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { f32Matrix, f32Vector, i32Vector, outputsOn, referenceOf } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { stepArguments, stepFloors } from "./linear-step-cases.js";

const size = { n: 90, d: 11, k: 10, taken: 64, targets: { rowWeight: true } };
const rates = { learningRate: 0.5, l2: 0.125, weightDecay: 0.25, penalisedRows: 11 };
const state = (seed: number, low: number, high: number) => f32Matrix(12, 10, randomValues(120, seed, low, high));
const summary = () => f32Vector([0, 0, 0, 0]);

describe("updates", () => {
  test.for([
    { momentum: 0, nesterov: false },
    { momentum: 0.75, nesterov: false },
    { momentum: 0.75, nesterov: true },
  ])("SGD, %j", async (rule, { engines }) => {
    const args = { ...stepArguments(size), ...rates, ...rule, velocity: state(1, -1, 1), loss: summary() };
    const outputs = { theta: "updated", velocity: "updated", loss: "written" } as const;
    const truth = referenceOf(linearSgdStep, args, outputs);
    const { gradient } = stepFloors(args);
    const [, weight] = truth.loss as Float64Array;
    // Six roundings of values up to 2, and three up to 1 of weight decay, beside the gradient's error, which the rate and Nesterov's
    // second share scale.
    const floor = gradient / (weight as number) + 14 * 2 ** -23;
    for (const device of ENGINE_DEVICES) {
      const got = await outputsOn(engines[device], linearSgdStep, args, outputs);
      expectClose(got.velocity as Float32Array, truth.velocity as Float64Array, {
        floor,
        label: `velocity, ${device}`,
      });
      expectClose(got.theta as Float32Array, truth.theta as Float64Array, { floor, label: `θ, ${device}` });
    }
  });

  test("Adam", async ({ engines }) => {
    const constants = { beta1: 0.9, beta2: 0.75, epsilon: 0.125, step: 3 };
    const moments = { mean: state(1, -1, 1), variance: state(2, 0.25, 1) };
    const args = { ...stepArguments(size), ...rates, ...constants, ...moments, loss: summary() };
    const outputs = { theta: "updated", mean: "updated", variance: "updated", loss: "written" } as const;
    const truth = referenceOf(linearAdamStep, args, outputs);
    const { gradient } = stepFloors(args);
    const [, weight] = truth.loss as Float64Array;
    // v ≥ 0.18 after the step, so a root of 0.6 over corrections up to 4: m̂ / (√v̂ + ε) grows an error of g at most 8-fold.
    const floor = (8 * gradient) / (weight as number) + 24 * 2 ** -23;
    for (const device of ENGINE_DEVICES) {
      const got = await outputsOn(engines[device], linearAdamStep, args, outputs);
      for (const name of ["mean", "variance", "theta"] as const) {
        expectClose(got[name] as Float32Array, truth[name] as Float64Array, { floor, label: `${name}, ${device}` });
      }
    }
  });
});

describe("faults", () => {
  const outputs = { gradient: "written", loss: "written" } as const;
  const evaluation = (change: object, one = true) => {
    const args = stepArguments({ n: 40, d: 5, k: 3, targets: { rowWeight: true } });
    const rest = { mean: true, l2: 0, penalisedRows: 0, dBias: undefined, gradient: f32Matrix(6, 3) };
    return { ...args, ...rest, loss: one ? f32Vector([0]) : summary(), ...change };
  };
  const spoiled = (value: number, at: number, length = 200): Float32Array => {
    const values = length === 200 ? randomValues(200, 45) : new Float32Array(length).fill(1);
    values[at] = value;
    return values;
  };
  const labels = (value: number) => i32Vector(Array.from({ length: 40 }, (_, i) => (i === 7 ? value : i % 3)));
  const heavy = f32Vector(new Float32Array(40).fill(1));

  describe.each(ENGINE_DEVICES)("on %s", (device) => {
    test.for([
      ["NaN in X", { x: f32Matrix(40, 5, spoiled(Number.NaN, 35)), rowWeight: heavy }],
      [
        "an infinite weight of W",
        { theta: f32Matrix(6, 3, spoiled(Number.POSITIVE_INFINITY, 4, 18)), rowWeight: heavy },
      ],
      ["a row weight of NaN", { rowWeight: f32Vector(spoiled(Number.NaN, 7, 40)) }],
      ["a label that is no class", { labels: labels(3), rowWeight: heavy }],
      ["a negative label", { labels: labels(-2), rowWeight: heavy }],
    ] as const)("%s makes loss and gradient NaN", async ([, change], { engines }) => {
      const got = await outputsOn(engines[device], linearGradient, evaluation(change), outputs);
      expect(got.loss[0]).toBeNaN();
      expect([...got.gradient].every(Number.isNaN)).toBe(true);
      const counted = await outputsOn(engines[device], linearGradient, evaluation(change, false), outputs);
      expect(counted.loss[3]).toBeGreaterThan(0);
      // What the other rows add up to is still seen.
      expect(counted.loss[0]).toSatisfy(Number.isFinite);
    });

    test("a row of weight 0 is absent, whatever it holds", async ({ engines }) => {
      const rowWeight = f32Vector(spoiled(0, 7, 40));
      const plain = await outputsOn(engines[device], linearGradient, evaluation({ rowWeight }), outputs);
      const x = f32Matrix(40, 5, spoiled(Number.NaN, 36));
      const worst = evaluation({ rowWeight, x, labels: labels(99) });
      const sane = { ...evaluation({ rowWeight, labels: labels(1) }), x: f32Matrix(40, 5, spoiled(0, 36)) };
      const got = await outputsOn(engines[device], linearGradient, worst, outputs);
      const expected = await outputsOn(engines[device], linearGradient, sane, outputs);
      expect(got).toEqual(expected);
      expect([...plain.gradient].every(Number.isFinite)).toBe(true);
    });

    test("no row counts: loss and gradient are 0", async ({ engines }) => {
      const rowWeight = f32Vector(new Float32Array(40));
      const got = await outputsOn(engines[device], linearGradient, evaluation({ rowWeight }), outputs);
      expect([...got.loss, ...got.gradient].every((v) => v === 0)).toBe(true);
    });

    test("logits of ±3e38: the loss stops at the highest float, the gradient is right", async ({ engines }) => {
      const x = f32Matrix(1, 1, Float32Array.of(1));
      const theta = f32Matrix(1, 3, Float32Array.of(3e38, -3e38, 0));
      const one = { x, theta, labels: i32Vector([1]), rows: 1, rowWeight: undefined, gradient: f32Matrix(1, 3) };
      const got = await outputsOn(engines[device], linearGradient, evaluation(one), outputs);
      expect(got.loss[0]).toBeGreaterThan(3.4e38);
      expect(got.loss[0]).toBeLessThanOrEqual(3.4028234663852886e38);
      expect([...got.gradient]).toEqual([1, -1, 0]);
    });
  });
});

test("two dispatches an evaluation, X read once, as the planner counts it", async ({ engines }) => {
  const engine = engines.webgpu;
  const [rows, features, classes] = [500, 33, 10];
  using x = engine.tensor({ data: new Uint8Array(rows * features).fill(9), shape: [rows, features], scale: 1 / 255 });
  using w = engine.tensor({ data: randomValues(features * classes, 3), shape: [features, classes] });
  using b = engine.zeros([classes]);
  using labels = engine.tensor(Int32Array.from({ length: rows }, (_, i) => i % classes));
  const explained = engine.explain({ rows, features, classes, format: "u8", batchSize: 64 });
  expect(explained).toMatchObject({ name: "fused", dispatchesPerEvaluation: 2 });
  expect(explained.featureBytes).toBe(rows * 36);
  for (let run = 0; run < 3; run++) {
    const before = engine.stats();
    const { loss, dWeights, dBias } = engine.linearCrossEntropy(x, w, b, labels);
    const after = engine.stats();
    expect(after.dispatches - before.dispatches).toBe(explained.dispatchesPerEvaluation);
    expect(after.featureBytes - before.featureBytes).toBe(explained.featureBytes);
    expect(after.readbacks).toBe(before.readbacks);
    for (const t of [loss, dWeights, dBias]) t?.dispose();
    if (run > 0) expect(after.pipelines).toBe(before.pipelines);
  }
  const mnist = { rows: 60_000, features: 784, classes: 10, format: "u8", batchSize: 256 } as const;
  expect(planOfStep(mnist, engine.traits).featureBytes).toBe(47_040_000);
});
