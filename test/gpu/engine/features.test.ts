/** Features stored as asked: what a tensor takes, holds and gives back. */
import { describe, expect } from "vitest";
import { DataError, type Engine, OptionError, type Tensor } from "../../../src/index.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { asHalfArray, halvesOf } from "../../support/half-array.js";
import { randomValues } from "../../support/random-matrix.js";
import { expectFault } from "../../unit/data/fault.js";

/** Rows of every length modulo 4, and more of them than one `writeBuffer` takes at once. */
const SHAPES = [
  [1, 1],
  [5, 2],
  [7, 3],
  [64, 4],
  [65, 5],
  [3_001, 786],
] as const;

const quads = (rows: number, columns: number): number => rows * Math.ceil(columns / 4);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  /** Bytes that `make` uploads; the CPU pads nothing. */
  const uploadOf = (engine: Engine, make: () => Tensor): { t: Tensor; uploaded: number } => {
    const before = engine.stats().uploadBytes;
    const t = make();
    return { t, uploaded: engine.stats().uploadBytes - before };
  };

  test("f16 uploads half of f32 and u8 a quarter, and so much they take", ({ engines }) => {
    const engine = engines[device];
    for (const [rows, columns] of SHAPES) {
      const input = { data: randomValues(rows * columns, 1), shape: [rows, columns] };
      for (const [features, size] of [
        ["auto", 4],
        ["f32", 4],
        ["f16", 2],
        ["u8", 1],
      ] as const) {
        const { bytes } = engine.stats();
        const { t, uploaded } = uploadOf(engine, () => engine.tensor(input, { features }));
        expect(t.type).toBe(features === "auto" ? "f32" : features);
        const values = device === "cpu" ? rows * columns : 4 * quads(rows, columns);
        expect(uploaded, `${rows}×${columns} as ${features}`).toBe(size * values);
        // A buffer of the pool is at most twice as large as what was asked for, and 256 bytes at least.
        if (size < 4) expect(engine.stats().bytes - bytes).toBeLessThanOrEqual(Math.max(256, 2 * size * values));
        t.dispose();
      }
    }
  });

  test("reads the bits of halves: a matrix, its slices and rows, a vector", async ({ engines }) => {
    const engine = engines[device];
    for (const [rows, columns] of SHAPES) {
      const bits = halvesOf(randomValues(rows * columns, 2, -1e4, 1e4));
      using t = engine.tensor({ data: asHalfArray(bits), shape: [rows, columns] });
      expect(t.type).toBe("f16");
      const all = await t.read();
      expect(all).toBeInstanceOf(Uint16Array);
      expectEqualIntegers(all, bits, `${rows}×${columns}`);
      const [first, count] = [Math.floor(rows / 3), Math.ceil(rows / 2)];
      const [slice, row] = await engine.read(t.slice(first, count), t.row(rows - 1));
      expectEqualIntegers(slice, bits.subarray(first * columns, (first + count) * columns), "slice");
      expectEqualIntegers(row, bits.subarray((rows - 1) * columns), "row");
    }
    const bits = halvesOf(randomValues(13, 3));
    using vector = engine.tensor(asHalfArray(bits), { features: "f16" });
    expect([vector.shape, vector.type]).toEqual([[13], "f16"]);
    expectEqualIntegers(await vector.slice(4, 9).read(), bits.subarray(4), "slice of a vector");
  });

  test("empty memory of halves takes bits, or a Float16Array, in whole or in part", async ({ engines }) => {
    const engine = engines[device];
    const bits = halvesOf(randomValues(7 * 5, 4));
    using t = engine.empty([7, 5], "f16", 0.5, 3);
    expect([t.scale, t.offset]).toEqual([0.5, 3]);
    engine.write(t, bits);
    const changed = halvesOf(randomValues(2 * 5, 5));
    engine.write(t.slice(3, 2), asHalfArray(changed));
    const expected = bits.slice();
    expected.set(changed, 15);
    expectEqualIntegers(await t.read(), expected);
    using zeros = engine.zeros([3, 3], "f16");
    expectEqualIntegers(await zeros.read(), new Uint16Array(9));
    using vector = engine.zeros([11], "f16");
    engine.write(vector.slice(4, 4), Uint16Array.of(1, 2, 3, 4));
    expectEqualIntegers(await vector.read(), [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0]);
    expectFault(() => engine.write(t, new Float32Array(35)), DataError, "UNSUPPORTED_TYPE", "Uint16Array", "f16");
  });

  test("auto keeps what is given; vectors are f32 unless asked otherwise", async ({ engines }) => {
    const engine = engines[device];
    const shape = [2, 2];
    const bits = halvesOf([1, 2, 3, 4]);
    const kinds = {
      u8: [{ data: Uint8Array.of(1, 2, 3, 4), shape }, [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]],
      f16: [{ data: bits, dims: shape, type: "float16" }, [asHalfArray(bits.slice(0, 2)), asHalfArray(bits.slice(2))]],
      f32: [
        { data: Int8Array.of(1, 2, 3, 4), shape },
        [
          [1, 2],
          [3, 4],
        ],
        { data: Uint16Array.of(1, 2, 3, 4), shape },
      ],
    };
    for (const [type, inputs] of Object.entries(kinds)) {
      for (const input of inputs) {
        for (const features of ["auto", undefined] as const) {
          using t = engine.tensor(input, features ? { features } : {});
          expect(t.type).toBe(type);
        }
      }
    }
    for (const vector of [asHalfArray(bits.slice()), Uint8Array.of(1, 2, 3, 4), [1, 2, 3, 4]]) {
      using t = engine.tensor(vector);
      expect(t.type).toBe("f32");
      expect([...(await t.read())]).toEqual([1, 2, 3, 4]);
    }
    using labels = engine.tensor(Int32Array.of(1, 2));
    using floats = engine.tensor(Int32Array.of(1, 2), { features: "f32" });
    expect([labels.type, floats.type]).toEqual(["i32", "f32"]);
  });

  test("what cannot be stored so, and what is no storage, is refused and leaves nothing behind", ({ engines }) => {
    const engine = engines[device];
    const { buffers } = engine.stats();
    const large = [[1], [70_000]];
    expectFault(
      () => engine.tensor(large, { features: "f16" }),
      DataError,
      "NON_FINITE_INPUT",
      "tensor: matrix is too large for float16 at row 1, column 0",
      "±65504",
      "got 70000",
    );
    for (const features of ["f64", "F16", 16, null, {}]) {
      const call = () => engine.tensor(large, { features: features as never });
      expectFault(call, OptionError, "BAD_OPTION", "`features`", '"auto", "f32", "f16", "u8"', "got ");
    }
    const misspelt = () => engine.tensor(large, { feature: "f16" } as never);
    expectFault(misspelt, OptionError, "UNKNOWN_OPTION", "Did you mean `features`");
    expectFault(() => engine.empty([2], "f64" as never), DataError, "UNSUPPORTED_TYPE", '"f16"');
    expect(engine.stats().buffers).toBe(buffers);
  });

  test("ops that take f32 alone refuse halves", ({ engines }) => {
    const engine = engines[device];
    using h = engine.zeros([2, 2], "f16");
    using f = engine.zeros([2, 2]);
    for (const call of [() => engine.softmax(h), () => engine.matmul(f, h), () => engine.summarize(h)]) {
      expectFault(call, DataError, "UNSUPPORTED_TYPE", "wrong element type", "got f16");
    }
  });
});
