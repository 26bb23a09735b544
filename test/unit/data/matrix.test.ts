import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DenseMatrix, type MatrixLike, type NumericArray, toDenseMatrix } from "../../../src/data/matrix.js";

const dense = (input: MatrixLike): DenseMatrix => toDenseMatrix(input, "fit", "X");
const valuesOf = ({ data, scale, offset }: DenseMatrix): number[] =>
  Array.from(data, (value) => value * scale + offset);

/** A shape and as many finite float32 values as fill it. */
const matrices = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([rows, columns]) =>
  fc.record({
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: rows * columns,
      maxLength: rows * columns,
    }),
  }),
);

function rowsOf<Values extends readonly number[] | NumericArray>(values: Values, columns: number): Values[] {
  const rows: Values[] = [];
  for (let start = 0; start < values.length; start += columns) {
    rows.push(values.slice(start, start + columns) as Values);
  }
  return rows;
}

describe("toDenseMatrix", () => {
  test("reads the same matrix from every form, rows in their order", () => {
    fc.assert(
      fc.property(matrices, ({ rows, columns, values }) => {
        const shape = [rows, columns];
        const forms: MatrixLike[] = [
          { data: Float32Array.from(values), shape },
          { data: Float64Array.from(values), shape },
          { data: values, shape },
          { data: Float32Array.from(values), dims: shape },
          rowsOf(values, columns),
          rowsOf(Float32Array.from(values), columns),
          rowsOf(Float64Array.from(values), columns),
        ];
        for (const form of forms) {
          const matrix = dense(form);
          expect(matrix.data).toEqual(Float32Array.from(values));
          expect(matrix).toMatchObject({ rows, columns, scale: 1, offset: 0 });
        }
      }),
    );
  });

  test.each([
    Int8Array.of(-128, 127, 0, 1, 2, 3),
    Int16Array.of(-32768, 32767, 0, 1, 2, 3),
    Uint16Array.of(65535, 0, 1, 2, 3, 4),
    Int32Array.of(-(2 ** 31), 2 ** 24, 0, 1, 2, 3),
    Uint32Array.of(2 ** 31, 2 ** 24, 0, 1, 2, 3),
  ])("turns whole numbers into float32 of the same value: %s", (data) => {
    const matrix = dense({ data, shape: [2, 3] });
    expect(matrix.data).toBeInstanceOf(Float32Array);
    expect([...matrix.data]).toEqual([...data]);
    expect(dense(rowsOf(data, 3))).toEqual(matrix);
  });

  test("keeps bytes as bytes, with their scale and offset", () => {
    const bytes = [0, 1, 127, 128, 254, 255];
    for (const data of [Uint8Array.from(bytes), Uint8ClampedArray.from(bytes)]) {
      const matrix = dense({ data, shape: [3, 2], scale: 1 / 255, offset: -0.5 });
      expect(matrix).toEqual({ data: Uint8Array.from(bytes), rows: 3, columns: 2, scale: 1 / 255, offset: -0.5 });
      expect(matrix.data).toBeInstanceOf(Uint8Array);
      expect(dense(rowsOf(data, 2))).toEqual({
        data: Uint8Array.from(bytes),
        rows: 3,
        columns: 2,
        scale: 1,
        offset: 0,
      });
    }
  });

  test("applies scale and offset in float64 before rounding", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1 }), number, number, (values, scale, offset) => {
        const expected = Float32Array.from(values, (value) => value * scale + offset);
        for (const data of [values, Float64Array.from(values)]) {
          const matrix = dense({ data, shape: [1, values.length], scale, offset });
          expect(matrix).toEqual({ data: expected, rows: 1, columns: values.length, scale: 1, offset: 0 });
        }
      }),
    );
    // In float32 all the way, 16777217 would already have lost its last digit.
    expect(valuesOf(dense({ data: [16_777_217], shape: [1, 1], offset: -16_777_216 }))).toEqual([1]);
  });

  test("mixes byte rows and other rows into float32", () => {
    const rows = [Uint8Array.of(1, 2), Float32Array.of(0.5, -1)];
    expect(dense(rows)).toEqual({ data: Float32Array.of(1, 2, 0.5, -1), rows: 2, columns: 2, scale: 1, offset: 0 });
  });

  test("takes one row of one feature", () => {
    expect(valuesOf(dense([[3]]))).toEqual([3]);
    expect(dense({ data: Uint8Array.of(9), shape: [1, 1] })).toMatchObject({ rows: 1, columns: 1 });
  });

  test("keeps denormals, negative zero and the largest float32", () => {
    const extremes = [2 ** -149, -0, 3.4028234663852886e38, -3.4028234663852886e38];
    expect([...dense([extremes]).data]).toEqual(extremes);
  });
});

describe("the memory of the result", () => {
  test("reads a view from its byte offset on", () => {
    const floats = Float32Array.from({ length: 10 }, (_, i) => i).subarray(3, 9);
    expect(floats.byteOffset).toBe(12);
    expect([...dense({ data: floats, shape: [2, 3] }).data]).toEqual([3, 4, 5, 6, 7, 8]);
    const bytes = Uint8Array.from({ length: 10 }, (_, i) => i).subarray(5, 9);
    expect([...dense({ data: bytes, shape: [2, 2] }).data]).toEqual([5, 6, 7, 8]);
  });

  test("is a copy: the input is left as it was, and may change afterwards", () => {
    const makers = [() => Float32Array.of(1, 2), () => Uint8Array.of(1, 2), () => Float64Array.of(1, 2), () => [1, 2]];
    for (const make of makers) {
      for (const wrap of [(data: unknown) => ({ data, shape: [1, 2] }), (data: unknown) => [data]]) {
        const data = make();
        const matrix = dense(wrap(data) as MatrixLike);
        expect(data).toEqual(make());
        data[0] = 99;
        expect([...matrix.data]).toEqual([1, 2]);
      }
    }
  });

  test("is not shared where the input's memory is", () => {
    const floats = new Float32Array(new SharedArrayBuffer(16));
    floats.set([1, 2, 3, 4]);
    const bytes = new Uint8Array(new SharedArrayBuffer(4));
    bytes.set([5, 6, 7, 8]);
    for (const data of [floats, bytes]) {
      for (const matrix of [dense({ data, shape: [2, 2] }), dense([data])]) {
        expect([...matrix.data]).toEqual([...data]);
        expect(matrix.data.buffer).toBeInstanceOf(ArrayBuffer);
      }
    }
  });

  test("does not depend on which frame made the input", async () => {
    const { runInNewContext } = await import("node:vm");
    const foreign = runInNewContext("({ data: Float32Array.of(1, 2), shape: [1, 2] })") as MatrixLike;
    expect((foreign as { data: unknown }).data).not.toBeInstanceOf(Float32Array);
    expect([...dense(foreign).data]).toEqual([1, 2]);
  });
});
