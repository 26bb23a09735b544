/**
 * scikit-learn's LogisticRegressionCV on iris with the same folds. J is strongly convex in W with modulus l2: what is left of the
 * gradient bounds how far W is from the optimum, and so a row's loss. No tolerance is by trial.
 */
import { describe, expect } from "vitest";
import { crossValidate } from "../../../src/index.js";
import golden from "../../golden/cross-validation.json" with { type: "json" };
import iris from "../../golden/logistic.json" with { type: "json" };
import { ENGINE_DEVICES, test } from "../../support/device.js";

const [n, d, k] = [150, 4, 3];
const rows = iris.features.map((row) => row.map((value, l) => value - golden.centre[l]));
const LONGEST = Math.max(...rows.map((row) => Math.hypot(...row, 1)));
/** Rounding of a mean of n terms below LONGEST, but for odds of 1 in 1,000 (Higham & Mary 2019), and of x itself. */
const ROUNDING = (4 * Math.sqrt(n) + 8) * 2 ** -24 * LONGEST;
/** What is left of scikit-learn's gradients. */
const THEIRS = golden.gradientNorm;

test.for(ENGINE_DEVICES)("scores and choice on %s are scikit-learn's", async (device, { engines }) => {
  const { scores, best, folds } = await crossValidate(rows, iris.labels, {
    ...{ engine: engines[device], l2s: golden.l2s, folds: golden.folds },
    ...{ tolerance: 1e-7, maxIterations: 1000, refit: false },
  });
  expect(Array.from(folds)).toEqual(golden.folds);
  expect(best.l2).toBe(golden.best);
  scores.forEach(({ l2, logLoss, accuracy, reports }, h) => {
    logLoss.folds.forEach((loss, fold) => {
      const gradient = (reports[fold].gradientNorm ?? Number.NaN) + ROUNDING + THEIRS;
      const bound = (Math.sqrt(k * (d + 1)) * gradient) / l2;
      // A logit moves by W's change along the row and by b's, which W's determines; a loss by what two logits do.
      expect(Math.abs(loss - golden.logLoss[h][fold])).toBeLessThanOrEqual(4 * bound * LONGEST);
    });
    accuracy.folds.forEach((share, fold) => {
      expect(share).toBeCloseTo(golden.accuracy[h][fold], 6);
    });
  });
});

describe("the bounds", () => {
  test("tell one penalty from another", () => {
    golden.l2s.forEach((l2, h) => {
      const bound = (4 * Math.sqrt(k * (d + 1)) * (2 * ROUNDING + THEIRS) * LONGEST) / l2;
      const next = golden.logLoss[h === 0 ? 1 : h - 1];
      const apart = Math.min(...golden.logLoss[h].map((loss, fold) => Math.abs(loss - next[fold])));
      expect(bound).toBeLessThan(apart);
    });
  });
});
