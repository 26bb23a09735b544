import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brierScore, calibrationError, logLoss, reliabilityCurve, rocAuc } from "../../../src/index.js";

describe("log loss", () => {
  test("is the mean of −log p of the labels", () => {
    const p = [
      [0.5, 0.5],
      [0.25, 0.75],
    ];
    expect(logLoss(["a", "b"], p)).toBeCloseTo((Math.log(2) + Math.log(4 / 3)) / 2, 15);
    expect(logLoss(["a", "b"], p, { sampleWeight: [3, 1] })).toBeCloseTo((3 * Math.log(2) + Math.log(4 / 3)) / 4, 15);
    expect(logLoss(["a", "b"], [0.5, 0.75])).toBe(logLoss(["a", "b"], p));
  });

  test("is ln k for uniform probabilities, whatever the labels and weights", () => {
    const rows = fc.array(fc.tuple(fc.nat(3), fc.nat(4)), { minLength: 1 });
    fc.assert(
      fc.property(
        rows.filter((list) => list.some(([, w]) => w > 0)),
        (list) => {
          const uniform = list.map(() => [0.25, 0.25, 0.25, 0.25]);
          const options = { classes: [0, 1, 2, 3], sampleWeight: list.map(([, w]) => w) };
          const labels = list.map(([label]) => label);
          expect(logLoss(labels, uniform, options)).toBeCloseTo(Math.log(4), 12);
          expect(brierScore(labels, uniform, options)).toBeCloseTo(3 / 4, 12);
        },
      ),
    );
  });

  test("is infinite for a probability of 0 unless it is clipped or the row does not count", () => {
    const given = [
      [0, 0],
      [
        [0, 1],
        [1, 0],
      ],
    ] as const;
    const classes = [0, 1];
    expect(logLoss(...given, { classes })).toBe(Number.POSITIVE_INFINITY);
    expect(logLoss(...given, { classes, sampleWeight: [0, 1] })).toBe(0);
    expect(logLoss(...given, { classes, epsilon: 2 ** -10 })).toBeCloseTo((Math.log(2 ** 10) + 2 ** -10) / 2, 5);
  });

  test("from logarithms it is right where probabilities round to 0", () => {
    const logarithms = { data: Float32Array.of(-1000, 0, 0, -1000), shape: [2, 2] };
    expect(logLoss([0, 0], logarithms, { classes: [0, 1], logarithms: true })).toBe(500);
  });
});

describe("ROC AUC", () => {
  test("counts pairs, ties half", () => {
    const rows = fc.array(fc.tuple(fc.nat(2), fc.nat(5), fc.nat(3)), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(rows, (list) => {
        const labels = list.map(([c]) => c);
        const options = { classes: [0, 1, 2], sampleWeight: [1, ...list.slice(1).map(([, , w]) => w)] };
        const weightOf = (i: number): number => options.sampleWeight[i];
        const scores = list.map(([, s], i) => [s, -s, (7 * i) % 5]);
        const { perClass } = rocAuc(labels, scores, options);
        perClass.forEach(({ label, auc }, j) => {
          let [pairs, won] = [0, 0];
          labels.forEach((own, i) => {
            labels.forEach((other, r) => {
              if (own !== label || other === label) return;
              const [a, b] = [scores[i][j], scores[r][j]];
              pairs += weightOf(i) * weightOf(r);
              won += weightOf(i) * weightOf(r) * (a > b ? 1 : a === b ? 0.5 : 0);
            });
          });
          // Whole and half numbers are exact.
          expect(auc).toBe(won / pairs);
        });
      }),
    );
  });

  test("takes infinite scores, and any increasing function of them", () => {
    const s = [Number.NEGATIVE_INFINITY, 1, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const labels = [0, 0, 1, 1, 0];
    expect(rocAuc(labels, s).macro).toBe((0.5 + 1 + 0 + 1 + 1 + 0.5) / 6);
    expect(rocAuc(labels, s).macro).toBe(rocAuc(labels, s.map(Math.atan)).macro);
  });
});

describe("calibration", () => {
  test("a probability on the edge of two bins lies in the lower one", () => {
    for (const bins of [2, 3, 5, 10, 15]) {
      const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? 1 : i * (1 / bins)));
      for (const [i, p] of edges.entries()) {
        const [bin, ...others] = reliabilityCurve([1], [p], { classes: [0, 1], label: 1, bins });
        expect(others).toEqual([]);
        expect(bin.to).toBe(edges[Math.max(i, 1)]);
      }
    }
  });

  test("is 0 where shares equal probabilities, and the mean gap otherwise", () => {
    const labels = ["a", "b", "b", "b"];
    const p = labels.map(() => 0.75);
    expect(calibrationError(labels, p)).toBe(0);
    expect(calibrationError(["a", "a", "b", "b"], p)).toBe(0.25);
    expect(calibrationError(["a", "a", "b", "b"], p, { sampleWeight: [1, 0, 3, 0] })).toBe(0);
    expect(reliabilityCurve(labels, p, { bins: 4 })).toEqual([
      { from: 0.5, to: 0.75, weight: 4, confidence: 0.75, accuracy: 0.75 },
    ]);
  });
});
