/**
 * Optima with l1 and elastic-net penalties, proved by duality and agreed on by scikit-learn's saga (test/golden/sparse.json). No
 * tolerance below is by trial. With v the subgradient of least size at the θ that came out:
 *   J(θ) − J* ≤ vᵀ(θ − θ*) ≤ max |v| · ‖θ − θ*‖₁      ‖W − W*‖ ≤ ‖v‖ / l2 where l2 > 0
 *   ‖∇ℓ(θ) − ∇ℓ(θ*)‖² ≤ 2L · (J(θ) − J*), L = ½ · mean ‖(x, 1)‖²: which weights must be 0 at θ since they are at θ*, by a margin.
 */
import { describe, expect } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";
import logistic from "../../golden/logistic.json" with { type: "json" };
import golden from "../../golden/sparse.json" with { type: "json" };
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { penguins } from "../../support/golden-objectives.js";
import type { Dataset } from "./clusters.js";
import { judge } from "./exact-objective.js";

const iris: Dataset = {
  x: { data: Float32Array.from(logistic.features.flat()), shape: [150, 4] },
  y: logistic.labels,
  classes: 3,
};
const TOLERANCE = 1e-6;
/** What rounding iris to float32 does to J and its gradient. */
const ROUNDING = 8 * 2 ** -24;

const centred = (b: ArrayLike<number>): number[] => {
  const mean = Array.from(b).reduce((s, v) => s + v, 0) / b.length;
  return Array.from(b, (v) => v - mean);
};

const CASES = [
  ...golden.iris.cases.map((case_) => ({ ...case_, name: "iris", data: iris })),
  ...golden.penguins.cases.map((case_) => ({ ...case_, name: "penguins", data: penguins() })),
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(CASES)("$name, l1 $l1, l2 $l2", async ({ data, l1, l2, ...expected }, { engines }) => {
    const { x, y, classes: k } = data;
    const [n, d] = x.shape;
    const model = new SoftmaxRegression({ engine: engines[device], l1, l2, tolerance: TOLERANCE, maxIterations: 2000 });
    const report = await model.fit(x, y);
    expect(report.stopReason).toMatch(/^(converged|precision)$/);
    const { loss, gradientNorm, gradientLength } = judge(model, data, { l1, l2 });
    const largest = x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    const off = TOLERANCE + (n + 8) * 2 ** -24 * largest;
    expect(gradientNorm).toBeLessThanOrEqual(off);
    expect(Math.abs(report.loss - loss)).toBeLessThanOrEqual(n * 2 ** -24);

    const [w, b] = [model.coef.data, centred(model.intercept)];
    const distance = [...w, ...b].reduce(
      (sum, v, e) => sum + Math.abs(v - (e < d * k ? expected.coefficients[e] : expected.intercept[e - d * k])),
      0,
    );
    const gap = gradientNorm * distance + ROUNDING;
    expect(loss).toBeLessThanOrEqual(expected.objective + gap);
    expect(loss).toBeGreaterThanOrEqual(expected.lowerBound - ROUNDING);
    if (l2 > 0) {
      const bound = (gradientLength + ROUNDING * largest) / l2;
      expectClose(w, expected.coefficients, { floor: bound, label: "coefficients" });
    }

    const squares = x.data.reduce((sum, v) => sum + v * v, n) / n;
    const margin = Math.sqrt(squares * gap) + off;
    const certain = expected.slack.map((slack) => slack > margin);
    expect(Array.from(w).filter((v, e) => certain[e] && v !== 0)).toEqual([]);
    // The strong penalties leave no doubt about most zeros.
    const zeros = expected.coefficients.filter((v) => v === 0).length;
    if (l1 >= 0.05) expect(certain.filter(Boolean).length).toBeGreaterThan(zeros / 2);
  });
});
