import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SparseData } from "../../../src/data/matrix.js";
import { toSparseMatrix } from "../../../src/data/matrix.js";
import { atOnce } from "../../../src/data/pieces.js";
import { sparseRowRange, sparseRows } from "../../../src/data/sparse-matrix.js";
import { DataError, OptionError, ShapeError } from "../../../src/errors.js";
import { denseOf } from "../../support/sparse-cases.js";
import { expectFault } from "./fault.js";

const sparse = (x: unknown, storage?: "auto" | "f32" | "f16" | "u8") =>
  toSparseMatrix(x as SparseData, "fit", "X", storage);

/** [[1, 0, 2], [0, 0, 0], [0, 3, 0]] */
const PLAIN = { data: [1, 2, 3], indices: [0, 2, 1], indptr: [0, 2, 2, 3], shape: [3, 3] };

/** Rows of entries in any order, some of them twice, some zero. */
const matrices = fc
  .record({ rows: fc.integer({ min: 1, max: 9 }), columns: fc.integer({ min: 1, max: 9 }) })
  .chain(({ rows, columns }) => {
    const entry = fc.tuple(fc.nat(columns - 1), fc.integer({ min: -4, max: 4 }));
    const row = fc.array(entry, { maxLength: 12 });
    return fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      lines: fc.array(row, { minLength: rows, maxLength: rows }),
    });
  });

const csr = ({ rows, columns, lines }: { rows: number; columns: number; lines: [number, number][][] }): SparseData => {
  const indptr = [0];
  for (const line of lines) indptr.push((indptr.at(-1) as number) + line.length);
  const all = lines.flat();
  return { data: all.map(([, v]) => v), indices: all.map(([column]) => column), indptr, shape: [rows, columns] };
};

describe("what comes in", () => {
  test("means what SciPy means by it: entries of one place add up", () => {
    fc.assert(
      fc.property(matrices, (given) => {
        const m = sparse(csr(given));
        const expected = new Float32Array(given.rows * given.columns);
        given.lines.forEach((line, i) => {
          for (const [column, value] of line) expected[i * given.columns + column] += value;
        });
        expect(denseOf(m)).toEqual(expected);
      }),
    );
  });

  test("stands in the order of its columns, each once, without zeros", () => {
    fc.assert(
      fc.property(matrices, (given) => {
        const { values, indices, starts, rows } = sparse(csr(given));
        expect(starts).toHaveLength(rows + 1);
        expect([starts[0], starts[rows]]).toEqual([0, values.length]);
        expect(indices).toHaveLength(values.length);
        expect(values.every((value) => value !== 0)).toBe(true);
        for (let i = 0; i < rows; i++) {
          for (let p = starts[i] + 1; p < starts[i + 1]; p++) expect(indices[p]).toBeGreaterThan(indices[p - 1]);
        }
      }),
    );
  });

  test("is the same in whatever arrays it comes, and is not touched", () => {
    fc.assert(
      fc.property(matrices, (given) => {
        const x = csr(given);
        const expected = sparse(x);
        const typed = {
          data: Int8Array.from(x.data),
          indices: Uint16Array.from(x.indices),
          indptr: Float64Array.from(x.indptr),
          dims: x.shape,
        };
        const before = structuredClone(typed);
        const m = sparse(typed);
        expect(m).toEqual(expected);
        m.values.fill(9);
        expect(typed).toEqual(before);
      }),
    );
  });

  test("rows in any order, and a run of rows", () => {
    fc.assert(
      fc.property(matrices, fc.array(fc.nat(8), { minLength: 1 }), (given, wanted) => {
        const m = sparse(csr(given));
        const rows = Int32Array.from(wanted, (row) => row % m.rows);
        const dense = denseOf(m);
        const line = (i: number): number[] => [...dense.subarray(i * m.columns, (i + 1) * m.columns)];
        expect([...denseOf(atOnce(sparseRows(m, rows)))]).toEqual([...rows].flatMap(line));
        const first = rows[0] as number;
        const range = sparseRowRange(m, first, m.rows - first);
        expect([...denseOf(range)]).toEqual([...dense.subarray(first * m.columns)]);
      }),
    );
  });

  test("values are rounded once, after they have been added up", () => {
    const m = sparse({ data: [1, 2 ** -24, 2 ** -24], indices: [0, 0, 0], indptr: [0, 3], shape: [1, 1] });
    expect([...m.values]).toEqual([1 + 2 ** -23]);
  });

  test("nothing but zeros", () => {
    expect(sparse({ data: [], indices: [], indptr: [0, 0], shape: [1, 5] }).values).toHaveLength(0);
  });
});

describe("what is refused", () => {
  test.for<readonly [string, Partial<Record<keyof SparseData, unknown>>, readonly string[]]>([
    ["a start that falls", { indptr: [0, 2, 1, 3] }, ["indptr falls", "at 2", "at least 2, got 1"]],
    ["a start that is no integer", { indptr: [0, 1.5, 2, 3] }, ["at 1", "got 1.5"]],
    ["a first start that is not 0", { indptr: [1, 2, 2, 3] }, ["does not begin with 0", "got 1"]],
    ["a last start that is not the number of values", { indptr: [0, 2, 2, 2] }, ["expected 3, got 2"]],
    ["too few starts", { indptr: [0, 3] }, ["expected 4, one more than rows, got 2"]],
    ["indices and data of different length", { indices: [0, 2] }, ["expected 3 indices, got 2"]],
    ["a column beyond the last", { indices: [0, 2, 3] }, ["row 2", "0 … 2, got 3"]],
    ["a negative column", { indices: [0, -1, 1] }, ["row 0", "got -1"]],
    ["a column that is no integer", { indices: [0.5, 2, 1] }, ["row 0", "got 0.5"]],
    ["a shape of three sizes", { shape: [3, 3, 1] }, ["expected the shape [rows, columns], got [3, 3, 1]"]],
    ["too many columns", { shape: [3, 2 ** 31] }, ["too many columns"]],
  ])("%s", ([, part, told]) => {
    expectFault(() => sparse({ ...PLAIN, ...part }), ShapeError, "SHAPE_MISMATCH", "fit", ...told);
  });

  test.for([Number.NaN, Number.POSITIVE_INFINITY, -1e39])("%f, with its row and column", (value) => {
    const x = { ...PLAIN, data: [1, 2, value] };
    expectFault(() => sparse(x), DataError, "NON_FINITE_INPUT", "row 2, column 1", String(value));
  });

  test("values that add up to more than float32 holds", () => {
    const x = { data: [3e38, 3e38], indices: [4, 4], indptr: [0, 0, 2], shape: [2, 7] };
    expectFault(() => sparse(x), DataError, "NON_FINITE_INPUT", "row 1, column 4", "too large for float32");
  });

  test("what holds no numbers", () => {
    const big = { ...PLAIN, indices: BigInt64Array.of(0n, 2n, 1n) };
    expectFault(() => sparse(big), DataError, "UNSUPPORTED_TYPE", "indices of X", "a BigInt64Array of length 3");
    expectFault(() => sparse({ ...PLAIN, data: "123" }), DataError, "UNSUPPORTED_TYPE", "data of X");
    expectFault(() => sparse({ ...PLAIN, data: [1, "2", 3] }), DataError, "UNSUPPORTED_TYPE", "row 0, column 2");
    expectFault(() => sparse({ indptr: [0] }), DataError, "UNSUPPORTED_TYPE", "data of X", "got undefined");
  });

  test("no rows, no columns, and other storage than float32", () => {
    const none = { data: [], indices: [], indptr: [0], shape: [0, 3] };
    expectFault(() => sparse(none), DataError, "EMPTY_INPUT", "got 0 × 3");
    expectFault(() => sparse(PLAIN, "f16"), OptionError, "BAD_OPTION", '"f32", got the string "f16"');
    expect(sparse(PLAIN, "f32")).toEqual(sparse(PLAIN));
  });
});
