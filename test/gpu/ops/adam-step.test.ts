import { expect } from "vitest";
import type { AdamStepArguments } from "../../../src/ops/adam-step.js";
import { adamStep } from "../../../src/ops/adam-step.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { expectRounded, f32Matrix, folded, outputsOn, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { SMALLEST_NORMAL, ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<AdamStepArguments, HostMatrix>;

const f = Math.fround;
const NAMES = ["mean", "variance", "weights"] as const;
const outputs = { mean: "updated", variance: "updated", weights: "updated" } as const;

/** The step `step`; variances in [0, 1). */
function stepOf(shape: RowCase, step: number): Arguments {
  const variance = valuesFor(shape, 3);
  return {
    gradient: valuesFor(shape, 1),
    mean: valuesFor(shape, 2),
    variance: { ...variance, data: (variance.data as Float32Array).map((v) => v * v) },
    weights: valuesFor(shape, 4),
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    step,
    l2: 0.1,
    weightDecay: step > 1 ? 0.5 : 0,
    penalisedRows: shape.rows >> 1,
  };
}

function baseline(args: Arguments): Record<(typeof NAMES)[number], Float32Array> {
  const { gradient, beta1, beta2, step, penalisedRows } = args;
  const [mean, variance, weights] = NAMES.map((name) => Float32Array.from(args[name].data)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let e = 0; e < weights.length; e++) {
    const penalised = e < penalisedRows * args.weights.columns;
    const g = f((gradient.data[e] as number) + (penalised ? f(f(args.l2) * (weights[e] as number)) : 0));
    mean[e] = f(f(beta1) * (mean[e] as number)) + f(f(1 - beta1) * g);
    variance[e] = f(f(beta2) * (variance[e] as number)) + f(f(f(1 - beta2) * g) * g);
    const root = f(Math.sqrt(f((variance[e] as number) * f(1 / (1 - beta2 ** step)))));
    const moved = f(f(args.learningRate) * f((mean[e] as number) * f(1 / (1 - beta1 ** step))));
    const kept = penalised
      ? f((weights[e] as number) - f(f(args.learningRate * args.weightDecay) * (weights[e] as number)))
      : (weights[e] as number);
    weights[e] = kept - f(moved / f(root + f(args.epsilon)));
  }
  return { mean, variance, weights };
}

/**
 * g ≤ 1.1 by 3 roundings; m ≤ 1.1 and v ≤ 1.21 by 5 more of ½ ULP each, constants included: 4 ULP of their largest terms.
 * The step s = rate·m̂/(√v̂ + ε): the constants and products 3 ULP, half of v̂'s relative error, √ (an inverse square root and a
 * division: 2 + 2.5 ULP), sum ½, division 2.5; m̂ may be all cancellation, so its error is taken absolutely. Largest |s| from
 * the truth: no weight moves further. Weight decay adds a rounding of a weight, and two of a product of 0.005 of it: 1 ULP.
 */
function floorsOf(args: Arguments, truth: OpResults["truth"]): Record<(typeof NAMES)[number], number> {
  const { learningRate, beta1, beta2, step, epsilon } = args;
  const [absolute, relative] = [4 * 1.21 * ULP, 13 * ULP];
  let weights = 0;
  for (let e = 0; e < args.weights.data.length; e++) {
    const root = Math.sqrt((truth.variance?.[e] as number) / (1 - beta2 ** step));
    const slope = learningRate / (1 - beta1 ** step) / (root + epsilon);
    const moved = Math.abs(slope * (truth.mean?.[e] as number));
    // v is a sum of two terms that are not negative, so that all its errors are relative: 3 for g·g, 2 each for constants.
    weights = Math.max(weights, slope * absolute + moved * relative);
  }
  return { mean: absolute, variance: absolute, weights: weights + 2 * ULP + (args.weightDecay > 0 ? ULP : 0) };
}

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const floors = floorsOf(args, truth);
  const baseline32 = baseline(args);
  for (const name of NAMES) {
    const allowance = { baseline32: baseline32[name], floor: floors[name] + SMALLEST_NORMAL };
    expectClose(webgpu[name], truth[name], { ...allowance, label: `webgpu ${name}, ${label}` });
    expectRounded(cpu[name], truth[name], `cpu ${name}, ${label}`);
  }
}

test.for(VALUE_CASES.map(nameOf))("%s, the first step and the thousandth", async (name, { engines }) => {
  for (const step of [1, 1000]) {
    const args = stepOf(shapeOf(name), step);
    expectParity(await runOp(engines, adamStep, args, outputs), args, `${name}, step ${step}`);
  }
});

test("quads past the first row of a folded grid", async ({ engines }) => {
  const args = stepOf(FOLDED_VALUES, 10);
  expectParity(await runOp(engines, folded(adamStep), args, outputs), args, "folded");
});

test("the first step from rest moves every weight by the learning rate against its gradient", async ({ engines }) => {
  const gradient = f32Matrix(2, 3, Float32Array.of(1, -1, 1e-3, -1e-3, 100, -100));
  const rest = f32Matrix(2, 3);
  const args: Arguments = {
    ...stepOf({ rows: 2, columns: 3 }, 1),
    gradient,
    mean: rest,
    variance: rest,
    weights: rest,
    l2: 0,
  };
  for (const device of ENGINE_DEVICES) {
    const { weights } = await outputsOn(engines[device], adamStep, args, outputs);
    const expected = Array.from(gradient.data, (g) => -0.01 * (g / (Math.abs(g) + 1e-8)));
    // Here m̂ = g and v̂ = g² but for the roundings above: 4 + 13 ULP of the step.
    expectClose(weights as Float32Array, expected, { floor: 0, relativeFloor: 17 * ULP, label: device });
  }
});

test("a weight that has no gradient stays where it is", async ({ engines }) => {
  const rest = f32Matrix(2, 3);
  const weights = f32Matrix(2, 3, Float32Array.of(1, -2, 3, -4, 5, -6));
  const args: Arguments = {
    ...stepOf({ rows: 2, columns: 3 }, 1),
    gradient: rest,
    mean: rest,
    variance: rest,
    weights,
    l2: 0,
  };
  for (const device of ENGINE_DEVICES) {
    const results = await outputsOn(engines[device], adamStep, args, outputs);
    expect(Array.from(results.weights as Float32Array), device).toEqual([1, -2, 3, -4, 5, -6]);
  }
});
