import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DenseMatrix, FeatureStorage, MatrixLike } from "../../../src/data/matrix.js";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { DataError } from "../../../src/errors.js";
import { fromHalf, toHalf } from "../../../src/half-float.js";
import { asHalfArray, halvesOf } from "../../support/half-array.js";
import { expectFault } from "./fault.js";

const stored = (input: MatrixLike, storage?: FeatureStorage): DenseMatrix => toDenseMatrix(input, "fit", "X", storage);

const VALUES = [0, -0, 1, -2.5, 65504, 2 ** -24, 1 / 3, 0.1];
const BITS = halvesOf(VALUES);
const shape = [2, 4];

describe("halves that are given", () => {
  test("stay halves, in every form, in memory of their own", () => {
    const forms: MatrixLike[] = [
      { data: asHalfArray(BITS.slice()), shape },
      { data: asHalfArray(BITS.slice()), dims: shape, type: "float16" },
      { data: BITS.slice(), dims: shape, type: "float16" },
      { data: BITS.slice(), shape, type: "f16" },
      { data: asHalfArray(Uint16Array.of(9, ...BITS, 9).subarray(1, 9)), shape },
      [asHalfArray(BITS.slice(0, 4)), asHalfArray(BITS.slice(4))],
    ];
    for (const form of forms) {
      for (const storage of ["auto", "f16"] as const) {
        const matrix = stored(form, storage);
        expect(matrix).toEqual({ data: BITS, rows: 2, columns: 4, scale: 1, offset: 0 });
        expect(matrix.data).toBeInstanceOf(Uint16Array);
      }
    }
    const bits = BITS.slice();
    const matrix = stored({ data: bits, shape, type: "float16" });
    bits.fill(0);
    expect(matrix.data).toEqual(BITS);
    const shared = new Uint16Array(new SharedArrayBuffer(16));
    shared.set(BITS);
    expect(stored({ data: asHalfArray(shared), shape }).data.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("keep scale and offset; a Uint16Array without the type is whole numbers", () => {
    const matrix = stored({ data: BITS, shape, type: "float16", scale: 0.5, offset: 3 });
    expect(matrix).toEqual({ data: BITS, rows: 2, columns: 4, scale: 0.5, offset: 3 });
    expect(stored({ data: BITS, shape }).data).toEqual(Float32Array.from(BITS));
    expect(stored({ data: BITS, shape, type: "uint16" }).data).toEqual(Float32Array.from(BITS));
  });

  test("become float32 where that is asked, or where other rows are not halves", () => {
    const expected = Float32Array.from(BITS, fromHalf);
    expect(stored({ data: BITS, shape, type: "f16" }, "f32").data).toEqual(expected);
    const scaled = stored({ data: BITS, shape, type: "f16", scale: 3, offset: 0.1 }, "f32");
    expect(scaled).toMatchObject({ data: Float32Array.from(BITS, (b) => fromHalf(b) * 3 + 0.1), scale: 1, offset: 0 });
    const mixed = stored([asHalfArray(BITS.slice(0, 4)), expected.subarray(4)]);
    expect(mixed.data).toEqual(expected);
  });

  test.each([0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff])(
    "bits %d, which are no finite number, name row and column",
    (bad) => {
      const bits = new Uint16Array(60).fill(toHalf(1));
      bits[47] = bad;
      bits[59] = bad;
      const rows = Array.from({ length: 6 }, (_, i) => asHalfArray(bits.slice(i * 10, i * 10 + 10)));
      const inputs: MatrixLike[] = [{ data: asHalfArray(bits), shape: [6, 10] }, rows];
      for (const input of inputs) {
        for (const storage of ["auto", "f32", "f16", "u8"] as const) {
          const place = `X contains ${fromHalf(bad)} at row 4, column 7`;
          expectFault(() => stored(input, storage), DataError, "NON_FINITE_INPUT", place);
        }
      }
    },
  );

  test("a detached buffer, and a scale beyond float32", () => {
    const bits = BITS.slice();
    structuredClone(bits, { transfer: [bits.buffer] });
    expectFault(() => stored({ data: bits, shape, type: "float16" }), DataError, "DETACHED_BUFFER", "X");
    const wide = { data: BITS, shape, type: "f16", scale: 1e35 };
    expectFault(() => stored(wide), DataError, "NON_FINITE_INPUT", "too large for float32", "halves · 1e+35");
  });
});

describe('"f16" from other numbers', () => {
  test("rounds every value once to the nearest half, whatever it comes in", () => {
    const value = fc.double({ min: -65504, max: 65504, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
        const expected = halvesOf(values);
        for (const data of [values, Float64Array.from(values)]) {
          const matrix = stored({ data, shape: [1, values.length] }, "f16");
          expect(matrix).toEqual({ data: expected, rows: 1, columns: values.length, scale: 1, offset: 0 });
        }
        expect(
          stored(
            values.map((v) => [v]),
            "f16",
          ).data,
        ).toEqual(expected);
        expect(stored([Float64Array.from(values)], "f16").data).toEqual(expected);
      }),
    );
    // 1 + 2⁻¹¹ is half way, and 2⁻⁴⁰ above it is nearer to the next half; float32 does not see that.
    expect(stored([[1 + 2 ** -11 + 2 ** -40]], "f16").data).toEqual(halvesOf([1 + 2 ** -10]));
  });

  test("applies scale and offset before, but for bytes, which keep them and their values", () => {
    const matrix = stored({ data: [1, 2, 3], shape: [1, 3], scale: 0.1, offset: 1 }, "f16");
    expect(matrix).toMatchObject({ data: halvesOf([1.1, 1.2, 3 * 0.1 + 1]), scale: 1, offset: 0 });
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const kept = stored({ data: bytes, shape: [2, 128], scale: 1 / 255, offset: -0.5 }, "f16");
    expect(kept).toMatchObject({ scale: 1 / 255, offset: -0.5, rows: 2, columns: 128 });
    expect([...kept.data].map(fromHalf)).toEqual([...bytes]);
  });

  test("refuses what lies beyond ±65504, with its place and a remedy, in a matrix of any length", () => {
    for (const [value, shown] of [
      [65504.5, "65504.5"],
      [-7e4, "-70000"],
      [1e300, "1e+300"],
    ] as const) {
      const data = new Float64Array(5000).fill(1);
      data[4321] = value;
      data[4999] = value;
      const rows = Array.from({ length: 50 }, (_, i) => [...data.subarray(i * 100, i * 100 + 100)]);
      const inputs: MatrixLike[] = [{ data, shape: [50, 100] }, rows];
      for (const input of inputs) {
        const error = expectFault(() => stored(input, "f16"), DataError, "NON_FINITE_INPUT");
        expect(error.message).toBe(
          `fit: X is too large for float16 at row 43, column 21: expected at most ±65504, got ${shown}. ` +
            'Rescale or clip it, or take features: "f32".',
        );
      }
    }
    expectFault(
      () => stored([[1, Number.NaN]], "f16"),
      DataError,
      "NON_FINITE_INPUT",
      "contains NaN at row 0, column 1",
    );
    expectFault(() => stored([["a"]] as never, "f16"), DataError, "UNSUPPORTED_TYPE", "row 0, column 0");
  });
});
