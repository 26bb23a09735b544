/** Products that skip blank quads of features against the same kernels that do not: the same bits, whatever is blank. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FilledRows } from "../../../../src/engine/cpu/simd/filled-rows.js";
import { toHalf } from "../../../../src/half-float.js";
import { hostMatrix } from "../../../../src/ops/host-matrix.js";
import { linearGradient } from "../../../../src/ops/linear-gradient.js";
import { matmul } from "../../../../src/ops/matmul.js";
import type { HostArray, HostMatrix } from "../../../../src/ops/op.js";
import { Random } from "../../../../src/random.js";
import { expectSameBits } from "../../../support/compare.js";
import { f32Matrix, f32Vector, i32Vector } from "../../../support/op-cases.js";
import { randomValues } from "../../../support/random-matrix.js";
import { BUILDS, type Run, simdOutputs } from "./simd-fixture.js";

afterEach(() => vi.restoreAllMocks());

const TYPES = ["f32", "f16", "u8"] as const;
type Type = (typeof TYPES)[number];

interface Case {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly type: Type;
  /** Shares of blank runs of columns, and of zeros elsewhere. */
  readonly blank: number;
  readonly zeros: number;
  readonly ordered: boolean;
  readonly intercept: boolean;
  readonly seed: number;
}

/** Runs of one to nine columns that are blank or not; among what is not, zeros of either sign. */
function featuresOf({ n, d, type, blank, zeros, seed }: Case): HostMatrix {
  const random = new Random(seed);
  const values = new Float32Array(n * d);
  for (let e = 0; e < values.length; ) {
    const isBlank = random.next() < blank;
    for (const end = Math.min(values.length, e + 1 + random.integer(9)); e < end; e++) {
      const isZero = random.next() < zeros;
      if (!isBlank) values[e] = isZero ? [0, -0][random.integer(2)] : 0.1 + random.next();
    }
  }
  if (type === "f32") return f32Matrix(n, d, values);
  if (type === "f16") return hostMatrix(Uint16Array.from(values, toHalf), n, d);
  return hostMatrix(
    Uint8Array.from(values, (value) => Math.ceil(200 * value)),
    n,
    d,
    Math.fround(1 / 255),
  );
}

type Outputs = Record<string, HostArray>;

/** The ops that read X: loss and gradient in one pass, X·W and [X, 1]ᵀ·G. */
function runsOf(c: Case): ((run: Run) => Outputs)[] {
  const { n, d, k, ordered, intercept } = c;
  const x = featuresOf(c);
  const random = new Random(c.seed);
  const theta = f32Matrix(d + Number(intercept), k, randomValues((d + Number(intercept)) * k, c.seed));
  const weights = { b: f32Matrix(d, k, randomValues(d * k, 2)), transposeB: false, alpha: 0.5 };
  const step = {
    ...{ x, theta, bias: undefined, soft: undefined, classWeight: undefined, ignoreIndex: -1, labelSmoothing: 0 },
    labels: i32Vector(Array.from({ length: n }, () => random.integer(k))),
    // Rows of weight 0 are left out of blocks.
    rowWeight: ordered ? f32Vector(Array.from({ length: n }, () => random.integer(3))) : undefined,
    order: ordered ? i32Vector(Array.from({ length: n }, () => random.integer(n))) : undefined,
    ...{ first: 0, rows: n, mean: false, l2: 0, penalisedRows: 0, dBias: undefined },
    gradient: f32Matrix(theta.rows, k, new Float32Array(theta.rows * k)),
    loss: f32Vector([0, 0, 0, 0]),
  };
  const product = { a: x, ...weights, transposeA: false, ones: false, bias: undefined };
  const g = f32Matrix(n, k, randomValues(n * k, 3));
  const out = (rows: number): HostMatrix => f32Matrix(rows, k, new Float32Array(rows * k));
  return [
    (run) => simdOutputs(linearGradient, step, run),
    (run) => simdOutputs(matmul, { ...product, out: out(n) }, run),
    (run) => simdOutputs(matmul, { ...product, b: g, transposeA: true, ones: true, out: out(d + 1) }, run),
  ];
}

/** Whether lists were used by each of the ops; `how` they run with skipping. */
function expectTheSame(c: Case, how: Run = {}): boolean[] {
  return BUILDS.flatMap((build) =>
    runsOf(c).map((run, r) => {
      const create = vi.spyOn(FilledRows, "create").mockReturnValue(undefined);
      const whole = run({ build });
      create.mockRestore();
      const multiply = vi.spyOn(FilledRows.prototype, "multiply");
      const skipped = run({ ...how, build });
      const used = multiply.mock.calls.length > 0;
      multiply.mockRestore();
      for (const name of ["gradient", "loss", "out"]) {
        const label = `${name} of op ${r}, ${build}, ${JSON.stringify(c)}`;
        if (whole[name]) expectSameBits(skipped[name] as Float32Array, whole[name] as Float32Array, label);
      }
      return used;
    }),
  );
}

const USUAL = { n: 70, d: 47, k: 10, blank: 0.95, zeros: 0.2, ordered: false, intercept: true, seed: 1 } as const;

test("any pattern gives the bits that there are without skipping", () => {
  const cases = fc.record({
    n: fc.integer({ min: 1, max: 90 }),
    d: fc.integer({ min: 1, max: 90 }),
    k: fc.integer({ min: 1, max: 26 }),
    type: fc.constantFrom(...TYPES),
    blank: fc.double({ min: 0, max: 1, noNaN: true }),
    zeros: fc.double({ min: 0, max: 1, noNaN: true }),
    ordered: fc.boolean(),
    intercept: fc.boolean(),
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
  });
  fc.assert(
    fc.property(cases, (c) => {
      expectTheSame(c);
    }),
    { numRuns: 150 },
  );
});

describe.each(TYPES)("%s", (type) => {
  test.each(Array.from({ length: 13 }, (_, k) => k + 1))("%i columns", (k) => {
    for (const ordered of [false, true]) {
      expect(expectTheSame({ ...USUAL, k, type, ordered }).every((used) => used)).toBe(true);
    }
  });

  test.each([
    ["whole quads", { d: 64 }],
    ["whole eights of quads", { d: 96 }],
    ["a single quad", { d: 4 }],
    ["less than a quad", { d: 3, blank: 0, zeros: 0 }],
    ["several chunks of rows", { n: 2100, d: 21, k: 3 }],
    ["wider than a piece of X", { n: 19, d: 4103, k: 13, ordered: true }],
    ["two whole pieces", { n: 19, d: 8192, k: 2 }],
    ["nothing but zeros", { blank: 1 }],
  ])("%s", (_, change) => {
    expect(expectTheSame({ ...USUAL, type, ...change }).every((used) => used)).toBe(true);
  });

  test.each<Run>([
    { slice: 1, growing: true },
    { slice: 40, outside: ["x", "a"] },
  ])("%j", (how) => {
    for (const ordered of [false, true]) {
      expect(expectTheSame({ ...USUAL, n: 300, type, ordered }, how).every((used) => used)).toBe(true);
    }
  });

  test("without blanks all quads are taken", () => {
    expect(expectTheSame({ ...USUAL, type, blank: 0 }).some((used) => used)).toBe(false);
  });
});

test("zeros of negative sign are not blank, and count as zeros", () => {
  const c = { ...USUAL, type: "f32", blank: 0.9, zeros: 1 } as const;
  expect(featuresOf(c).data.some((value) => Object.is(value, -0))).toBe(true);
  expectTheSame(c);
});

test.each(BUILDS)("%s: a byte of 0 that stands for something else is multiplied", (build) => {
  const a = hostMatrix(new Uint8Array(40 * 12), 40, 12, 1, -0.5);
  const b = f32Matrix(12, 2, new Float32Array(24).fill(0.25));
  const product = { a, b, bias: undefined, alpha: 1, ones: false, transposeA: false, transposeB: false };
  const { out } = simdOutputs(matmul, { ...product, out: f32Matrix(40, 2, new Float32Array(80)) }, { build });
  expect([...out]).toEqual(new Array(80).fill(-1.5));
});
