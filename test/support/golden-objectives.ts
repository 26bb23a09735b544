/**
 * Our fits against optima from elsewhere (test/golden/objectives.json). J is strongly convex in W with modulus l2, so
 * ‖W − W*‖ ≤ ‖dJ(θ)‖₂ / l2 whatever the solver did; dJ(θ) is computed in float64 from the weights that came out.
 */
import { expect } from "vitest";
import { type Engine, SoftmaxRegression } from "../../src/index.js";
import golden from "../golden/objectives.json" with { type: "json" };
import type { Dataset } from "../gpu/model/clusters.js";
import { judge } from "../gpu/model/exact-objective.js";
import { expectClose } from "./compare.js";

export type GoldenCase = (typeof golden.penguins.cases)[number] | (typeof golden.digits.cases)[number];

/** What the solver is asked for, and what float32's sums over n rows can hide of a gradient. */
const TOLERANCE = 1e-6;
/** The golden numbers have 12 digits. */
const DIGITS = 1e-11;

export const penguinCases: readonly GoldenCase[] = golden.penguins.cases;
export const digitCases: readonly GoldenCase[] = golden.digits.cases;

export function penguins(): Dataset {
  const { features, labels, classes } = golden.penguins;
  const x = { data: Float32Array.from(features), shape: [labels.length, 4] as const };
  return { x, y: labels, classes: classes.length };
}

/** MNIST's first digits, 28×28 bytes in a frame of 32×32, each of 8×8 pixels the sum of 16 bytes over 4096. */
export function pooledDigits(images: Uint8Array, labels: Uint8Array): Dataset {
  const { rows } = golden.digits;
  const data = new Float32Array(rows * 64);
  for (let i = 0; i < rows * 784; i++) {
    const [row, pixel] = [Math.floor(i / 784), i % 784];
    const [down, across] = [Math.floor(pixel / 28) + 2, (pixel % 28) + 2];
    data[row * 64 + Math.floor(down / 4) * 8 + Math.floor(across / 4)] += images[i] / 4096;
  }
  return { x: { data, shape: [rows, 64] }, y: Array.from(labels.subarray(0, rows)), classes: 10 };
}

/** Quarters, with a 0 that takes its row out. */
const sampleWeights = (kind: string, rows: number): number[] =>
  Array.from({ length: rows }, (_, row) => (kind.includes("sample") ? ((7 * row) % 9) / 4 : 1));

/** Three quarters of a soft target on the row's own class, the rest on another. */
const softTargets = (y: readonly number[], k: number): number[] =>
  y.flatMap((label, row) => {
    const second = (label + 1 + (row % (k - 1))) % k;
    return Array.from({ length: k }, (_, j) => (j === label ? 0.75 : j === second ? 0.25 : 0));
  });

export async function expectGoldenFit(engine: Engine, data: Dataset, case_: GoldenCase): Promise<void> {
  const { x, y, classes: k } = data;
  const [n, d] = x.shape;
  const { l2, kind } = case_;
  const sampleWeight = sampleWeights(kind, n);
  const { classWeight } = case_;
  const labelSmoothing = kind === "smoothed" ? golden.smoothing : 0;
  const soft = kind === "soft" ? softTargets(y, k) : undefined;
  const control = { engine, l2, labelSmoothing, tolerance: TOLERANCE, maxIterations: 1000 };
  const model = new SoftmaxRegression(
    classWeight ? { ...control, classWeight: new Map(classWeight.entries()) } : control,
  );
  const report = await model.fit(x, soft ? { data: soft, shape: [n, k] } : y, { sampleWeight });
  expect(report.stopReason).toMatch(/^(converged|precision)$/);
  // The same as weights of the rows and as targets, for the plain objective in float64.
  const weights = sampleWeight.map((weight, row) => weight * (classWeight?.[y[row]] ?? 1));
  const onehot = y.flatMap((label) => Array.from({ length: k }, (_, j) => Number(j === label)));
  const targets = (soft ?? onehot).map((q) => (1 - labelSmoothing) * q + labelSmoothing / k);
  const { loss, gradientNorm, gradientLength } = judge(model, data, { l2, weights, targets });
  expect(gradientNorm).toBeLessThanOrEqual(TOLERANCE + (n + 8) * 2 ** -24);
  // J(θ) − J* ≤ ‖dJ‖² / (2·l2), and never below J*; float64 sums of n terms of order 1.
  const sums = 4 * n * 2 ** -53;
  expect(loss).toBeLessThanOrEqual(case_.objective + gradientLength ** 2 / (2 * l2) + sums);
  expect(loss).toBeGreaterThanOrEqual(case_.objective - sums);

  const bound = (gradientLength + case_.gradientNorm * Math.sqrt((d + 1) * k)) / l2 + DIGITS * 10;
  expectClose(model.coef.data, case_.coefficients, { floor: bound, label: "coefficients" });
  const largestRow = Math.sqrt(1 + largestSquare(x.data, d));
  // A logit moves by W's change along the row and by b's, which W's determines; a probability by half of what two logits do.
  const moved = 2 * bound * largestRow;
  const mean = model.intercept.reduce((sum, b) => sum + b, 0) / k;
  expectClose(
    Array.from(model.intercept, (b) => b - mean),
    case_.intercept,
    { floor: moved, label: "intercept" },
  );
  const step = Math.floor(n / 10);
  const shown = Array.from({ length: 10 }, (_, i) => Array.from(x.data.subarray(i * step * d, (i * step + 1) * d)));
  const { data: probabilities } = await model.predictProba(shown);
  expectClose(probabilities, case_.probabilities, { floor: moved, label: "probabilities" });
}

function largestSquare(data: Float32Array, d: number): number {
  let largest = 0;
  for (let row = 0; row < data.length; row += d) {
    largest = Math.max(
      largest,
      data.subarray(row, row + d).reduce((sum, v) => sum + v * v, 0),
    );
  }
  return largest;
}
