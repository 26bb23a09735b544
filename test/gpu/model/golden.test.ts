/**
 * scikit-learn's answers on iris. J is strongly convex in W with modulus l2, so ‖W − W*‖ ≤ ‖dJ(θ)‖₂ / l2 whatever the solver
 * did; dJ(θ) is computed here in float64 from the weights that came out. No tolerance below is by trial.
 */
import { describe, expect } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";
import golden from "../../golden/logistic.json" with { type: "json" };
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { Dataset } from "./clusters.js";
import { judge } from "./exact-objective.js";

const { features, labels, probabilityRows, cases } = golden;
const [n, d, k] = [150, 4, 3];
/** Rounded to float32 as the model has them; the golden answers are for the float64 numbers. */
const iris: Dataset = { x: { data: Float32Array.from(features.flat()), shape: [n, d] }, y: labels, classes: k };
const TOLERANCE = 1e-6;
/** Largest |x|, hence how much a change of W moves a logit; and what rounding x to float32 does to the optimum's gradient. */
const LARGEST_ROW = Math.max(...features.map((row) => Math.hypot(...row, 1)));
const ROUNDING = 8 * 2 ** -24;

const centred = (b: ArrayLike<number>): number[] => {
  const mean = Array.from(b).reduce((s, v) => s + v, 0) / b.length;
  return Array.from(b, (v) => v - mean);
};

describe.each(ENGINE_DEVICES)("iris on %s", (device) => {
  for (const { l2, sampleWeight: isWeighted, ...expected } of cases) {
    test(`l2 ${l2}, ${isWeighted ? "with" : "without"} sample weights`, async ({ engines }) => {
      const model = new SoftmaxRegression({ engine: engines[device], l2, tolerance: TOLERANCE, maxIterations: 1000 });
      const weights = isWeighted ? golden.sampleWeight : undefined;
      const report = await model.fit(features, labels, weights ? { sampleWeight: weights } : {});
      expect(report.stopReason).toMatch(/^(converged|precision)$/);
      const { loss, gradientNorm, gradientLength } = judge(model, iris, { l2, ...(weights && { weights }) });

      // What the report says is true: sums of 150 float32 numbers of order 1.
      expect(Math.abs(report.loss - loss)).toBeLessThanOrEqual(150 * 2 ** -24);
      expect(gradientNorm).toBeLessThanOrEqual(TOLERANCE + (150 + 8) * 2 ** -24);

      // J(θ) − J* ≤ ‖dJ‖² / (2·l2) at the optimal intercept, up to J's own change by rounding x.
      expect(loss).toBeLessThanOrEqual(expected.objective + gradientLength ** 2 / (2 * l2) + ROUNDING);
      expect(loss).toBeGreaterThanOrEqual(expected.objective - ROUNDING);

      const bound = (gradientLength + ROUNDING * LARGEST_ROW) / l2;
      expectClose(model.coef.data, expected.coefficients.flat(), { floor: bound, label: "coefficients" });
      expect(model.coef.shape).toEqual([d, k]);
      const proba = await model.predictProba(probabilityRows.map((i) => features[i]));
      // A probability moves by at most half the change of the logits' differences: W's and b's, b being bound by W.
      const moved = 2 * bound * LARGEST_ROW;
      expectClose(proba.data, expected.probabilities.flat(), { floor: moved, label: "probabilities" });
      expectClose(centred(model.intercept), centred(expected.intercept), { floor: moved, label: "intercept" });
      expect(await model.score(features, labels)).toBeCloseTo(expected.accuracy, 10);
    });
  }
});
