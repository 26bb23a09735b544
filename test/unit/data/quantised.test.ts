import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DistinctValues } from "../../../src/data/distinct-values.js";
import type { DenseMatrix, FeatureStorage, MatrixLike } from "../../../src/data/matrix.js";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { DataError } from "../../../src/errors.js";
import { halvesOf } from "../../support/half-array.js";
import { expectFault } from "./fault.js";

const stored = (input: MatrixLike, storage: FeatureStorage = "u8"): DenseMatrix =>
  toDenseMatrix(input, "fit", "X", storage);
const valuesOf = ({ data, scale, offset }: DenseMatrix): number[] => Array.from(data, (byte) => byte * scale + offset);
const column = (values: readonly number[]): MatrixLike => ({ data: values, shape: [values.length, 1] });

describe('"u8" keeps what lies on even steps', () => {
  test.each<[string, number[]]>([
    ["all bytes", Array.from({ length: 256 }, (_, i) => i)],
    ["some bytes", [3, 0, 250, 17]],
    ["bytes without 0", [7, 10, 255]],
    ["whole numbers beyond bytes", Array.from({ length: 256 }, (_, i) => i + 1000)],
    ["negative whole numbers", [-128, -3, 0, 5, 127]],
    ["quarters", Array.from({ length: 200 }, (_, i) => i / 4 - 9)],
    ["0 and 1", [0, 1, 1, 0]],
    ["tiny steps on a large number", Array.from({ length: 9 }, (_, i) => 1e6 + (i * i) / 16)],
    ["one value", [0.3, 0.3, 0.3].map(Math.fround)],
    ["zeros", [0, -0, 0]],
    ["a huge value", [-3e38, -3e38].map(Math.fround)],
  ])("to the last bit: %s", (_, values) => {
    const matrix = stored(column(values));
    expect(matrix.data).toBeInstanceOf(Uint8Array);
    expect(valuesOf(matrix)).toEqual(values.map((value) => value + 0));
    expect([matrix.scale, matrix.offset]).toEqual([Math.fround(matrix.scale), Math.fround(matrix.offset)]);
    expect(stored(values.map((value) => [value]))).toEqual(matrix);
  });

  test("pixels k/255 in float32 are the bytes they came from, whichever of them occur", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 3000 }), (bytes) => {
        const pixels = Float32Array.from([...bytes, 0, 1, 255], (byte) => byte / 255);
        const matrix = stored({ data: pixels, shape: [pixels.length, 1] });
        expect([...matrix.data]).toEqual([...bytes, 0, 1, 255]);
        expect(matrix.offset).toBe(0);
        expect(Math.abs(matrix.scale * 255 - 1)).toBeLessThan(2 ** -22);
      }),
    );
  });

  test("pixels that have been centred and scaled in float32", () => {
    const f = Math.fround;
    const pixels = Float32Array.from({ length: 256 }, (_, byte) => f(f(f(byte / 255) - f(0.1307)) / f(0.3081)));
    const matrix = stored({ data: pixels, shape: [16, 16] });
    expect([...matrix.data]).toEqual(Array.from({ length: 256 }, (_, byte) => byte));
    valuesOf(matrix).forEach((value, i) => {
      expect(Math.abs(value - pixels[i])).toBeLessThanOrEqual(2 ** -22 * 2.83);
    });
  });

  test("bytes are left as they are, halves are read", () => {
    const bytes = { data: Uint8Array.of(5, 6), shape: [1, 2], scale: 1 / 255, offset: -0.5 };
    expect(stored(bytes)).toEqual(stored(bytes, "auto"));
    expect(stored([Uint8Array.of(5, 6)])).toMatchObject({ data: Uint8Array.of(5, 6), scale: 1, offset: 0 });
    const halves = { data: halvesOf([-1, 0.5, 3]), shape: [1, 3], type: "f16", scale: 2, offset: 1 };
    expect(valuesOf(stored(halves))).toEqual([-1, 2, 7]);
  });
});

describe('"u8" rounds everything else', () => {
  test("to the nearest of 256 even steps from the smallest value to the largest", () => {
    const value = fc.float({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 600 }), (values) => {
        const matrix = stored(column(values));
        const range = Math.max(...values) - Math.min(...values);
        const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        valuesOf(matrix).forEach((got, i) => {
          expect(Math.abs(got - values[i])).toBeLessThanOrEqual(range / 510 + largest * 2 ** -22);
        });
      }),
    );
    const ramp = Array.from({ length: 5001 }, (_, i) => Math.sqrt(i));
    const matrix = stored(column(ramp));
    expect([matrix.data[0], matrix.data[5000], matrix.offset]).toEqual([0, 255, 0]);
    expect(matrix.scale).toBe(Math.fround(Math.fround(Math.sqrt(5000)) / 255));
  });

  test("also where the steps are smaller than float32 can tell, and nothing overflows", () => {
    for (const values of [
      [0, 2 ** -149, 3 * 2 ** -149],
      [1, 1 + 2 ** -23, 1 + 2 ** -21, 1 + 2 ** -20],
      [0, 1, Math.PI, 3e38],
    ]) {
      const range = Math.max(...values) - Math.min(...values);
      valuesOf(stored(column(values))).forEach((got, i) => {
        expect(Math.abs(got - values[i])).toBeLessThanOrEqual(range / 510 + range * 2 ** -22);
      });
    }
  });

  test("refuses what is not finite, and a range that float32 does not hold", () => {
    const data = new Float32Array(10_000).fill(0.25);
    data[8_765] = Number.NaN;
    const input = { data, shape: [100, 100] };
    expectFault(() => stored(input), DataError, "NON_FINITE_INPUT", "contains NaN at row 87, column 65");
    expectFault(() => stored([[1], [1e39]]), DataError, "NON_FINITE_INPUT", "float32 at row 1, column 0", "1e+39");
    expectFault(() => stored([[-3e38, 3e38]]), DataError, "NON_FINITE_INPUT", "too far apart for u8", '"f32"');
  });
});

describe('"f32" spreads everything out', () => {
  test("bytes with scale and offset, rounded once", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const matrix = stored({ data: bytes, shape: [256, 1], scale: 1 / 255, offset: -0.1 }, "f32");
    expect(matrix).toMatchObject({ data: Float32Array.from(bytes, (b) => b * (1 / 255) - 0.1), scale: 1, offset: 0 });
    expect(stored([bytes.subarray(0, 2), bytes.subarray(2, 4)], "f32").data).toEqual(Float32Array.of(0, 1, 2, 3));
  });
});

describe("DistinctValues", () => {
  test("tells 256 from 257, however often and in whatever pieces they come", () => {
    const any = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 50 }), (values, piece) => {
        const distinct = new DistinctValues();
        const floats = Float32Array.from([...values, ...values]);
        for (let i = 0; i < floats.length; i += piece) distinct.add(floats.subarray(i, i + piece));
        const expected = new Set(values.map((value) => value + 0));
        expect(distinct.values && new Set(distinct.values)).toEqual(expected.size > 256 ? undefined : expected);
      }),
      { numRuns: 300 },
    );
    const distinct = new DistinctValues();
    distinct.add(Float32Array.from({ length: 256 }, (_, i) => i));
    expect(distinct.values?.length).toBe(256);
    distinct.add(Float32Array.of(3, 255));
    expect(distinct.values?.length).toBe(256);
    distinct.add(Float32Array.of(256));
    expect(distinct.values).toBe(undefined);
  });
});
