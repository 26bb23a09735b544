/** Apache Arrow's own tables and columns at the door. */
import * as arrow from "apache-arrow";
import { describe, expect, test } from "vitest";
import { toDenseMatrix } from "../../../src/data/matrix.js";
import { SoftmaxRegression } from "../../../src/index.js";
import { encodeLabels } from "../../../src/model/labels.js";

const dense = (table: arrow.Table, storage?: "f16" | "u8") => toDenseMatrix(table, "fit", "X", storage);
/** Through a file's bytes, as a table arrives. */
const sent = <T extends arrow.TypeMap>(table: arrow.Table<T>): arrow.Table<T> =>
  arrow.tableFromIPC(arrow.tableToIPC(table)) as arrow.Table<T>;

const ROWS = 1000;
const a = Float32Array.from({ length: ROWS }, (_, i) => Math.sin(i));
const b = Int16Array.from({ length: ROWS }, (_, i) => i - 500);
const c = Float64Array.from({ length: ROWS }, (_, i) => Math.cos(i) * 1e-3);
const kinds = Array.from({ length: ROWS }, (_, i) => ["setosa", "versicolor", "virginica"][i % 3]);
const expected = Array.from({ length: ROWS }, (_, i) => [a[i], b[i], Math.fround(c[i])]).flat();

describe("X from a table", () => {
  test("columns of floats and integers, one chunk or several, sliced or not", () => {
    const whole = sent(arrow.tableFromArrays({ a, b, c }));
    expect([...dense(whole).data]).toEqual(expected);
    const parts = [whole.slice(0, 137), whole.slice(137, 138), whole.slice(138)];
    const chunked = parts[0].concat(...parts.slice(1));
    expect(chunked.getChildAt(0)?.data.length).toBe(3);
    const matrix = dense(chunked);
    expect(matrix).toMatchObject({ rows: ROWS, columns: 3, scale: 1, offset: 0 });
    expect([...matrix.data]).toEqual(expected);
    expect([...dense(chunked.slice(100, 300)).data]).toEqual(expected.slice(300, 900));
    expect([...dense(chunked.select(["c", "a"])).data.slice(0, 2)]).toEqual([Math.fround(c[0]), a[0]]);
  });

  test("64-bit integers, half floats and bytes are the numbers that they tell", () => {
    const halves = arrow.vectorFromArray([0.5, -2], new arrow.Float16());
    const table = new arrow.Table({
      big: arrow.vectorFromArray([3n, -(2n ** 40n)]),
      halves,
      bytes: arrow.vectorFromArray([7, 255], new arrow.Uint8()),
    });
    expect([...dense(table).data]).toEqual([3, 0.5, 7, -(2 ** 40), -2, 255]);
  });

  test("stored as asked", () => {
    const table = arrow.tableFromArrays({ a: Float32Array.of(0, 0.5), b: Float32Array.of(1, 0.25) });
    expect(dense(table, "f16").data).toEqual(Uint16Array.of(0, 0x3c00, 0x3800, 0x3400));
    expect(dense(table, "u8").data).toBeInstanceOf(Uint8Array);
  });

  test("what is missing or no number is told with row and column", () => {
    const gaps = new arrow.Table({ a: arrow.vectorFromArray([1, 2, 3]), b: arrow.vectorFromArray([1, null, 3]) });
    expect(() => dense(sent(gaps))).toThrow(
      'fit: X has no value at row 1, column 1 ("b"): expected a finite number, got null.',
    );
    const texts = arrow.tableFromArrays({ a: [1, 2], kind: ["x", "y"] });
    expect(() => dense(texts)).toThrow(
      /^fit: column 1 \("kind"\) of X is no column of numbers.*the string "x" at row 0 \(Dictionary/,
    );
    const nan = arrow.tableFromArrays({ a: Float32Array.of(1, 2), b: Float32Array.of(1, Number.NaN) });
    expect(() => dense(nan)).toThrow("fit: X contains NaN at row 1, column 1.");
    expect(() => dense(arrow.tableFromArrays({ a: Float64Array.of(1e300) }))).toThrow("too large for float32");
    expect(() => dense(new arrow.Table({ a: arrow.vectorFromArray([2n ** 60n]) }))).toThrow("no column of numbers");
    expect(() => dense(arrow.tableFromArrays({ a: new Float32Array(0) }))).toThrow(
      expect.objectContaining({ code: "EMPTY_INPUT" }),
    );
  });
});

/** A column that is no more than an interface asks for. */
const plain = (...values: unknown[]) => Object.assign(values, { get: (row: number) => values[row] });
const tableOf = (columns: readonly unknown[], numRows: unknown = 2, schema: unknown = undefined): never =>
  ({
    numRows,
    schema: schema === undefined ? { fields: columns.map((_, i) => ({ name: `c${i}` })) } : schema,
    getChildAt: (i: number) => columns[i],
  }) as never;

describe("tables of other makers", () => {
  test("rows may be counted by a bigint, chunks may not be shown, dictionaries may hold numbers", () => {
    expect([...dense(tableOf([plain(1, 2), plain(3n, 4n)], 2n)).data]).toEqual([1, 3, 2, 4]);
    expect([
      ...dense(tableOf([Object.assign(plain(1, 2), { data: "no list", type: "Float32", nullCount: 0 })])).data,
    ]).toEqual([1, 2]);
    const levels = arrow.vectorFromArray([0.5, 2, 0.5], new arrow.Dictionary(new arrow.Float64(), new arrow.Int8()));
    expect([...dense(sent(new arrow.Table({ levels }))).data]).toEqual([0.5, 2, 0.5]);
    const parts = new arrow.Table({ levels }).concat(new arrow.Table({ levels }));
    expect([...dense(parts).data]).toEqual([0.5, 2, 0.5, 0.5, 2, 0.5]);
    // A chunk's memory may be longer than the chunk.
    const chunk = { length: 2, values: Float32Array.of(1, 2, 99) };
    const column = Object.assign(plain(1, 2), { data: [chunk], type: "Float32", nullCount: 0 });
    expect([...dense(tableOf([column])).data]).toEqual([1, 2]);
  });

  test("what does not fit together is told", () => {
    const fault = (table: never) => expect(() => dense(table));
    fault(tableOf([plain(1, 2)], 2, null)).toThrow(
      "fit: the schema of the table X cannot be used: expected { fields: [{ name }, …] }, got null.",
    );
    fault(tableOf([plain(1, 2)], "2")).toThrow("the numRows of the table X cannot be used");
    fault(tableOf([plain(1, 2)], Number.NaN)).toThrow("the numRows of the table X cannot be used");
    fault(tableOf([plain(1, 2)], 2n ** 70n)).toThrow("the numRows of the table X cannot be used");
    fault(tableOf([])).toThrow(expect.objectContaining({ code: "EMPTY_INPUT" }));
    fault(tableOf([plain(1, 2), plain(1)])).toThrow(
      'column 1 ("c1") of X has another length than the table: expected 2, got 1.',
    );
    fault(tableOf([plain(1, 2), null])).toThrow("expected 2, got no column.");
    const short = Object.assign(plain(1, 2), { data: [{ length: 1, values: Float32Array.of(1) }] });
    fault(tableOf([short])).toThrow("expected 2, got 1.");
    const thrown = new Error("closed");
    const broken = Object.assign(plain(1, 2), {
      get: () => {
        throw thrown;
      },
    });
    fault(tableOf([broken])).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED_TYPE",
        message: expect.stringContaining("fit: X cannot be read"),
        cause: thrown,
      }),
    );
  });
});

describe("y from a column", () => {
  const encode = (y: arrow.Vector, options = {}) => encodeLabels(y, y.length, { where: "fit", ...options });

  test("texts with a dictionary, texts without, numbers, truth values", () => {
    const table = sent(arrow.tableFromArrays({ kinds }));
    const column = table.getChild("kinds") as arrow.Vector;
    expect(String(column.type)).toContain("Dictionary");
    const { classes, indices } = encode(column) as { classes: unknown[]; indices: Int32Array };
    expect(classes).toEqual(["setosa", "versicolor", "virginica"]);
    expect([...indices]).toEqual(kinds.map((kind) => classes.indexOf(kind)));
    expect(encode(arrow.vectorFromArray(["b", "a"], new arrow.Utf8())).classes).toEqual(["a", "b"]);
    expect(encode(arrow.vectorFromArray([5n, 3n])).classes).toEqual([3, 5]);
    expect(encode(arrow.vectorFromArray([true, false])).classes).toEqual([false, true]);
  });

  test("a label that is missing is told, unless it is to be ignored; another length too", () => {
    const gaps = arrow.vectorFromArray(["a", null, "b"], new arrow.Utf8());
    expect(() => encode(gaps)).toThrow(/row 1/);
    expect(encode(gaps, { ignore: null })).toMatchObject({ classes: ["a", "b"] });
    expect(() => encodeLabels(gaps, 4, { where: "fit" })).toThrow("X and y differ in length");
  });
});

test("a model is fitted on a table as on its rows", async () => {
  const table = sent(arrow.tableFromArrays({ a, b, c, kinds }));
  const model = () => new SoftmaxRegression({ device: "cpu", workers: 0, maxIterations: 30 });
  const [fromTable, fromRows] = [model(), model()];
  await fromTable.fit(table.select(["a", "b", "c"]), table.getChild("kinds") as arrow.Vector);
  await fromRows.fit({ data: Float32Array.from(expected), shape: [ROWS, 3] }, kinds);
  expect(fromTable.coef).toEqual(fromRows.coef);
  expect(await fromTable.predict(table.select(["a", "b", "c"]).slice(0, 3))).toHaveLength(3);
});
