import { describe, expect, test } from "vitest";
import { FusedPass } from "../../../../src/engine/cpu/simd/fused-pass.js";
import { KernelMemory } from "../../../../src/engine/cpu/wasm/kernel-memory.js";
import { crossEntropy } from "../../../../src/ops/cross-entropy.js";
import { at, hostMatrix } from "../../../../src/ops/host-matrix.js";
import { matmul } from "../../../../src/ops/matmul.js";
import type { HostMatrix } from "../../../../src/ops/op.js";
import { expectSameBits } from "../../../support/compare.js";
import { randomBytes, randomValues } from "../../../support/random-matrix.js";
import { type TargetOptions, targetsFor } from "../../../support/target-cases.js";
import { BUILDS } from "./simd-fixture.js";

interface Shape {
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
}

interface Result {
  readonly loss: Float32Array;
  readonly gradient: Float32Array;
}

/** Bytes as features, so that they are decoded; soft targets lie in the kernels' memory. */
function fixtureOf({ rows, features, classes }: Shape, options: TargetOptions) {
  const x = hostMatrix(randomBytes(rows * features, 1), rows, features, Math.fround(1 / 255), -0.5);
  const weights = hostMatrix(randomValues(features * classes, 2, -0.3, 0.3), features, classes);
  const bias = hostMatrix(randomValues(classes, 3), 1, classes);
  const targets = targetsFor({ rows, columns: classes }, options);
  return { x, weights, bias, targets, scale: 1 / rows, denominator: undefined };
}

function fused(shape: Shape, options: TargetOptions, build: (typeof BUILDS)[number], slice: number): Result {
  const { x, targets, ...rest } = fixtureOf(shape, options);
  const memory = new KernelMemory(build);
  const place = (m: HostMatrix | undefined): (() => HostMatrix | undefined) => {
    if (!m) return () => undefined;
    const { address } = memory.allocate(m.data.byteLength) as { address: number };
    const Type = m.data.constructor as new (buffer: ArrayBuffer, address: number, length: number) => Float32Array;
    new Type(memory.buffer, address, m.data.length).set(m.data);
    return () => ({ ...m, data: new Type(memory.buffer, address, m.data.length) });
  };
  const [features, soft] = [place(x), place(targets.soft)];
  const loss = new Float32Array(shape.rows);
  const pass = FusedPass.create(
    memory,
    () => ({
      ...rest,
      ...targets,
      x: features() as HostMatrix,
      soft: soft(),
      loss: hostMatrix(loss, 1, shape.rows),
    }),
    true,
  ) as FusedPass;
  const step = Math.ceil(slice / pass.grain) * pass.grain;
  for (let first = 0; first < shape.rows; first += step) {
    pass.run(first, Math.min(step, shape.rows - first));
    if (first === 0) memory.allocate(memory.capacity);
  }
  const gradient = new Float32Array((shape.features + 1) * shape.classes);
  pass.finish(hostMatrix(gradient, shape.features + 1, shape.classes));
  return { loss, gradient };
}

/** Op after op in float64, and how far float32 may take it from there. */
function expected(shape: Shape, options: TargetOptions) {
  const { rows, features, classes } = shape;
  const { x, weights, bias, targets, scale, denominator } = fixtureOf(shape, options);
  const exact = (n: number, k: number): HostMatrix => hostMatrix(new Float64Array(n * k), n, k);
  const [logits, loss, g, gradient] = [
    exact(rows, classes),
    exact(1, rows),
    exact(rows, classes),
    exact(features + 1, classes),
  ];
  const plain = { transposeB: false, alpha: 1 };
  matmul.reference({ ...plain, a: x, b: weights, bias, out: logits, transposeA: false, ones: false });
  crossEntropy.reference({ ...targets, logits, loss, gradient: g, scale, denominator });
  matmul.reference({ ...plain, a: x, b: g, bias: undefined, out: gradient, transposeA: true, ones: true });
  // A logit is off by its sum's roundings; the loss follows it, and p by as large a share of itself.
  let largestSum = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < classes; j++) {
      let sum = Math.abs(at(bias, 0, j));
      for (let l = 0; l < features; l++) sum += Math.abs(at(x, i, l) * at(weights, l, j));
      largestSum = Math.max(largestSum, sum);
    }
  }
  const logitError = (features + 8) * 2 ** -24 * largestSum;
  const weightOf = (i: number): number => (targets.rowWeight ? at(targets.rowWeight, 0, i) : 1);
  const heaviest = Math.max(...Array.from({ length: rows }, (_, i) => weightOf(i)));
  const largestOfClass = targets.classWeight ? Math.max(...targets.classWeight.data) : 1;
  return {
    loss: loss.data,
    gradient: gradient.data,
    // Softmax's own roundings: a few units for exp, its sum and the logarithm.
    lossError: heaviest * largestOfClass * (2 * logitError + 64 * 2 ** -24 * (1 + Math.max(...loss.data))),
    gradientError: heaviest * largestOfClass * (2 * logitError + (classes + 64) * 2 ** -24 + 64 * 2 ** -24),
  };
}

const SHAPES: Shape[] = [
  { rows: 1, features: 1, classes: 1 },
  { rows: 37, features: 5, classes: 3 },
  { rows: 1300, features: 33, classes: 10 },
  { rows: 19, features: 4100, classes: 2 },
];

describe.each(BUILDS)("%s fused pass", (build) => {
  test.each(SHAPES)("%o", (shape) => {
    for (const options of [
      {},
      { soft: true },
      { classWeight: true, rowWeight: true, labelSmoothing: 0.1, ignoring: true },
    ]) {
      const truth = expected(shape, options);
      const whole = fused(shape, options, build, shape.rows);
      for (const [name, error] of [
        ["loss", truth.lossError],
        ["gradient", truth.gradientError],
      ] as const) {
        const misses = Array.from(whole[name]).filter((value, e) => !(Math.abs(value - truth[name][e]) <= error));
        expect(misses, `${name}, ${JSON.stringify(options)}`).toEqual([]);
      }
      const sliced = fused(shape, options, build, 1);
      expectSameBits(sliced.loss, whole.loss);
      expectSameBits(sliced.gradient, whole.gradient);
    }
  });
});
