import { describe, expect, test } from "vitest";
import { toHalf } from "../../../../src/half-float.js";
import { at, hostMatrix } from "../../../../src/ops/host-matrix.js";
import type { MatmulArguments } from "../../../../src/ops/matmul.js";
import { matmul, matmulShape } from "../../../../src/ops/matmul.js";
import type { HostMatrix, On } from "../../../../src/ops/op.js";
import { expectSameBits } from "../../../support/compare.js";
import { randomBytes, randomValues } from "../../../support/random-matrix.js";
import type { Run } from "./simd-fixture.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

type Product = On<MatmulArguments, HostMatrix>;

const ORDERS = [
  { transposeA: false, transposeB: false },
  { transposeA: true, transposeB: false },
  { transposeA: false, transposeB: true },
  { transposeA: true, transposeB: true },
];

type Type = "f32" | "f16" | "u8";

function features(rows: number, columns: number, type: Type): HostMatrix {
  if (type === "u8") return hostMatrix(randomBytes(rows * columns, 1), rows, columns, Math.fround(1 / 255), -0.25);
  const values = randomValues(rows * columns, 1);
  if (type === "f32") return hostMatrix(values, rows, columns);
  return hostMatrix(Uint16Array.from(values, toHalf), rows, columns, 0.5, 0.125);
}

function productOf(m: number, depth: number, n: number, order: (typeof ORDERS)[number], type: Type = "f32"): Product {
  const { transposeA, transposeB } = order;
  const a = transposeA ? features(depth, m, type) : features(m, depth, type);
  const b = hostMatrix(randomValues(depth * n, 2), transposeB ? n : depth, transposeB ? depth : n);
  const out = hostMatrix(new Float32Array((m + Number(transposeA)) * n).fill(1e30), m + Number(transposeA), n);
  return { a, b, out, ...order, bias: hostMatrix(randomValues(n, 3), 1, n), alpha: -0.75, ones: transposeA };
}

interface Expected {
  readonly truth: Float64Array;
  /** Σ |a·b| and |bias| of each value. */
  readonly magnitudes: Float64Array;
}

function expectedOf(args: Product): Expected {
  const [truth, magnitudes] = [0, 0].map(() => new Float64Array(args.out.data.length));
  matmul.reference({ ...args, out: { ...args.out, data: truth } });
  const magnitude = (x: HostMatrix): HostMatrix => {
    const values = Float64Array.from(x.data, (_, e) => Math.abs(at(x, Math.floor(e / x.columns), e % x.columns)));
    return hostMatrix(values, x.rows, x.columns);
  };
  const [a, b, bias] = [args.a, args.b, args.bias as HostMatrix].map(magnitude);
  matmul.reference({ ...args, a, b, bias, alpha: Math.abs(args.alpha), out: { ...args.out, data: magnitudes } });
  return { truth, magnitudes };
}

/** A value passes `depth` products and sums, and eight roundings more: decoding 2, packing, alpha, bias, partial results 3. */
function expectProduct(args: Product, run: Run, { truth, magnitudes } = expectedOf(args)): Float32Array {
  const { depth } = matmulShape(args);
  const actual = simdOutputs(matmul, args, run).out as Float32Array;
  let misses = 0;
  truth.forEach((value, e) => {
    if (!(Math.abs(actual[e] - value) <= (depth + 8) * 2 ** -24 * magnitudes[e])) misses++;
  });
  expect(misses).toBe(0);
  return actual;
}

describe.each(BUILDS)("%s products", (build) => {
  test.each(ORDERS)("narrow and packed ones, %o", (order) => {
    for (const n of [1, 2, 3, 4, 5, 7, 10, 11, 12, 13, 24, 25, 33, 65]) {
      for (const [m, depth] of [
        [1, 1],
        [3, 2],
        [17, 4],
        [33, 31],
        [7, 70],
      ]) {
        expectProduct(productOf(m, depth, n, order), { build });
      }
    }
  });

  test.each(["u8", "f16"] as const)("of %s features, with scale and offset", (type) => {
    for (const order of ORDERS) {
      for (const n of [10, 29]) {
        for (const depth of [3, 32, 77]) expectProduct(productOf(37, depth, n, order, type), { build });
      }
    }
  });

  test.each([
    ["wider than a piece of X", 5, 4103, 3, false],
    ["a gradient wider than a piece of X", 4103, 5, 3, true],
    ["more rows than a chunk", 3, 2500, 2, true],
    ["several blocks in every direction", 66, 260, 1030, false],
    ["several blocks in every direction, turned", 66, 260, 1030, true],
  ])("%s", (_, m, depth, n, transposeA) => {
    for (const type of ["f32", "u8"] as const) {
      expectProduct(productOf(m, depth, n, { transposeA, transposeB: false }, type), { build });
    }
  });

  test.each(ORDERS)("slices, growing memory and arrays elsewhere change no bit, %o", (order) => {
    for (const type of ["f32", "u8", "f16"] as const) {
      for (const [m, depth, n] of order.transposeA
        ? [
            [9, 2100, 7],
            [70, 300, 30],
          ]
        : [
            [2100, 9, 7],
            [300, 70, 30],
          ]) {
        const args = productOf(m, depth, n, order, type);
        const expected = expectedOf(args);
        const whole = expectProduct(args, { build }, expected);
        for (const run of [{ slice: 1 }, { slice: 700 }, { slice: 600, growing: true }]) {
          expectSameBits(simdOutputs(matmul, args, { build, ...run }).out as Float32Array, whole);
        }
        for (const outside of [["a"], ["b"], ["out"], ["a", "b", "out", "bias"]]) {
          expectProduct(args, { build, outside }, expected);
        }
      }
    }
  });

  test("a NaN spoils its row, in the product's last quad too", () => {
    for (const [n, depth] of [
      [5, 7],
      [40, 7],
    ]) {
      const args = productOf(9, depth, n, ORDERS[0]);
      const data = Float32Array.from(args.a.data);
      data[4 * depth + depth - 1] = Number.NaN;
      const { out } = simdOutputs(matmul, { ...args, a: { ...args.a, data } }, { build });
      const faulty = Array.from(out, (value, e) => (Number.isNaN(value) ? Math.floor(e / n) : -1)).filter(
        (r) => r >= 0,
      );
      expect(faulty).toEqual(new Array(n).fill(4));
    }
  });
});
