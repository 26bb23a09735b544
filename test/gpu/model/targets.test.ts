/** What rows are trained towards and how much they count: class weights, label smoothing, soft targets, rows to ignore. */
import { describe, expect } from "vitest";
import {
  LabelError,
  type LabelsLike,
  OptionError,
  ShapeError,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import golden from "../../golden/targets.json" with { type: "json" };
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters, type Dataset } from "./clusters.js";
import { judge } from "./exact-objective.js";

const { features, labels, soft, sampleWeight, l2, cases } = golden;
const [n, d, k] = [labels.length, 4, 3];
const data: Dataset = { x: { data: Float32Array.from(features.flat()), shape: [n, d] }, y: labels, classes: k };
const TOLERANCE = 1e-6;
const LARGEST_ROW = Math.max(...features.map((row) => Math.hypot(...row, 1)));
/** What rounding x, weights and targets to float32 does to the gradient: scores of order 10, features to 8. */
const ROUNDING = 16 * 2 ** -24;

const onehot = labels.flatMap((y) => [0, 1, 2].map((j) => Number(j === y)));
const smoothed = (q: readonly number[], e: number): number[] => q.map((v) => (1 - e) * v + e / k);
const counts = (weights: readonly number[]): number[] =>
  [0, 1, 2].map((j) => sum(weights.filter((_, i) => labels[i] === j)));
const sum = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0);
const balance = (weights: readonly number[]): number[] => {
  const mass = counts(weights);
  return weights.map((w, i) => w / mass[labels[i]]);
};
const ones = labels.map(() => 1);
const named = [2, 0.5, 1];
const kept = labels.map((_, i) => Number(i % 3 !== 1));
const gaps = labels.map((y, i) => (kept[i] ? y : null));

interface Case {
  readonly options?: SoftmaxRegressionOptions;
  readonly y?: LabelsLike;
  readonly sampleWeight?: readonly number[];
  /** What the objective is then, said apart: weights of rows, and targets where they are not the labels. */
  readonly weights?: readonly number[];
  readonly targets?: readonly number[];
}

const CASES: Readonly<Record<string, Case>> = {
  "class weights": { options: { classWeight: { 0: 2, 1: 0.5 } }, weights: labels.map((y) => named[y]) },
  balanced: { options: { classWeight: "balanced" }, weights: balance(ones) },
  "class and sample weights": {
    options: {
      classWeight: new Map([
        [0, 2],
        [1, 0.5],
      ]),
    },
    sampleWeight,
    weights: labels.map((y, i) => named[y] * sampleWeight[i]),
  },
  "balanced with sample weights": {
    options: { classWeight: "balanced" },
    sampleWeight,
    weights: balance(sampleWeight),
  },
  smoothing: { options: { labelSmoothing: 0.1 }, targets: smoothed(onehot, 0.1) },
  "smoothing and sample weights": {
    ...{ options: { labelSmoothing: 0.25 }, sampleWeight },
    ...{ weights: sampleWeight, targets: smoothed(onehot, 0.25) },
  },
  "soft targets": { y: soft, targets: soft.flat() },
  "soft targets with sample weights": { y: soft, sampleWeight, weights: sampleWeight, targets: soft.flat() },
  "soft targets, smoothing": { y: soft, options: { labelSmoothing: 0.1 }, targets: smoothed(soft.flat(), 0.1) },
  "soft targets, class weights": {
    ...{ y: soft, options: { classWeight: { 0: 2, 1: 0.5, 2: 1 } } },
    ...{ weights: soft.map((q) => sum(q.map((v, j) => v * named[j]))), targets: soft.flat() },
  },
  "ignored rows": { y: gaps, options: { ignoreLabel: null }, weights: kept },
  "ignored rows, balanced": {
    y: gaps,
    options: { ignoreLabel: null, classWeight: "balanced" },
    weights: balance(kept),
  },
};

describe.each(ENGINE_DEVICES)("scikit-learn's optimum on %s", (device) => {
  for (const { name, ...expected } of cases) {
    test(name, async ({ engines }) => {
      const { options = {}, y = labels, weights = ones, targets, sampleWeight: given } = CASES[name];
      const classes = [0, 1, 2];
      const settings = { engine: engines[device], l2, tolerance: TOLERANCE, maxIterations: 1000, ...options };
      const model = new SoftmaxRegression(y === soft ? { ...settings, classes } : settings);
      const report = await model.fit(features, y, given ? { sampleWeight: given } : {});
      expect(report.stopReason).toMatch(/^(converged|precision)$/);
      expect(model.classes).toEqual(classes);
      const { loss, gradientLength } = judge(model, data, { l2, weights, ...(targets && { targets }) });
      expect(Math.abs(report.loss - loss)).toBeLessThanOrEqual(n * 2 ** -24);
      // J is strongly convex in W with modulus l2: ‖W − W*‖ ≤ ‖dJ‖ / l2, and J − J* ≤ ‖dJ‖² / (2·l2).
      const bound = (gradientLength + ROUNDING * LARGEST_ROW) / l2;
      expectClose(model.coef.data, expected.coefficients.flat(), { floor: bound, label: "coefficients" });
      expect(loss).toBeLessThanOrEqual(expected.objective + gradientLength ** 2 / (2 * l2) + ROUNDING);
      expect(loss).toBeGreaterThanOrEqual(expected.objective - ROUNDING);
    });
  }
});

const small = clusters(40, 5, 3, 9);
const SOLVERS: readonly SoftmaxRegressionOptions[] = [
  { solver: "lbfgs", maxIterations: 8 },
  { solver: "sgd", momentum: 0.9, epochs: 2, batchSize: 16 },
  { solver: "adam", epochs: 2, batchSize: 16 },
];

describe.each(ENGINE_DEVICES)("the same bits on %s:", (device) => {
  for (const solver of SOLVERS) {
    test(`${solver.solver}: class weights are sample weights, ignored rows have none`, async ({ engines }) => {
      const weigh = (y: number): number => [1, 2, 0.5][y];
      const trained = async (y: LabelsLike, options: SoftmaxRegressionOptions, weights?: number[]) => {
        const model = new SoftmaxRegression({ engine: engines[device], ...solver, ...options });
        await model.fit(small.x, y, weights ? { sampleWeight: weights } : {});
        return model.coef.data;
      };
      const classWeight = new Map([
        [1, 2],
        [2, 0.5],
      ]);
      expectSameBits(await trained(small.y, { classWeight }), await trained(small.y, {}, small.y.map(weigh)));
      const some = small.y.map((y, i) => (i % 4 === 2 ? -1 : y));
      const zeros = some.map((y) => Number(y >= 0));
      expectSameBits(await trained(some, { ignoreLabel: -1 }), await trained(small.y, {}, zeros));
      expectSameBits(
        await trained(Int8Array.from(some), { ignoreLabel: -1 }),
        await trained(some, { ignoreLabel: -1 }),
      );
    });
  }

  test("a smoothing of 0 is none", async ({ engines }) => {
    const trained = async (options: SoftmaxRegressionOptions) => {
      const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 5, ...options });
      await model.fit(small.x, small.y);
      return model.coef.data;
    };
    expectSameBits(await trained({ labelSmoothing: 0 }), await trained({}));
  });
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(SOLVERS)("$solver: smoothed labels are the same as soft targets", async (solver, { engines }) => {
    const targets = small.y.map((y) => [0, 1, 2].map((j) => 0.8 * Number(j === y) + 0.2 / 3));
    const trained = async (y: LabelsLike, labelSmoothing: number) => {
      const model = new SoftmaxRegression({ engine: engines[device], ...solver, labelSmoothing });
      await model.fit(small.x, y);
      return model.coef.data;
    };
    // A few steps of order 1 over 40 rows; a target may be rounded once more.
    expectClose(await trained(small.y, 0.2), await trained(targets, 0), { floor: 40 * 8 * 2 ** -24 });
  });

  test("ignored rows count for nothing in validation, score, evaluate and calibrate either", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 6, ignoreLabel: "?" });
    const name = (y: number): string => ["a", "b", "c"][y];
    const known = small.y.map(name);
    const some = known.map((y, i) => (i % 3 === 0 ? "?" : y));
    const zeros = some.map((y) => Number(y !== "?"));
    const report = await model.fit(small.x, known, { validation: { x: small.x, y: some } });
    const { validationAccuracy, validationLoss } = report.history[report.history.length - 1];
    const weighted = await model.evaluate(small.x, known, { sampleWeight: zeros });
    const ignored = await model.evaluate(small.x, some);
    expect(ignored).toEqual(weighted);
    expect(ignored.rows).toBe(sum(zeros));
    expect(await model.score(small.x, some)).toBe(ignored.accuracy);
    expect(validationAccuracy).toBe(ignored.accuracy);
    expect(validationLoss).toBeCloseTo(ignored.logLoss, 5);
    const again = await model.fit(small.x, known, { validation: { x: small.x, y: known, sampleWeight: zeros } });
    expect(again.history[again.history.length - 1].validationLoss).toBe(validationLoss);
    expect(await model.calibrate(small.x, some)).toEqual(
      await model.calibrate(small.x, known, { sampleWeight: zeros }),
    );
  });

  test("what cannot be used is refused", async ({ engines }) => {
    const make = (options: SoftmaxRegressionOptions) => new SoftmaxRegression({ engine: engines[device], ...options });
    const { x, y } = small;
    const refuse = (
      model: SoftmaxRegression,
      labels: LabelsLike,
      ...fault: [typeof LabelError, "BAD_LABEL" | "ONE_CLASS", string] | [typeof OptionError, "BAD_OPTION", string]
    ) => expectRejection(model.fit(x, labels), fault[0], fault[1], fault[2]);
    expect(() => make({ ignoreLabel: 0, classes: [0, 1, 2] })).toThrow("`ignoreLabel` is a class");
    await refuse(
      make({ ignoreLabel: null, classes: [0, 1] }),
      y.map(() => null),
      LabelError,
      "BAD_LABEL",
      "no row counts",
    );
    await refuse(
      make({ ignoreLabel: null }),
      y.map((_, i) => (i ? null : 1)),
      LabelError,
      "ONE_CLASS",
      "only 1",
    );
    await refuse(
      make({}),
      y.map((c, i) => (i ? c : null)),
      LabelError,
      "BAD_LABEL",
      "row 0",
    );
    await refuse(
      make({ classWeight: { 7: 1 } }),
      y,
      OptionError,
      "BAD_OPTION",
      'names no class: expected one of 0, 1, 2, got the string "7"',
    );
    await refuse(make({ classWeight: new Map([["0", 1]]) as never }), y, OptionError, "BAD_OPTION", "names no class");
    await refuse(make({ classWeight: { 1: -1 } }), y, OptionError, "BAD_OPTION", "0 or more, got -1");
    await refuse(make({ classWeight: { 0: 0, 1: 0, 2: 0 } }), y, LabelError, "BAD_LABEL", "weight is 0");
    const model = make({});
    await expectRejection(
      model.fit(x, y, { validation: { x, y, sampleWeight: [1] } }),
      ShapeError,
      "SHAPE_MISMATCH",
      "expected 40",
    );
    await expectRejection(
      model.fit(x, y, { validation: { x, y, weights: [1] } as never }),
      OptionError,
      "UNKNOWN_OPTION",
      "weights",
    );
    for (const options of [
      { labelSmoothing: 1 },
      { labelSmoothing: -0.1 },
      { classWeight: "even" },
      { classWeight: [1, 2, 3] },
      { ignoreLabel: Number.NaN },
    ]) {
      expect(() => make(options as never)).toThrow(OptionError);
    }
  });
});
