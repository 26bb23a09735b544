import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { flattenRows, type IdxArray, readIdx } from "../../../src/data/idx.js";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { ShapeError } from "../../../src/errors.js";
import { expectFault } from "./fault.js";
import { streamOf, writeIdx } from "./idx-file.js";

/** Arrays of every element type and of rank 1 to 4, empty dimensions among them. */
const arrays: fc.Arbitrary<IdxArray> = fc
  .array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 })
  .chain((shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const exactly = { minLength: size, maxLength: size };
    return fc.record({
      shape: fc.constant(shape),
      data: fc.oneof(
        fc.uint8Array(exactly),
        fc.int8Array(exactly),
        fc.int16Array(exactly),
        fc.int32Array(exactly),
        fc.float32Array(exactly),
        fc.float64Array(exactly),
      ),
    });
  });

describe("readIdx", () => {
  test("gives back what was written, of every type, plain and gzipped, from every source", async () => {
    await fc.assert(
      fc.asyncProperty(arrays, fc.integer({ min: 1, max: 40 }), async (array, pieceBytes) => {
        const plain = writeIdx(array);
        const zipped = new Uint8Array(gzipSync(plain));
        for (const file of [plain, zipped]) {
          const padded = new Uint8Array(file.length + 7);
          padded.set(file, 3);
          const sources = [
            file,
            file.buffer,
            padded.subarray(3, 3 + file.length),
            new Blob([file]),
            new Response(file),
            streamOf(file, pieceBytes).stream,
          ];
          for (const source of sources) {
            const { data, shape } = await readIdx(source);
            expect(shape).toEqual(array.shape);
            expect(data).toEqual(array.data);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test("the result owns its memory", async () => {
    const file = writeIdx({ data: Uint8Array.of(1, 2, 3), shape: [3] });
    const { data } = await readIdx(file);
    file.fill(99);
    expect([...data]).toEqual([1, 2, 3]);
  });

  test("reads shared memory, plain and gzipped", async () => {
    const plain = writeIdx({ data: Int16Array.of(-2, 300), shape: [2] });
    for (const file of [plain, gzipSync(plain)]) {
      const shared = new Uint8Array(new SharedArrayBuffer(file.length));
      shared.set(file);
      expect([...(await readIdx(shared)).data]).toEqual([-2, 300]);
    }
  });

  test("accepts a file of exactly maxBytes", async () => {
    const file = writeIdx({ data: new Float32Array(6), shape: [2, 3] });
    expect((await readIdx(file, { maxBytes: 24 })).data).toHaveLength(6);
  });

  test("gets large gzipped files whole, although they are inflated piece by piece", async () => {
    const data = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >>> 7);
    const file = writeIdx({ data, shape: [3000, 1000] });
    const read = await readIdx(new Uint8Array(gzipSync(file)));
    expect(Buffer.compare(read.data as Uint8Array, data)).toBe(0);
  });
});

describe("flattenRows", () => {
  test("keeps the rows, their order and the memory", () => {
    const size = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 4 }), (shape) => {
        const length = shape.reduce((product, axis) => product * axis, 1);
        const data = Uint8Array.from({ length }, (_, i) => i);
        const flat = flattenRows({ data, shape });
        expect(flat.data).toBe(data);
        expect(flat.shape).toEqual([shape[0], length / shape[0]]);
        expect(toDenseMatrix(flat, "fit", "X")).toMatchObject({ data, rows: shape[0], columns: length / shape[0] });
      }),
    );
  });

  test("refuses an array without dimensions", () => {
    for (const odd of [{ data: new Uint8Array(1), shape: [] }, null, 1, "x", [], { shape: 3 }]) {
      expectFault(() => flattenRows(odd as never), ShapeError, "SHAPE_MISMATCH");
    }
  });
});
