import { expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { SgdStepArguments } from "../../../src/ops/sgd-step.js";
import { sgdStep } from "../../../src/ops/sgd-step.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { expectRounded, f32Matrix, folded, outputsOn, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<SgdStepArguments, HostMatrix>;

const f = Math.fround;
const outputs = { velocity: "updated", weights: "updated" } as const;

const stepOf = (shape: RowCase, momentum: number, nesterov: boolean, weightDecay = 0): Arguments => ({
  gradient: valuesFor(shape, 1),
  velocity: valuesFor(shape, 2),
  weights: valuesFor(shape, 3),
  learningRate: 0.3,
  momentum,
  nesterov,
  l2: 0.1,
  weightDecay,
  penalisedRows: shape.rows >> 1,
});

function baseline({ gradient, velocity, weights, ...args }: Arguments): {
  velocity: Float32Array;
  weights: Float32Array;
} {
  const [rate, momentum, l2] = [f(args.learningRate), f(args.momentum), f(args.l2)];
  const [v, w] = [Float32Array.from(velocity.data), Float32Array.from(weights.data)];
  for (let e = 0; e < v.length; e++) {
    const isPenalised = e < args.penalisedRows * weights.columns;
    const g = f((gradient.data[e] as number) + (isPenalised ? f(l2 * (w[e] as number)) : 0));
    if (isPenalised) w[e] = (w[e] as number) - f(f(args.learningRate * args.weightDecay) * (w[e] as number));
    v[e] = f(momentum * (v[e] as number)) + g;
    const step = args.nesterov ? f(g + f(momentum * (v[e] as number))) : (v[e] as number);
    w[e] = (w[e] as number) - f(rate * step);
  }
  return { velocity: v, weights: w };
}

/**
 * g below 1.1, v and the step below 2.1, θ below 2: at most 5 roundings to v and 9 to θ, constants' included, ½ ULP of at most
 * 4 each; a device may fuse them. Weight decay adds three.
 */
const FLOORS = { velocity: 5 * 2 * ULP, weights: 9 * 2 * ULP } as const;
const DECAY_FLOOR = 3 * 2 * ULP;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const baseline32 = baseline(args);
  for (const name of ["velocity", "weights"] as const) {
    expectClose(webgpu[name], truth[name], {
      baseline32: baseline32[name],
      floor: FLOORS[name] + (args.weightDecay > 0 ? DECAY_FLOOR : 0),
      label: `webgpu ${name}, ${label}`,
    });
    expectRounded(cpu[name], truth[name], `cpu ${name}, ${label}`);
  }
}

test.for(VALUE_CASES.map(nameOf))(
  "%s, plain, with momentum, Nesterov's, with weight decay",
  async (name, { engines }) => {
    for (const [momentum, nesterov, weightDecay] of [
      [0, false, 0],
      [0.9, false, 0.5],
      [0.9, true, 0],
    ] as const) {
      const args = stepOf(shapeOf(name), momentum, nesterov, weightDecay);
      expectParity(await runOp(engines, sgdStep, args, outputs), args, `${name}, momentum ${momentum}, ${nesterov}`);
    }
  },
);

test("quads past the first row of a folded grid", async ({ engines }) => {
  const args = stepOf(FOLDED_VALUES, 0.9, true);
  expectParity(await runOp(engines, folded(sgdStep), args, outputs), args, "folded");
});

test("plain descent on paper, the last row unpenalised", async ({ engines }) => {
  const args: Arguments = {
    gradient: f32Matrix(2, 2, Float32Array.of(1, 2, 3, 4)),
    velocity: f32Matrix(2, 2),
    weights: f32Matrix(2, 2, Float32Array.of(8, 8, 8, 8)),
    learningRate: 0.5,
    momentum: 0,
    nesterov: false,
    l2: 0.25,
    weightDecay: 0,
    penalisedRows: 1,
  };
  for (const device of ENGINE_DEVICES) {
    const { weights } = await outputsOn(engines[device], sgdStep, args, outputs);
    expectSameBits(weights as Float32Array, Float32Array.of(6.5, 6, 6.5, 6), device);
    // A quarter of the penalised weights goes beside.
    const decayed = await outputsOn(engines[device], sgdStep, { ...args, weightDecay: 0.5 }, outputs);
    expectSameBits(decayed.weights as Float32Array, Float32Array.of(4.5, 4, 6.5, 6), device);
  }
});

test("a gradient that is not a number is seen in the weights", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const args = stepOf({ rows: 2, columns: 3 }, 0.9, false);
    const gradient = f32Matrix(2, 3, Float32Array.of(1, Number.NaN, 1, 1, Number.POSITIVE_INFINITY, 1));
    const { weights } = await outputsOn(engines[device], sgdStep, { ...args, gradient }, outputs);
    expect(Array.from(weights as Float32Array, Number.isFinite), device).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ]);
  }
});
