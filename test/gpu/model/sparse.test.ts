import { describe, expect } from "vitest";
import type { FitOptions, LabelsLike, SoftmaxRegressionOptions, SparseData } from "../../../src/index.js";
import { crossValidate, fitPath, SoftmaxRegression } from "../../../src/index.js";
import { Random } from "../../../src/random.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomSoftTargets, randomWeights } from "../../support/random-matrix.js";
import { csrOf, denseOf, randomSparse } from "../../support/sparse-cases.js";
import { usable } from "../../support/usable-options.js";

const [N, D, K] = [160, 60, 5];
const ROWS = randomSparse(N, D, 0.2, 9);
const SPARSE = csrOf(ROWS);
const DENSE = { data: denseOf(ROWS), shape: [N, D] };

/** Labels that a linear model can tell in part: the class whose made-up weights score highest, and now and then another. */
function labels(): string[] {
  const random = new Random(4);
  const w = Float32Array.from({ length: D * K }, () => 2 * random.next() - 1);
  return Array.from({ length: N }, (_, i) => {
    const scores = Array.from({ length: K }, (_, j) => {
      let sum = 0;
      for (let l = 0; l < D; l++) sum += DENSE.data[i * D + l] * w[l * K + j];
      return sum;
    });
    const best = scores.indexOf(Math.max(...scores));
    return `class ${random.integer(6) === 0 ? random.integer(K) : best}`;
  });
}

const Y = labels();
/** The last class is that of no row by itself. */
const SOFT = { data: randomSoftTargets(N, K, 3), shape: [N, K] };
const WEIGHTS = randomWeights(N, 8);

interface FitCase {
  readonly name: string;
  readonly options: SoftmaxRegressionOptions;
  readonly y?: LabelsLike;
  readonly fit?: Omit<FitOptions, "validation">;
}

const STEPS = { epochs: 3, batchSize: 48, learningRate: 0.2 } as const;

const CASES: readonly FitCase[] = [
  { name: "lbfgs", options: {} },
  { name: "lbfgs, no intercept", options: { fitIntercept: false } },
  { name: "lbfgs, sample weights", options: {}, fit: { sampleWeight: WEIGHTS } },
  { name: "lbfgs, soft targets", options: {}, y: SOFT },
  { name: "lbfgs, exact zeros", options: { l1: 0.01 } },
  { name: "lbfgs, scaled columns, sample weights", options: { standardize: true }, fit: { sampleWeight: WEIGHTS } },
  { name: "sgd", options: { solver: "sgd", momentum: 0.9, ...STEPS } },
  { name: "sgd, in the order given", options: { solver: "sgd", shuffle: false, fitIntercept: false, ...STEPS } },
  // More batches than are picked at once.
  { name: "sgd, batches of 2", options: { solver: "sgd", ...STEPS, epochs: 2, batchSize: 2 } },
  { name: "adam, sample weights", options: { solver: "adam", ...STEPS }, fit: { sampleWeight: WEIGHTS } },
  { name: "adam, soft targets", options: { solver: "adam", ...STEPS }, y: SOFT },
];

async function fitted(
  device: SoftmaxRegression["engine"],
  { options, y = Y, fit = {} }: FitCase,
  x: SparseData | typeof DENSE,
): Promise<{ model: SoftmaxRegression; loss: number; stopReason: string; validationLoss: number | undefined }> {
  const model = new SoftmaxRegression({ l2: 1e-2, tolerance: 3e-6, ...options, engine: await device });
  const report = await model.fit(x, y, { ...fit, validation: { x, y } });
  return {
    model,
    loss: report.loss,
    stopReason: report.stopReason,
    validationLoss: report.history.at(-1)?.validationLoss,
  };
}

const largestGap = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  let gap = 0;
  for (let e = 0; e < a.length; e++) gap = Math.max(gap, Math.abs((a[e] as number) - (b[e] as number)));
  return gap;
};

/**
 * L-BFGS ends within max |dJ| ≤ 3e-6 of an optimum where J's curvature in W is l2 = 1e-2 at least: two such ends are
 * 2·√(D·K)·3e-6/1e-2 apart at most, and J is (√(D·K)·3e-6)²/(2·1e-2) above its least, and what float32 cannot see of it. Steps of SGD and
 * Adam are the same steps with sums in another order: a gradient differs by 2⁻²⁰ of its terms, momentum makes that ten times as much,
 * and Adam, which divides by the gradient's own size, sixteen times where the terms all but cancel.
 */
function apartOf({ solver = "lbfgs", epochs = 1, batchSize = N, standardize }: SoftmaxRegressionOptions): number {
  // Of scaled columns this is said of V = σ·W.
  if (solver === "lbfgs") return 1.04e-2 / (standardize ? leastDeviation() : 1);
  return 0.2 * epochs * Math.ceil(N / batchSize) * (solver === "adam" ? 16 : 10) * 2 ** -20;
}

/** The least standard deviation of a column, rows weighted. */
function leastDeviation(): number {
  const total = WEIGHTS.reduce((sum, w) => sum + w, 0);
  const deviations = Array.from({ length: D }, (_, l) => {
    const mean = WEIGHTS.reduce((sum, w, i) => sum + w * DENSE.data[i * D + l], 0) / total;
    return Math.sqrt(WEIGHTS.reduce((sum, w, i) => sum + w * (DENSE.data[i * D + l] - mean) ** 2, 0) / total);
  });
  return Math.min(...deviations);
}

const J_APART = 1.4e-7 + 2 ** -22;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(CASES)("dense ≡ sparse: $name", async (each, { engines }) => {
    const engine = engines[device];
    const before = engine.stats();
    const sparse = await fitted(Promise.resolve(engine), each, SPARSE);
    const after = engine.stats();
    expect({ buffers: after.buffers, bytes: after.bytes }).toEqual({ buffers: before.buffers, bytes: before.bytes });
    const { solver = "lbfgs" } = each.options;
    // A step is the same on either device, but for rounding, and the fused ones take long to compile on software GPUs.
    const dense = await fitted(Promise.resolve(solver === "lbfgs" ? engine : engines.cpu), each, DENSE);
    const bound = apartOf(each.options);
    expect(largestGap(sparse.model.coef.data, dense.model.coef.data)).toBeLessThan(bound);
    if (solver === "lbfgs") {
      expect(Math.abs(sparse.loss - dense.loss)).toBeLessThan(J_APART);
      expect([sparse.stopReason, dense.stopReason]).toEqual(["converged", "converged"]);
    } else {
      expect(largestGap(sparse.model.intercept, dense.model.intercept)).toBeLessThan(bound);
    }
    expect(Math.abs((sparse.validationLoss ?? Number.NaN) - (dense.validationLoss ?? Number.NaN))).toBeLessThan(bound);
    expect(sparse.model.coef.data.some((w) => Math.abs(w) > 0.05)).toBe(true);
    // The same weights judge both forms alike, to the rounding of a sum of some twelve products.
    const [a, b] = [await sparse.model.decisionFunction(SPARSE), await sparse.model.decisionFunction(DENSE)];
    expect(a.shape).toEqual([N, K]);
    expect(largestGap(a.data, b.data)).toBeLessThan(1e-5);
  });

  test("the same seed gives the same bits, and another order of the stored values too", async ({ engines }) => {
    const engine = engines[device];
    // Each row's values stand in the opposite order.
    const reversed = { data: ROWS.values.slice(), indices: ROWS.indices.slice(), indptr: ROWS.starts, shape: [N, D] };
    for (let i = 0; i < N; i++) {
      const [begin, end] = [ROWS.starts[i], ROWS.starts[i + 1]];
      reversed.data.set(ROWS.values.slice(begin, end).reverse(), begin);
      reversed.indices.set(ROWS.indices.slice(begin, end).reverse(), begin);
    }
    for (const solver of ["lbfgs", "sgd", "adam"] as const) {
      const trained = async (x: SparseData): Promise<Float32Array> => {
        const model = new SoftmaxRegression(usable({ solver, epochs: 2, batchSize: 50, maxIterations: 20, engine }));
        await model.fit(x, Y);
        return model.coef.data;
      };
      expect(await trained(reversed)).toEqual(await trained(SPARSE));
    }
  });

  test("all that a model is asked", async ({ engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression({ engine, l2: 1e-3 });
    const report = await model.fit(SPARSE, Y, { validation: 0.25 });
    expect(report.history.at(-1)?.validationAccuracy).toBeGreaterThan(0.2);
    expect(await model.predict(SPARSE)).toEqual(await model.predict(DENSE));
    expect(await model.score(SPARSE, Y)).toBe(await model.score(DENSE, Y));
    const [sparse, dense] = [await model.evaluate(SPARSE, Y), await model.evaluate(DENSE, Y)];
    expect(Math.abs(sparse.logLoss - dense.logLoss)).toBeLessThan(1e-5);
    const top = await model.predictTopK(SPARSE, 2);
    const proba = await model.predictProba(SPARSE);
    const log = await model.predictLogProba(SPARSE);
    const likeliest = Math.max(...proba.data.subarray(0, K));
    expect(top[0]?.[0]?.probability).toBe(likeliest);
    expect(Math.abs(Math.max(...log.data.subarray(0, K)) - Math.log(likeliest))).toBeLessThan(1e-5);
    expect((await model.calibrate(SPARSE, Y)).temperature).toBeGreaterThan(0);
    await expect(model.predict({ ...SPARSE, shape: [N, D + 1] })).rejects.toThrow("expected 60, got 61");
    const halves = new SoftmaxRegression({ engine, features: "f16" });
    await expect(halves.fit(SPARSE, Y)).rejects.toThrow("option `features` does not fit X, which is sparse");
  });

  test("paths of penalties and cross-validation", async ({ engines }) => {
    const options = { l2s: [0.1, 0.01], engine: engines[device], tolerance: 3e-6 };
    const [sparse, dense] = [await fitPath(SPARSE, Y, options), await fitPath(DENSE, Y, options)];
    sparse.forEach(({ report }, i) => {
      expect(Math.abs(report.loss - (dense[i] as (typeof dense)[number]).report.loss)).toBeLessThan(J_APART);
    });
    const folds = { ...options, folds: 3 };
    const [a, b] = [await crossValidate(SPARSE, Y, folds), await crossValidate(DENSE, Y, folds)];
    expect(a.best.l2).toBe(b.best.l2);
    expect(a.scores.map(({ l2 }) => l2)).toEqual(b.scores.map(({ l2 }) => l2));
    expect(largestGap(a.model?.coef.data ?? [], b.model?.coef.data ?? [0])).toBeLessThan(apartOf({}));
  });
});
