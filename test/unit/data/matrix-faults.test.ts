import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MatrixLike, toDenseMatrix } from "../../../src/data/matrix.js";
import { DataError, DeviceError, ShapeError } from "../../../src/errors.js";
import { expectFault } from "./fault.js";

/** The compiler refuses most of these; a caller without types does not have it. */
const dense = (input: unknown) => toDenseMatrix(input as MatrixLike, "fit", "X");
const grid = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array<number>(columns).fill(1));

describe("values that are not finite", () => {
  test("NaN at row 17, column 3 is named in full", () => {
    const rows = grid(20, 5);
    rows[17][3] = Number.NaN;
    const error = expectFault(() => dense(rows), DataError, "NON_FINITE_INPUT");
    expect(error.message).toBe("fit: X contains NaN at row 17, column 3. Drop or impute it.");
  });

  test("the first one is found, wherever it is and in whatever form", () => {
    const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e39, -1e300);
    const size = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(size, size, fc.nat(), bad, (rows, columns, where, value) => {
        const index = where % (rows * columns);
        const values = new Float64Array(rows * columns).fill(0.5);
        values[index] = value;
        values[values.length - 1] = value;
        const row = Math.floor(index / columns);
        const place = `row ${row}, column ${index % columns}`;
        const nested = Array.from({ length: rows }, (_, i) => [...values.subarray(i * columns, (i + 1) * columns)]);
        for (const input of [{ data: values, shape: [rows, columns] }, nested]) {
          expectFault(() => dense(input), DataError, "NON_FINITE_INPUT", "fit: X", `${place}`, String(value));
        }
      }),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%d in a Float32Array", (value) => {
    const data = new Float32Array(10_000);
    data[8_765] = value;
    const input = { data, shape: [100, 100], scale: 2, offset: 1 };
    expectFault(() => dense(input), DataError, "NON_FINITE_INPUT", `${value} at row 87, column 65`);
    expectFault(() => dense([data]), DataError, "NON_FINITE_INPUT", `${value} at row 0, column 8765`);
  });

  test("two infinities that cancel are found all the same", () => {
    const row = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
    expectFault(() => dense([row]), DataError, "NON_FINITE_INPUT", "contains Infinity at row 0, column 0");
  });

  test("a float64 beyond float32's range is told from an infinity", () => {
    const message = "too large for float32 at row 0, column 1";
    expectFault(() => dense([[1, 1e39]]), DataError, "NON_FINITE_INPUT", message, "got 1e+39");
    const scaled = { data: Float32Array.of(1, 1e38), shape: [1, 2], scale: 10 };
    expectFault(() => dense(scaled), DataError, "NON_FINITE_INPUT", message, "3.4028235e+38");
    const bytes = { data: Uint8Array.of(1, 2), shape: [1, 2], scale: 1e37 };
    expectFault(() => dense(bytes), DataError, "NON_FINITE_INPUT", "too large for float32");
  });

  test.each(["scale", "offset"])("a %s that is no finite number", (part) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const input = { data: Uint8Array.of(1), shape: [1, 1], [part]: value };
      expectFault(() => dense(input), DataError, "NON_FINITE_INPUT", `the ${part} of X`, `got ${value}`);
    }
    const input = { data: Uint8Array.of(1), shape: [1, 1], [part]: "1" };
    expectFault(() => dense(input), DataError, "UNSUPPORTED_TYPE", `the ${part} of X`, 'the string "1"');
  });
});

describe("shapes that do not fit", () => {
  test("ragged rows name the row", () => {
    const rows = grid(6, 4);
    rows[5].push(1);
    expectFault(() => dense(rows), ShapeError, "RAGGED_ROWS", "expected 4 values in row 5", "got 5");
    expectFault(() => dense([Float32Array.of(1), new Float32Array(0)]), ShapeError, "RAGGED_ROWS", "row 1", "got 0");
  });

  test.each([
    ["no rows", []],
    ["rows without features", [[], []]],
    ["typed rows without features", [new Float32Array(0)]],
    ["a shape of no rows", { data: new Float32Array(0), shape: [0, 784] }],
    ["a shape of no columns", { data: [], shape: [3, 0] }],
  ])("%s", (_, input) => {
    expectFault(() => dense(input), DataError, "EMPTY_INPUT", "fit: X is empty", "at least one row and one column");
  });

  test("a length that does not fill the shape", () => {
    const input = { data: new Float32Array(11), shape: [3, 4] };
    expectFault(() => dense(input), ShapeError, "SHAPE_MISMATCH", "expected 3 × 4 = 12 values, got 11");
  });

  test.each([[[12]], [[3, 2, 2]], [[]]])("a rank other than 2: %j", (shape) => {
    const input = { data: new Float32Array(12), shape };
    expectFault(() => dense(input), ShapeError, "SHAPE_MISMATCH", "[rows, columns]", `got [${shape.join(", ")}]`);
  });

  test.each([[[1.5, 8]], [[-3, -4]], [[Number.NaN, 1]], [["3", 4]], ["3,4"], [undefined], [[2 ** 60, 1]]])(
    "sizes that are none: %j",
    (shape) => {
      const input = { data: new Float32Array(12), shape };
      expectFault(() => dense(input), ShapeError, "SHAPE_MISMATCH", "the shape of X");
    },
  );

  test("a flat array says how to give it a shape", () => {
    expectFault(() => dense([1, 2, 3]), ShapeError, "SHAPE_MISMATCH", "the number 1 at index 0", "[X] for one row");
    expectFault(() => dense(new Float32Array(3)), ShapeError, "SHAPE_MISMATCH", "a Float32Array of length 3");
  });
});

describe("types that hold no numbers", () => {
  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a string", "1,2,3"],
    ["a number", 5],
    ["a function", () => [[1]]],
    ["an object of another kind", { rows: 1 }],
    ["a bare BigInt64Array", BigInt64Array.of(1n)],
    ["data: BigInt64Array", { data: BigInt64Array.of(1n), shape: [1, 1] }],
    ["data: BigUint64Array", { data: BigUint64Array.of(1n), dims: [1, 1] }],
    ["data: a string", { data: "1", shape: [1, 1] }],
    ["data: null", { data: null, shape: [1, 1] }],
    ["data: DataView", { data: new DataView(new ArrayBuffer(1)), shape: [1, 1] }],
    ["rows of bigints", [BigInt64Array.of(1n)]],
    ["rows of strings", ["abc"]],
    ["a row that is null", [[1], null]],
    ["half floats that are none", { data: Uint8Array.of(60), dims: [1, 1], type: "float16" }],
    ["half floats in a plain array", { data: [15360], shape: [1, 1], type: "f16" }],
  ])("%s", (_, input) => {
    expectFault(() => dense(input), DataError, "UNSUPPORTED_TYPE", "fit: ", "X", "expected");
  });

  test("a sparse matrix is named as such", () => {
    const sparse = { data: [1], indices: [0], indptr: [0, 1], shape: [1, 1] };
    expectFault(() => dense(sparse), DataError, "UNSUPPORTED_TYPE", "a sparse matrix");
  });

  test.each([
    ["3", 'the string "3"'],
    [null, "null"],
    [undefined, "undefined"],
    [1n, "the bigint 1n"],
    [true, "true"],
  ])("%s among the numbers is named with its place", (value, described) => {
    const nested: unknown[][] = grid(4, 3);
    nested[2][1] = value;
    for (const input of [nested, { data: nested.flat(), shape: [4, 3] }]) {
      expectFault(() => dense(input), DataError, "UNSUPPORTED_TYPE", "row 2, column 1", `got ${described}`);
    }
  });
});

describe("memory that is gone", () => {
  test("a detached buffer", () => {
    const floats = Float32Array.of(1, 2, 3, 4);
    const bytes = Uint8Array.of(1, 2, 3, 4);
    structuredClone([floats, bytes], { transfer: [floats.buffer, bytes.buffer] });
    for (const data of [floats, bytes]) {
      expectFault(() => dense({ data, shape: [2, 2] }), DataError, "DETACHED_BUFFER", "fit: the buffer of X");
      expectFault(() => dense([[1], data]), DataError, "DETACHED_BUFFER", "the buffer of row 1 of X");
    }
  });
});

test("more numbers than a page can hold", () => {
  // One long row, a million times over: the caller's own memory stays small.
  const rows = (row: Float32Array | Uint8Array) => new Array(1_000_000).fill(row);
  for (const row of [new Float32Array(1_000_000), new Uint8Array(10_000_000)]) {
    expectFault(() => dense(rows(row)), DeviceError, "OUT_OF_MEMORY", "fit: ", "1000000 × ");
  }
});

test("an object that cannot be looked into", () => {
  const tag = {
    get [Symbol.toStringTag](): string {
      throw new Error("no");
    },
  };
  expectFault(() => dense(tag), DataError, "UNSUPPORTED_TYPE", "cannot be looked into");
});
