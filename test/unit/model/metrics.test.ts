import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { accuracy, logLoss } from "../../../src/model/metrics.js";
import { expectFault } from "../data/fault.js";

const pairs = fc
  .array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(4)), { minLength: 1 })
  .filter((rows) => rows.some((r) => r[2] > 0));

describe("accuracy", () => {
  test("is the weighted share of equal pairs", () => {
    expect(accuracy([0, 1, 2, 2], [0, 1, 1, 2])).toBe(0.75);
    expect(accuracy(Int32Array.of(0, 1), Int32Array.of(0, 0), Float32Array.of(3, 1))).toBe(0.75);
    expect(accuracy([1], [1])).toBe(1);
    expect(accuracy([1], [0])).toBe(0);
  });

  test("a weight is the same as so many copies of the row, and 0 the same as its absence", () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const repeated = rows.flatMap(([predicted, target, weight]) =>
          Array.from({ length: weight }, () => [predicted, target] as const),
        );
        const weighted = accuracy(
          rows.map((row) => row[0]),
          rows.map((row) => row[1]),
          rows.map((row) => row[2]),
        );
        expect(weighted).toBe(
          accuracy(
            repeated.map((row) => row[0]),
            repeated.map((row) => row[1]),
          ),
        );
      }),
    );
  });

  test("is exact for more rows than float32 can count", () => {
    const rows = 2 ** 24 + 2;
    const target = new Uint8Array(rows);
    const predicted = new Uint8Array(rows);
    predicted[0] = 1;
    expect(accuracy(predicted, target)).toBe((rows - 1) / rows);
  });

  test("refuses other lengths", () => {
    expectFault(() => accuracy([0], [0, 1]), ShapeError, "SHAPE_MISMATCH", "accuracy: predicted", "expected 2, got 1");
    expectFault(() => accuracy([0], [0], [1, 1]), ShapeError, "SHAPE_MISMATCH", "accuracy: weights");
  });
});

describe("logLoss", () => {
  test("is the mean of −log p of the targets", () => {
    const probabilities = [0.5, 0.5, 0.25, 0.75];
    expect(logLoss(probabilities, 2, [0, 1])).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 15);
    expect(logLoss(probabilities, 2, [0, 1], [3, 1])).toBeCloseTo((3 * Math.log(2) + Math.log(4 / 3)) / 4, 15);
  });

  test("is ln k for uniform probabilities, whatever the targets and weights", () => {
    fc.assert(
      fc.property(pairs, (rows) => {
        const uniform = new Array<number>(4 * rows.length).fill(1 / 4);
        const target = rows.map((row) => row[1]);
        expect(logLoss(uniform, 4, target)).toBeCloseTo(Math.log(4), 12);
        expect(
          logLoss(
            uniform,
            4,
            target,
            rows.map((row) => row[2]),
          ),
        ).toBeCloseTo(Math.log(4), 12);
      }),
    );
  });

  test("is infinite for a probability of 0, unless the row does not count", () => {
    expect(logLoss([0, 1, 1, 0], 2, [0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(logLoss([0, 1, 1, 0], 2, [0, 0], [0, 1])).toBeCloseTo(0, 15);
  });

  test("refuses other lengths", () => {
    expectFault(
      () => logLoss([1, 0], 3, [0]),
      ShapeError,
      "SHAPE_MISMATCH",
      "logLoss: probabilities",
      "expected 3, got 2",
    );
    expectFault(() => logLoss([1, 0], 2, [0], []), ShapeError, "SHAPE_MISMATCH", "logLoss: weights");
  });
});
