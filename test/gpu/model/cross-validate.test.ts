/**
 * Cross-validation against what it stands for: a fit of the other folds' rows alone, judged by `evaluate` on the rows held out. Both
 * stop near one optimum: ‖W − W*‖ ≤ ‖dJ‖/l2, and the intercept moves no further than W does along the longest row.
 */
import { describe, expect, vi } from "vitest";
import type { CrossValidateOptions, Engine, SoftmaxRegressionOptions } from "../../../src/index.js";
import { crossValidate, SoftmaxRegression } from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters, rowsOf } from "./clusters.js";
import { judge } from "./exact-objective.js";

const data = clusters(120, 5, 3);
const [n, d, k] = [120, 5, 3];
const L2S = [0.3, 0.03];
const CONTROL = { tolerance: 1e-7, maxIterations: 1000 };
const LONGEST = Math.max(
  ...Array.from({ length: n }, (_, i) => Math.hypot(...data.x.data.subarray(i * d, (i + 1) * d), 1)),
);
const sampleWeight = data.y.map((_, row) => ((7 * row) % 9) / 4);
const soft = data.y.flatMap((label) => Array.from({ length: k }, (_, j) => (j === label ? 0.75 : 0.125)));

interface Variant {
  readonly name: string;
  readonly options: SoftmaxRegressionOptions;
  readonly weighted?: boolean;
  readonly soft?: boolean;
}

const VARIANTS: readonly Variant[] = [
  { name: "plain", options: {} },
  { name: "sample weights, no intercept", options: { fitIntercept: false }, weighted: true },
  {
    name: "balanced classes, smoothed labels",
    options: { classWeight: "balanced", labelSmoothing: 0.1 },
    weighted: true,
  },
  { name: "soft targets", options: {}, soft: true },
];

/** What the model of a fold scores when nobody else is trained beside it, and by how much the two may differ. */
async function alone(engine: Engine, l2: number, variant: Variant, folds: Int32Array, fold: number) {
  const model = new SoftmaxRegression({ engine, l2, ...CONTROL, ...variant.options });
  const pick = (held: boolean) => {
    const rows = Array.from(folds.keys()).filter((row) => (folds[row] === fold) === held);
    const part = rowsOf(data, rows);
    const targets = rows.flatMap((row) => soft.slice(row * k, (row + 1) * k));
    const y = variant.soft ? { data: Float32Array.from(targets), shape: [rows.length, k] as const } : part.y;
    return { part, y, weights: variant.weighted ? rows.map((row) => sampleWeight[row]) : rows.map(() => 1) };
  };
  const [training, held] = [pick(false), pick(true)];
  const report = await model.fit(training.part.x, training.y, { sampleWeight: training.weights });
  const { logLoss, accuracy } = await model.evaluate(held.part.x, held.y, { sampleWeight: held.weights });
  return { logLoss, accuracy, passes: report.passes };
}

describe.each(ENGINE_DEVICES)("crossValidate on %s", (device) => {
  test.for(VARIANTS)("$name: scores are those of fits of their own", async (variant, { engines }) => {
    const engine = engines[device];
    const y = variant.soft ? { data: Float32Array.from(soft), shape: [n, k] as const } : data.y;
    const weights = variant.weighted ? { sampleWeight } : {};
    const options = { engine, l2s: L2S, folds: 3, seed: 5, ...CONTROL, ...variant.options, ...weights };
    const result = await crossValidate(data.x, y, options as CrossValidateOptions);
    expect(result.scores.map(({ l2 }) => l2)).toEqual(L2S);
    for (const { l2, logLoss, accuracy, reports } of result.scores) {
      expect(reports.map(({ stopReason }) => stopReason).join()).toMatch(/^((converged|precision),?)+$/);
      for (const fold of [0, 1, 2]) {
        const expected = await alone(engine, l2, variant, result.folds, fold);
        // Two gradients of k·(d + 1) values, each at most what was asked for or what float32 hides of a mean over n rows.
        const gradient = Math.sqrt(k * (d + 1)) * (CONTROL.tolerance + (n + 8) * 2 ** -24);
        const moved = 2 * ((2 * gradient) / l2) * LONGEST;
        // A row's loss moves by at most the change of two logits; and float32 sums n losses of order 1.
        expect(Math.abs(logLoss.folds[fold] - expected.logLoss)).toBeLessThanOrEqual(2 * moved + n * 2 ** -24);
        expect(accuracy.folds[fold]).toBeCloseTo(expected.accuracy, 6);
      }
      expect(logLoss.mean).toBeCloseTo(
        logLoss.folds.reduce((sum, score) => sum + score / 3, 0),
        12,
      );
    }
  });

  test("the model is the fit of all rows with the best penalty, bit by bit", async ({ engines }) => {
    const engine = engines[device];
    const options = { engine, classWeight: "balanced", maxIterations: 50 } as const;
    const { model, report, best } = await crossValidate(data.x, data.y, { ...options, l2s: [10, 1e-2], folds: 3 });
    expect(best.l2).toBe(1e-2);
    const fitted = new SoftmaxRegression({ ...options, l2: 1e-2 });
    const expected = await fitted.fit(data.x, data.y);
    expect(model?.coef).toEqual(fitted.coef);
    expect(model?.intercept).toEqual(fitted.intercept);
    expect(report).toMatchObject({ loss: expected.loss, iterations: expected.iterations, passes: expected.passes });
    // The report is true of the weights.
    if (model) expect(judge(model, data, { l2: 1e-2, weights: balanced() }).loss).toBeCloseTo(expected.loss, 5);
  });

  test("passes are the products with X that are made, at most 8 times those of one fit", async ({ engines }) => {
    const engine = engines[device];
    const x = engine.tensor(data.x);
    const run = vi.spyOn(engine, "run");
    const l2s = [1, 0.1, 0.01, 1e-3, 1e-4];
    const { passes, folds } = await crossValidate(x, data.y, { engine, l2s, refit: false });
    const products = run.mock.calls.filter(([op, args]) => op.name === "matmul" && (args as { a?: unknown }).a === x);
    run.mockRestore();
    expect(products).toHaveLength(passes);
    const refitted = await crossValidate(x, data.y, { engine, l2s });
    expect(refitted.passes).toBe(passes + (refitted.report?.passes ?? Number.NaN));
    let separate = 0;
    for (const l2 of l2s) {
      for (let fold = 0; fold < 5; fold++) {
        const model = new SoftmaxRegression({ engine, l2 });
        separate += (await model.fit(x, data.y, { sampleWeight: Array.from(folds, (f) => Number(f !== fold)) })).passes;
      }
    }
    expect(refitted.passes).toBeLessThanOrEqual((8 * separate) / 25);
    x.dispose();
  });

  test("folds that are given, rows to ignore, and nothing left behind", async ({ engines }) => {
    const engine = engines[device];
    const before = engine.stats().buffers;
    const folds = data.y.map((_, row) => (row < 10 ? -1 : row % 2));
    const y = data.y.map((label, row) => (row % 11 === 3 ? null : label));
    const options = { engine, l2s: [0.1], seed: 1, ignoreLabel: null, refit: false, ...CONTROL } as const;
    const result = await crossValidate(data.x, y as never, { ...options, folds });
    expect(Array.from(result.folds)).toEqual(folds);
    expect([result.model, result.report]).toEqual([undefined, undefined]);
    const kept = Array.from(y.keys()).filter((row) => y[row] !== null);
    const part = rowsOf(data, kept);
    const without = await crossValidate(part.x, part.y, { ...options, folds: kept.map((row) => folds[row]) });
    expect(result.scores[0].accuracy.folds).toEqual(without.scores[0].accuracy.folds);
    expect(result.scores[0].logLoss.mean).toBeCloseTo(without.scores[0].logLoss.mean, 4);
    expect(engine.stats().buffers).toBe(before);
    const controller = new AbortController();
    const stop = crossValidate(data.x, data.y, {
      ...{ engine, l2s: [1e-4], signal: controller.signal },
      onProgress: () => controller.abort("enough"),
    });
    await expect(stop).rejects.toBe("enough");
    expect(engine.stats().buffers).toBe(before);
  });
});

/** n / (k · rows of the class) for each row. */
function balanced(): number[] {
  const counts = Array.from({ length: k }, (_, j) => data.y.filter((label) => label === j).length);
  return data.y.map((label) => n / (k * counts[label]));
}
