/** The fused steps by kernels and in plain TypeScript, against float64: formats, orders, targets, faults, slices. */
import { describe, expect, test } from "vitest";
import { stepWork } from "../../../../src/engine/cpu/step-work.js";
import { linearAdamStep } from "../../../../src/ops/linear-adam-step.js";
import { linearGradient } from "../../../../src/ops/linear-gradient.js";
import { linearSgdStep } from "../../../../src/ops/linear-sgd-step.js";
import type { HostArray, HostMatrix, On, Op } from "../../../../src/ops/op.js";
import { expectGradient, gradientCase } from "../../../gpu/ops/linear-gradient-parity.js";
import { type StepCase, stepArguments, stepFloors } from "../../../gpu/ops/linear-step-cases.js";
import { expectClose, expectSameBits } from "../../../support/compare.js";
import { f32Matrix, f32Vector, i32Vector, referenceOf } from "../../../support/op-cases.js";
import { randomValues } from "../../../support/random-matrix.js";
import { TARGET_OPTIONS } from "../../../support/target-cases.js";
import { BUILDS, type Run, simdOutputs } from "./simd-fixture.js";

/** By the kernels of a build, or by none. */
const PATHS = [...BUILDS, "none"] as const;
type Path = (typeof PATHS)[number];

const isMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;

function outputsOf<A extends object>(op: Op<A>, args: On<A, HostMatrix>, path: Path, run: Run = {}) {
  if (path !== "none") return simdOutputs(op, args, { ...run, build: path });
  const own = Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      isMatrix(value) ? { ...value, data: value.data.slice() } : value,
    ]),
  ) as On<A, HostMatrix>;
  const work = stepWork(op, () => own, undefined);
  if (!work) throw new Error(`${op.name}: expected work, got none.`);
  const rows = Math.min(work.rows, run.slice ?? work.rows);
  for (let first = 0; first < work.rows; first += rows) work.run(first, Math.min(rows, work.rows - first));
  work.finish();
  const matrices = Object.entries(own).filter((entry): entry is [string, HostMatrix] => isMatrix(entry[1]));
  return Object.fromEntries(matrices.map(([name, { data }]) => [name, data])) as Record<string, HostArray>;
}

const changedCase = (size: StepCase, change: object) => ({ ...gradientCase(size), ...change });
const RUNS: readonly Run[] = [
  { slice: 1, growing: true },
  { slice: 40, outside: ["x"] },
];

function expectParity(size: StepCase, path: Path, runs: readonly Run[] = RUNS): void {
  const args = gradientCase(size);
  const got = outputsOf(linearGradient, args, path);
  const label = JSON.stringify(size);
  expectGradient(got, args, label);
  for (const run of runs) {
    const again = outputsOf(linearGradient, args, path, run);
    for (const name of ["gradient", "loss"]) {
      expectSameBits(
        again[name] as Float32Array,
        got[name] as Float32Array,
        `${name}, ${label}, ${JSON.stringify(run)}`,
      );
    }
  }
}

describe.each(PATHS)("%s", (path) => {
  test.each<StepCase>([
    { n: 1, d: 1, k: 1 },
    { n: 37, d: 5, k: 3 },
    { n: 1300, d: 33, k: 10 },
    { n: 70, d: 784, k: 10 },
    { n: 67, d: 9, k: 32 },
    { n: 40, d: 20, k: 61, intercept: false },
    { n: 19, d: 4100, k: 2 },
    { n: 2100, d: 3, k: 2 },
  ])("$n × $d × $k", (size) => expectParity(size, path));

  test.each<StepCase>([
    { n: 67, d: 13, k: 10, format: "u8" },
    { n: 67, d: 13, k: 10, format: "u8 − ½", taken: 41 },
    { n: 67, d: 12, k: 13, format: "u8", taken: 130 },
    { n: 67, d: 12, k: 5, format: "f16" },
    { n: 67, d: 7, k: 5, format: "f16", taken: 200 },
    { n: 67, d: 14, k: 26, taken: 100 },
    { n: 67, d: 12, k: 7, intercept: false, taken: 1 },
    { n: 19, d: 4101, k: 2, format: "u8", taken: 40 },
    { n: 300, d: 3, k: 2, taken: 700, targets: { soft: true, rowWeight: true } },
  ])("%j", (size) => expectParity(size, path));

  test.each(TARGET_OPTIONS)("%j", (targets) => {
    expectParity({ n: 45, d: 6, k: 5, targets }, path);
    expectParity({ n: 45, d: 6, k: 5, targets, taken: 33 }, path);
  });

  test("a bias by itself, its gradient by itself, a sum, a loss of one value", () => {
    for (const mean of [true, false]) {
      const bias = f32Vector(randomValues(4, 9));
      const args = changedCase(
        { n: 50, d: 6, k: 4, intercept: false },
        { bias, dBias: f32Vector([1, 2, 3, 4]), mean, loss: f32Vector([7]) },
      );
      const outputs = { gradient: "written", dBias: "written", loss: "written" } as const;
      const truth = referenceOf(linearGradient, args, outputs);
      const got = outputsOf(linearGradient, args, path);
      const floors = stepFloors(args);
      const divisor = mean ? floors.weight / (50 * 2 ** -24) : 1;
      expectClose(got.loss as Float32Array, truth.loss as Float64Array, { floor: floors.loss / divisor });
      for (const name of ["gradient", "dBias"]) {
        const floor = floors.gradient / divisor + 2 ** -22;
        expectClose(got[name] as Float32Array, truth[name] as Float64Array, { floor, label: name });
      }
    }
  });

  const size = { n: 90, d: 11, k: 10, taken: 64, targets: { rowWeight: true } };
  const rates = { learningRate: 0.5, l2: 0.125, weightDecay: 0.25, penalisedRows: 11 };
  const state = (seed: number, low: number, high: number) => f32Matrix(12, 10, randomValues(120, seed, low, high));

  test.each([
    { momentum: 0, nesterov: false },
    { momentum: 0.75, nesterov: false },
    { momentum: 0.75, nesterov: true },
  ])("SGD, %j", (rule) => {
    const args = {
      ...stepArguments(size),
      ...rates,
      ...rule,
      velocity: state(1, -1, 1),
      loss: f32Vector([0, 0, 0, 0]),
    };
    const truth = referenceOf(linearSgdStep, args, { theta: "updated", velocity: "updated", loss: "written" });
    const got = outputsOf(linearSgdStep, args, path);
    const [, weight] = truth.loss as Float64Array;
    // Six roundings of values up to 2, and three up to 1 of weight decay, beside the gradient's error, which the rate and Nesterov's
    // second share scale.
    const floor = stepFloors(args).gradient / (weight as number) + 14 * 2 ** -23;
    for (const name of ["velocity", "theta"]) {
      expectClose(got[name] as Float32Array, truth[name] as Float64Array, { floor, label: name });
    }
    const elsewhere = outputsOf(linearSgdStep, args, path, { outside: ["theta", "velocity", "labels"], slice: 32 });
    expectClose(elsewhere.theta as Float32Array, truth.theta as Float64Array, { floor, label: "θ elsewhere" });
    if (rule.momentum > 0) return;
    const without = outputsOf(linearSgdStep, { ...args, velocity: undefined }, path);
    expectSameBits(without.theta as Float32Array, got.theta as Float32Array, "θ without a velocity");
  });

  test("Adam", () => {
    const constants = { beta1: 0.9, beta2: 0.75, epsilon: 0.125, step: 3 };
    const moments = { mean: state(1, -1, 1), variance: state(2, 0.25, 1) };
    const args = { ...stepArguments(size), ...rates, ...constants, ...moments, loss: f32Vector([0, 0, 0, 0]) };
    const outputs = { theta: "updated", mean: "updated", variance: "updated", loss: "written" } as const;
    const truth = referenceOf(linearAdamStep, args, outputs);
    const [, weight] = truth.loss as Float64Array;
    // v ≥ 0.18 after the step, so a root of 0.6 over corrections up to 4: m̂ / (√v̂ + ε) grows an error of g at most 8-fold.
    const floor = (8 * stepFloors(args).gradient) / (weight as number) + 24 * 2 ** -23;
    for (const run of [{}, { outside: ["mean"] }]) {
      const got = outputsOf(linearAdamStep, args, path, run);
      for (const name of ["mean", "variance", "theta"]) {
        expectClose(got[name] as Float32Array, truth[name] as Float64Array, { floor, label: name });
      }
    }
  });

  describe("faults", () => {
    const heavy = f32Vector(new Float32Array(40).fill(1));
    const spoiled = (value: number, at: number): Float32Array => {
      const values = randomValues(200, 45);
      values[at] = value;
      return values;
    };
    const weights = (value: number) => f32Vector(Float32Array.from({ length: 40 }, (_, i) => (i === 7 ? value : 1)));
    const labels = (value: number) => i32Vector(Array.from({ length: 40 }, (_, i) => (i === 7 ? value : i % 3)));
    const faulty = (change: object) => changedCase({ n: 40, d: 5, k: 3 }, { rowWeight: heavy, l2: 0, ...change });

    test.each([
      ["NaN in X", { x: f32Matrix(40, 5, spoiled(Number.NaN, 35)) }],
      ["a row weight of NaN", { rowWeight: weights(Number.NaN) }],
      ["a row weight of infinity", { rowWeight: weights(Number.POSITIVE_INFINITY) }],
      ["a label that is no class", { labels: labels(3) }],
      ["a negative label", { labels: labels(-2) }],
      ["a row that does not exist", { order: labels(40), rows: 40 }],
      ["a negative row", { order: labels(-1), rows: 40 }],
    ])("%s makes the gradient NaN and counts as one", (_, change) => {
      const got = outputsOf(linearGradient, faulty(change), path);
      expect([...(got.gradient as Float32Array)].every(Number.isNaN)).toBe(true);
      const [loss, weight, , faults] = got.loss as Float32Array;
      expect([weight, faults]).toEqual([39, 1]);
      // What the other rows add up to is still seen.
      expect(loss).toSatisfy(Number.isFinite);
    });

    test("a row of weight 0 is absent, whatever it holds", () => {
      const rowWeight = weights(0);
      const healthy = { rowWeight, x: f32Matrix(40, 5, spoiled(0, 36)), labels: labels(1) };
      const sane = outputsOf(linearGradient, faulty(healthy), path);
      const worst = { rowWeight, x: f32Matrix(40, 5, spoiled(Number.NaN, 36)), labels: labels(99) };
      const got = outputsOf(linearGradient, faulty(worst), path);
      for (const name of ["gradient", "loss"]) {
        expectSameBits(got[name] as Float32Array, sane[name] as Float32Array, name);
      }
    });

    test("an ignored row is absent, whatever its weight", () => {
      const ignoring = { labels: labels(-7), ignoreIndex: -7 };
      const outputs = (weight: number) =>
        outputsOf(linearGradient, faulty({ ...ignoring, rowWeight: weights(weight) }), path);
      const [sane, got] = [outputs(0), outputs(Number.NaN)];
      expectSameBits(got.gradient as Float32Array, sane.gradient as Float32Array, "gradient");
      expect((got.loss as Float32Array)[3]).toBe(0);
    });

    test("without a row that counts, everything is 0", () => {
      const got = outputsOf(linearGradient, faulty({ rowWeight: f32Vector(new Float32Array(40)) }), path);
      expect([...(got.gradient as Float32Array), ...(got.loss as Float32Array)].every((value) => value === 0)).toBe(
        true,
      );
    });
  });
});

test.each(BUILDS)("%s: bytes and floats of the same values give the same bits", (build) => {
  const bytes = stepArguments({ n: 300, d: 35, k: 10, format: "u8", taken: 250 });
  const x = { ...bytes.x, scale: 2 ** -8 };
  const values = f32Matrix(
    300,
    35,
    Float32Array.from(x.data, (byte) => byte / 256),
  );
  const rest = {
    learningRate: 0.5,
    l2: 0.125,
    weightDecay: 0,
    penalisedRows: 35,
    momentum: 0,
    nesterov: false,
    velocity: undefined,
  };
  const args = { ...bytes, ...rest, loss: f32Vector([0, 0, 0, 0]) };
  const [fromBytes, fromValues] = [x, values].map((each) =>
    simdOutputs(linearSgdStep, { ...args, x: each }, { build }),
  );
  expectSameBits(fromBytes?.theta as Float32Array, fromValues?.theta as Float32Array, "θ");
});
