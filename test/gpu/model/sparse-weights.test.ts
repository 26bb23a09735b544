/** The l1 penalty: exact zeros, what they stand for, and that everything else about a fit stays as it is. */
import { describe, expect } from "vitest";
import { type Engine, fitPath, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";
import { judge } from "./exact-objective.js";

const TOLERANCE = 1e-6;
const zerosOf = (model: SoftmaxRegression): boolean[] => Array.from(model.coef.data, (w) => w === 0);

/** Two features that tell the classes apart, one that is blank, one that is constant, and noise. */
function mixed(): Dataset {
  const { x, y, classes } = clusters(60, 6, 3);
  const data = x.data.slice();
  for (let i = 0; i < 60; i++) {
    data[i * 6 + 2] = 0;
    data[i * 6 + 3] = 3;
    data[i * 6 + 4] = Math.sin(7 * i);
  }
  return { x: { data, shape: x.shape }, y, classes };
}
const data = mixed();
const [n, k] = [60, 3];
/** What float32's sums over the rows can hide of a gradient. */
const off = TOLERANCE + 3 * (n + 8) * 2 ** -24;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const create = (
    engines: Readonly<Record<string, Engine>>,
    options: SoftmaxRegressionOptions = {},
  ): SoftmaxRegression =>
    new SoftmaxRegression({
      ...{ engine: engines[device], l1: 0.02, l2: 0, tolerance: TOLERANCE, maxIterations: 2000 },
      ...options,
    });

  test("beyond the largest gradient at W = 0 nothing is left but the classes' frequencies", async ({ engines }) => {
    const model = create(engines, { l1: 10 });
    const report = await model.fit(data.x, data.y);
    expect(report.converged).toBe(true);
    expect(model.coef.data.every((w) => w === 0)).toBe(true);
    const { data: p } = await model.predictProba([[0, 0, 0, 0, 0, 0]]);
    for (let j = 0; j < k; j++) {
      const share = data.y.filter((label) => label === j).length / n;
      // A gradient of the intercept is the difference of these.
      expect(Math.abs(p[j] - share)).toBeLessThanOrEqual(off);
    }
    expect(report.history[0].gradientNorm).toBeGreaterThan(TOLERANCE);
  });

  test("blank and constant columns get weights of exactly 0", async ({ engines }) => {
    for (const l1 of [1e-4, 0.02]) {
      const model = create(engines, { l1 });
      const report = await model.fit(data.x, data.y);
      expect(report.stopReason).toMatch(/^(converged|precision)$/);
      for (const feature of [2, 3])
        expect(Array.from(model.coef.data.slice(3 * feature, 3 * feature + 3))).toEqual([0, 0, 0]);
      expect(model.coef.data.some((w) => w !== 0)).toBe(true);
      expect(judge(model, data, { l1, l2: 0 }).gradientNorm).toBeLessThanOrEqual(off);
    }
  });

  test("a penalty of 0 is L-BFGS without one, bit by bit, and a tiny one is not far from it", async ({ engines }) => {
    const [none, zero, tiny] = [{}, { l1: 0 }, { l1: 1e-7 }].map((o) => create(engines, { l1: 0, l2: 0.01, ...o }));
    for (const model of [none, zero, tiny]) await model.fit(data.x, data.y);
    expectSameBits(zero.coef.data, none.coef.data);
    expectSameBits(zero.intercept, none.intercept);
    const [a, b] = [judge(none, data, { l2: 0.01 }), judge(tiny, data, { l2: 0.01 })];
    const size = tiny.coef.data.reduce((sum, w) => sum + Math.abs(w), 0);
    expect(Math.abs(a.loss - b.loss)).toBeLessThanOrEqual(1e-7 * size + ((2 * off) ** 2 * 7 * k) / 0.02);
  });

  test("the same fit gives the same bits", async ({ engines }) => {
    const [one, two] = [create(engines), create(engines)];
    for (const model of [one, two]) await model.fit(data.x, data.y);
    expectSameBits(two.coef.data, one.coef.data);
    expectSameBits(two.intercept, one.intercept);
  });

  test("features in another order are the same features", async ({ engines }) => {
    const order = [4, 2, 0, 5, 1, 3];
    const shuffled = data.x.data.map((_, e) => data.x.data[e - (e % 6) + order[e % 6]]);
    const [one, two] = [create(engines), create(engines)];
    const first = await one.fit(data.x, data.y);
    const second = await two.fit({ data: shuffled, shape: data.x.shape }, data.y);
    expect(Math.abs(first.loss - second.loss)).toBeLessThanOrEqual(n * 2 ** -24 + off * 20);
    const moved = zerosOf(one).map((_, e) => zerosOf(one)[3 * order[Math.floor(e / 3)] + (e % 3)]);
    expect(zerosOf(two)).toEqual(moved);
  });

  test("a row of weight 2 is the row twice, one of weight 0 is none", async ({ engines }) => {
    const weights = data.y.map((_, i) => i % 3);
    const repeated = rowsOf(
      data,
      data.y.flatMap((_, i) => Array.from({ length: i % 3 }, () => i)),
    );
    const [weighted, plain] = [create(engines), create(engines)];
    await weighted.fit(data.x, data.y, { sampleWeight: weights });
    await plain.fit(repeated.x, repeated.y);
    for (const model of [weighted, plain]) {
      expect(judge(model, repeated, { l1: 0.02, l2: 0 }).gradientNorm).toBeLessThanOrEqual(off);
    }
    expect(zerosOf(weighted)).toEqual(zerosOf(plain));
  });

  test("without an intercept the weights do it alone", async ({ engines }) => {
    const model = create(engines, { fitIntercept: false });
    await model.fit(data.x, data.y);
    const { gradientNorm } = judge(model, data, { l1: 0.02, l2: 0, fitIntercept: false });
    expect(gradientNorm).toBeLessThanOrEqual(off);
    expect(Array.from(model.intercept)).toEqual([0, 0, 0]);
  });

  test("a warm start goes on from the zeros there are, to more of them under a stronger penalty", async ({
    engines,
  }) => {
    const model = create(engines, { warmStart: true, maxIterations: 12 });
    let report = await model.fit(data.x, data.y);
    for (let i = 0; i < 40 && !report.converged; i++) report = await model.fit(data.x, data.y);
    expect(report.stopReason).toBe("converged");
    expect((await model.fit(data.x, data.y)).iterations).toBe(0);
    const cold = create(engines);
    await cold.fit(data.x, data.y);
    expect(zerosOf(model)).toEqual(zerosOf(cold));
  });

  test("a path of penalties and rows in batches come to the same weights", async ({ engines }) => {
    const classes = [0, 1, 2];
    const shared = { engine: engines[device], l1: 0.02, tolerance: TOLERANCE, maxIterations: 2000 };
    const path = await fitPath(data.x, data.y, { ...shared, l2s: [0.1, 0] });
    const streamed = create(engines, { classes });
    await streamed.fit(async function* () {
      for (const first of [0, 24]) {
        const rows = data.y.map((_, i) => i).filter((i) => (first === 0 ? i < 24 : i >= 24));
        const { x, y } = rowsOf(data, rows);
        yield { x, y };
      }
    });
    const plain = create(engines);
    await plain.fit(data.x, data.y);
    for (const [model, l2] of [
      [plain, 0],
      [streamed, 0],
      [path[1].model, 0],
      [path[0].model, 0.1],
    ] as const) {
      expect(judge(model, data, { l1: 0.02, l2 }).gradientNorm).toBeLessThanOrEqual(off);
      if (l2 === 0) expect(zerosOf(model)).toEqual(zerosOf(plain));
    }
    const stepped = create(engines, { classes, solver: "sgd", epochs: 3 });
    await stepped.fit(async function* () {
      yield { x: data.x, y: data.y };
    });
    expect(zerosOf(stepped).slice(6, 9)).toEqual([true, true, true]);
  });

  test("history falls, validation is measured, early stopping restores the best", async ({ engines }) => {
    const model = create(engines, { l1: 1e-3 });
    const report = await model.fit(data.x, data.y, { validation: 0.25, earlyStopping: { patience: 2 } });
    const { history } = report;
    for (const [i, point] of history.entries()) {
      if (i > 0) expect(point.loss).toBeLessThanOrEqual(history[i - 1].loss + 2 ** -22);
      expect(point.validationLoss).toBeGreaterThan(0);
    }
    expect(report.bestIteration).toBeLessThanOrEqual(report.iterations);
  });

  test("a signal ends it and leaves finite weights", async ({ engines }) => {
    const controller = new AbortController();
    const model = create(engines, { tolerance: 0 });
    const fit = model.fit(data.x, data.y, { signal: controller.signal, onProgress: () => controller.abort("enough") });
    await expect(fit).rejects.toBe("enough");
    expect(model.coef.data.every(Number.isFinite)).toBe(true);
  });

  // On all rows at once these are proximal gradient descent, which comes to rest at J's optimum and nowhere else.
  test.for([
    { solver: "sgd", learningRate: 0.2 },
    { solver: "sgd", learningRate: 0.05, momentum: 0.8 },
    { solver: "sgd", learningRate: 0.05, momentum: 0.8, nesterov: true },
    { solver: "adam", learningRate: { schedule: "inverse-time", initial: 0.05, decay: 0.05 } },
  ] as const)("$solver comes to the same weights: %j", async (options, { engines }) => {
    const model = create(engines, { ...options, l1: 0.05, batchSize: n, epochs: 400, shuffle: false });
    const optimum = create(engines, { l1: 0.05 });
    const report = await model.fit(data.x, data.y);
    await optimum.fit(data.x, data.y);
    expect(report.stopReason).toBe("max-iterations");
    const [found, best] = [model, optimum].map((m) => judge(m, data, { l1: 0.05, l2: 0 }).loss);
    expect(found).toBeLessThanOrEqual(best * (1 + 1e-3));
    expect(Math.abs(report.loss - found)).toBeLessThanOrEqual(1e-3);
    const zeros = zerosOf(model);
    expect(zeros.slice(6, 9)).toEqual([true, true, true]);
    expect(zeros.filter(Boolean).length).toBeGreaterThan(6);
    expect(zeros.filter(Boolean).length).toBeLessThan(18);
  });
});
