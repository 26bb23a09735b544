import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldsOf, foldWeights } from "../../../src/model/folds.js";
import type { EncodedLabels } from "../../../src/model/labels.js";
import { chooseScores, foldScores, penaltyScore } from "../../../src/model/penalty-scores.js";

const labels = (indices: readonly number[], k = 3): EncodedLabels => ({
  kind: "labels",
  classes: Array.from({ length: k }, (_, j) => j),
  indices: Int32Array.from(indices),
});

const deal = (
  indices: readonly number[],
  folds: number,
  more: { stratified?: boolean; seed?: number } = {},
): Int32Array => foldsOf(labels(indices), undefined, { folds, stratified: true, seed: 0, ...more }, "test").foldOf;

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe("folds", () => {
  test("differ by one row at most, in all and in each class", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 80 }),
        fc.integer({ min: 2, max: 6 }),
        fc.integer(),
        (indices, folds, seed) => {
          const foldOf = deal(indices, folds, { seed });
          const count = (rows: (row: number) => boolean): number[] =>
            Array.from({ length: folds }, (_, fold) => foldOf.filter((f, row) => f === fold && rows(row)).length);
          expect(spread(count(() => true))).toBeLessThanOrEqual(1);
          for (const j of [0, 1, 2]) expect(spread(count((row) => indices[row] === j))).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("are drawn by the seed", () => {
    const indices = Array.from({ length: 40 }, (_, row) => row % 3);
    expect(deal(indices, 4, { seed: 1 })).toEqual(deal(indices, 4, { seed: 1 }));
    expect(deal(indices, 4, { seed: 1 })).not.toEqual(deal(indices, 4, { seed: 2 }));
    expect(deal(indices, 4, { stratified: false })).not.toEqual(deal(indices, 4));
  });

  test("leave rows out that do not count", () => {
    const weights = Float32Array.of(1, 0, 2, 1, 0, 1);
    const { foldOf } = foldsOf(labels([0, 0, 1, 1, 2, 2]), weights, { folds: 2, stratified: true, seed: 3 }, "test");
    expect([foldOf[1], foldOf[4]]).toEqual([-1, -1]);
    const fold = foldWeights(foldOf, weights, 0, "fold");
    const others = foldWeights(foldOf, weights, 0, "others");
    expect(fold.map((w, row) => w + others[row])).toEqual(weights);
  });

  test.each([
    [[0, 0, 0, 0], "fold 0 with 4"],
    [[-1, -1, -1, -1], "got 0"],
    [[0, 2, 0, 2], "fold 1 with 0"],
    [[0, 1, 0], "got 3 numbers of which 0 are none"],
    [[0, 1, 0.5, 1], "got 4 numbers of which 1 are none"],
    [[0, 1, 4, 1], "got 4 numbers of which 1 are none"],
    [5, "fold 4 with 0"],
  ])("%j of 4 rows are refused", (folds, reason) => {
    const given = { folds, stratified: true, seed: 0 };
    expect(() => foldsOf(labels([0, 1, 0, 1]), undefined, given, "test")).toThrow(reason);
  });
});

describe("the choice of a penalty", () => {
  const scores = (l2: number, losses: readonly number[]) =>
    penaltyScore(
      l2,
      losses.map((logLoss) => ({ logLoss, accuracy: 1 - logLoss })),
      [],
    );

  test("mean and standard error are those of the definition", () => {
    // Deviations −1, 0, 1: a variance of 1 over 3 folds.
    expect(foldScores([1, 2, 3])).toEqual({ folds: [1, 2, 3], mean: 2, standardError: Math.sqrt(1 / 3) });
  });

  test("the best mean, and the largest penalty within one standard error of it", () => {
    const all = [
      scores(1, [0.9, 0.9]),
      scores(0.1, [0.34, 0.26]),
      scores(0.01, [0.33, 0.23]),
      scores(1e-3, [0.4, 0.3]),
    ];
    for (const scoring of ["logLoss", "accuracy"] as const) {
      const { best, oneStandardError } = chooseScores(all, scoring);
      expect([best.l2, oneStandardError.l2]).toEqual([0.01, 0.1]);
    }
  });

  test("of equal means the larger penalty; a mean that is no number is the worst", () => {
    const all = [scores(1, [Number.NaN, 0]), scores(1e-3, [0.5, 0.5]), scores(1e-2, [0.5, 0.5])];
    const { best, oneStandardError } = chooseScores(all, "logLoss");
    expect([best.l2, oneStandardError.l2]).toEqual([1e-2, 1e-2]);
  });
});
