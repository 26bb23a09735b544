import { expect, test } from "vitest";
import { denseMatrix, type FeatureStorage, type MatrixLike, toDenseMatrix } from "../../../src/data/matrix.js";
import { type InPieces, PIECE } from "../../../src/data/pieces.js";
import { DataError } from "../../../src/errors.js";
import { toHalf } from "../../../src/half-float.js";

const COLUMNS = 64;
const ROWS = (3 * PIECE) / COLUMNS + 5;
const LENGTH = ROWS * COLUMNS;
const shape = [ROWS, COLUMNS];

const floats = (): Float32Array => Float32Array.from({ length: LENGTH }, (_, i) => (i % 1009) / 8);

const MATRICES: Readonly<Record<string, () => readonly [MatrixLike, FeatureStorage]>> = {
  floats: () => [{ data: floats(), shape }, "auto"],
  "scaled floats": () => [{ data: floats(), shape, scale: 3, offset: 1 }, "auto"],
  "float64 as halves": () => [{ data: Float64Array.from(floats()), shape }, "f16"],
  "floats as bytes": () => [{ data: floats(), shape }, "u8"],
  bytes: () => [{ data: Uint8Array.from(floats()), shape, scale: 1 / 255 }, "auto"],
  "bytes as halves": () => [{ data: Uint8Array.from(floats()), shape }, "f16"],
  halves: () => [{ data: Uint16Array.from(floats(), toHalf), shape, type: "float16" }, "auto"],
  "plain numbers": () => [{ data: [...floats()], shape } as unknown as MatrixLike, "auto"],
  rows: () => {
    const all = floats();
    return [Array.from({ length: ROWS }, (_, i) => all.subarray(i * COLUMNS, (i + 1) * COLUMNS)), "auto"];
  },
};

/** The result, and how many pauses there were before it. */
function paused<Result>(work: InPieces<Result>, atPause: (pause: number) => void = () => undefined): [Result, number] {
  let pauses = 0;
  for (;;) {
    const step = work.next();
    if (step.done) return [step.value, pauses];
    atPause(++pauses);
  }
}

test.each(Object.keys(MATRICES))("%s, with pauses, become what they become at once", (name) => {
  const [given, storage] = MATRICES[name]();
  const [matrix, pauses] = paused(denseMatrix(given, "fit", "X", storage));
  expect(pauses).toBeGreaterThanOrEqual(3);
  const expected = toDenseMatrix(given, "fit", "X", storage);
  expect({ ...matrix, data: matrix.data.length }).toEqual({ ...expected, data: LENGTH });
  expect(matrix.data.every((value, i) => value === expected.data[i])).toBe(true);
});

test("a matrix of one piece is copied without a pause", () => {
  const data = new Float32Array(PIECE);
  expect(paused(denseMatrix({ data, shape: [PIECE / COLUMNS, COLUMNS] }, "fit", "X", "auto"))[1]).toBe(0);
});

test.each(["floats", "halves", "floats as bytes", "float64 as halves", "plain numbers"])(
  "a fault in the last piece of %s is named by row and column",
  (name) => {
    const [given, storage] = MATRICES[name]();
    const { data } = given as unknown as { data: number[] };
    data[LENGTH - 3] = name === "halves" ? 0x7e00 : Number.NaN;
    let pauses = 0;
    expect(() => paused(denseMatrix(given, "fit", "X", storage), (pause) => (pauses = pause))).toThrow(
      `fit: X contains NaN at row ${ROWS - 1}, column ${COLUMNS - 3}`,
    );
    expect(pauses).toBeGreaterThanOrEqual(3);
  },
);

test.each(["floats", "bytes", "floats as bytes", "rows"])("%s that are transferred in a pause are refused", (name) => {
  const [given, storage] = MATRICES[name]();
  const memory = Array.isArray(given)
    ? (given[0] as Float32Array)
    : ((given as { data: unknown }).data as Float32Array);
  const work = denseMatrix(given, "fit", "X", storage);
  let error: unknown;
  try {
    paused(work, (pause) => {
      if (pause === 2) structuredClone(null, { transfer: [memory.buffer as ArrayBuffer] });
    });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(DataError);
  expect(error).toMatchObject({ code: "DETACHED_BUFFER" });
});
