import { describe, expect, test } from "vitest";
import type { ColumnMomentsArguments } from "../../../../src/ops/column-moments.js";
import { columnMoments } from "../../../../src/ops/column-moments.js";
import { hostMatrix } from "../../../../src/ops/host-matrix.js";
import type { HostMatrix, On } from "../../../../src/ops/op.js";
import { expectSameBits } from "../../../support/compare.js";
import { f32Matrix, f32Vector } from "../../../support/op-cases.js";
import { randomBytes, randomHalves, randomValues, randomWeights } from "../../../support/random-matrix.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

type Arguments = On<ColumnMomentsArguments, HostMatrix>;

const STORED: Readonly<Record<string, (rows: number, columns: number) => HostMatrix>> = {
  floats: (rows, columns) => f32Matrix(rows, columns, randomValues(rows * columns, rows)),
  bytes: (rows, columns) => hostMatrix(randomBytes(rows * columns, rows), rows, columns, 1 / 255, -0.25),
  "plain bytes": (rows, columns) => hostMatrix(randomBytes(rows * columns, rows), rows, columns),
  halves: (rows, columns) => hostMatrix(randomHalves(rows * columns, rows), rows, columns, 0.5, 2),
};

function referenceOut(args: Arguments): Float32Array {
  const out = { ...args.out, data: new Float32Array(args.out.data.length) };
  columnMoments.reference({ ...args, out });
  return out.data;
}

describe.each(BUILDS)("%s column moments", (build) => {
  test.each([
    [1, 1],
    [5, 3],
    [64, 4],
    [33, 5],
    [257, 9],
    [2003, 7],
    [7, 1031],
  ])("%d rows × %d columns have the reference's bits, however they are sliced", (rows, columns) => {
    for (const [name, make] of Object.entries(STORED)) {
      for (const rowWeight of [undefined, f32Vector(randomWeights(rows, 7))]) {
        const args = { x: make(rows, columns), rowWeight, out: f32Matrix(3, columns) };
        const expected = referenceOut(args);
        for (const run of [{}, { slice: 45, growing: true }]) {
          const { out } = simdOutputs(columnMoments, args, { build, ...run });
          expectSameBits(out as Float32Array, expected, name);
        }
      }
    }
  });

  test("a row of weight 0 may hold anything", () => {
    const x = f32Matrix(4, 3, randomValues(12, 1));
    x.data.fill(Number.NaN, 3, 6);
    const args = { x, rowWeight: f32Vector([1, 0, 2, 1]), out: f32Matrix(3, 3) };
    const { out } = simdOutputs(columnMoments, args, { build });
    expect(Array.from(out).every(Number.isFinite)).toBe(true);
    expectSameBits(out as Float32Array, referenceOut(args));
  });
});
