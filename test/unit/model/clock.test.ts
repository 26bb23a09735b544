/** What a fit by minibatches ends with depends on no clock: whether somebody looks after each step, or never before the end. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import {
  createEngine,
  type Engine,
  type FitOptions,
  type FitReport,
  memoryStore,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { clusters } from "../../gpu/model/clusters.js";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
});
afterAll(() => engine.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

const data = clusters(50, 4, 3);
/** Makes the clock stand still, so that no look is due before the end; or leap, so that one is due after each step. */
const CLOCKS = {
  still: () => vi.spyOn(performance, "now").mockReturnValue(1000),
  leaping: () => {
    let now = 0;
    return vi.spyOn(performance, "now").mockImplementation(() => {
      now += 1000;
      return now;
    });
  },
};

interface Ended {
  readonly report: FitReport;
  readonly theta: readonly number[];
}

async function fitBy(clock: keyof typeof CLOCKS, options: SoftmaxRegressionOptions, fit: FitOptions): Promise<Ended> {
  const spy = CLOCKS[clock]();
  const model = new SoftmaxRegression({ engine, solver: "sgd", batchSize: 4, ...options });
  const report = await model.fit(data.x, data.y, fit);
  spy.mockRestore();
  return { report, theta: [...model.coef.data, ...model.intercept] };
}

const WAYS: Readonly<Record<string, readonly [SoftmaxRegressionOptions, FitOptions]>> = {
  SGD: [{ epochs: 4 }, {}],
  "Adam, averaged": [{ solver: "adam", epochs: 4, averageWeights: true }, {}],
  "weights and a penalty": [{ epochs: 3, l1: 0.01, l2: 0.1 }, { sampleWeight: data.y.map((_, i) => i % 3) }],
  "another loss": [{ epochs: 3, loss: "squared", learningRate: 0.02 }, {}],
  "epochs of more steps than a mean is of": [{ epochs: 20, batchSize: 1 }, {}],
  "more steps than are remembered": [{ epochs: 50, batchSize: 1 }, {}],
};

test.for(Object.entries(WAYS))("%s: loss and weights", async ([, [options, fit]]) => {
  const still = await fitBy("still", options, fit);
  const leaping = await fitBy("leaping", options, fit);
  expect(leaping.report.history.length).toBeGreaterThan(still.report.history.length);
  expect(leaping.report.loss).toBe(still.report.loss);
  expect(leaping.report.iterations).toBe(still.report.iterations);
  expect(leaping.theta).toEqual(still.theta);
  // What is told of a step, too.
  const told = new Map(leaping.report.history.map(({ iteration, loss }) => [iteration, loss]));
  const both = still.report.history.filter(({ iteration }) => told.has(iteration));
  expect(both.length).toBeGreaterThan(0);
  for (const { iteration, loss } of both) expect(told.get(iteration)).toBe(loss);
});

test("the loss is the mean over the last epoch's batches", async () => {
  const rows = 12;
  const x = Array.from({ length: rows }, (_, i) => [(i % 5) - 2]);
  const y = x.map(([v], i) => Number(v + (i % 3) > 0));
  const model = new SoftmaxRegression({
    ...{ engine, solver: "sgd", epochs: 3, batchSize: 4, shuffle: false, learningRate: 0.5, l2: 0.2 },
  });
  const report = await model.fit(x, y);
  // The same steps in float64.
  const theta = [0, 0, 0, 0];
  let sum = 0;
  for (let step = 0; step < 9; step++) {
    const gradient = [0.2 * theta[0], 0.2 * theta[1], 0, 0];
    for (let i = 4 * (step % 3); i < 4 * (step % 3) + 4; i++) {
      const [v] = x[i] as [number];
      const z = [v * theta[0] + theta[2], v * theta[1] + theta[3]];
      const log = Math.log(Math.exp(z[0]) + Math.exp(z[1]));
      if (step >= 6) sum += (log - z[y[i]]) / 12;
      for (const j of [0, 1]) {
        const d = (Math.exp(z[j] - log) - Number(y[i] === j)) / 4;
        gradient[j] += d * v;
        gradient[2 + j] += d;
      }
    }
    gradient.forEach((g, e) => {
      theta[e] -= 0.5 * g;
    });
  }
  expect(report.loss).toBeCloseTo(sum + 0.1 * (theta[0] ** 2 + theta[1] ** 2), 6);
});

const LOST: Readonly<Record<string, readonly [SoftmaxRegressionOptions, FitOptions]>> = {
  "in the first epoch": [{ learningRate: 1e6, epochs: 40 }, {}],
  "after some epochs": [{ learningRate: (step) => (step < 60 ? 0.1 : 1e9), epochs: 12 }, {}],
  "after some epochs, by Adam with its memory": [
    { solver: "adam", learningRate: (step) => (step < 60 ? 0.1 : 1e30), epochs: 12 },
    {},
  ],
  "of averaged weights": [
    { learningRate: (step) => (step < 100 ? 0.1 : 1e9), epochs: 12, averageWeights: { from: 0.1 } },
    {},
  ],
  "by a penalty alone": [{ loss: "absolute", l2: 30, learningRate: 0.1, epochs: 8, warmStart: true }, {}],
};

test.for(Object.entries(LOST))("lost %s: the same weights, step and loss", async ([name, [options, fit]]) => {
  const still = await fitBy("still", options, fit);
  const leaping = await fitBy("leaping", options, fit);
  expect(still.report.stopReason).toBe("diverged");
  expect(leaping.report.stopReason).toBe("diverged");
  expect(leaping.report.iterations).toBe(still.report.iterations);
  expect(leaping.report.loss).toBe(still.report.loss);
  expect(leaping.theta).toEqual(still.theta);
  expect(still.theta.every(Number.isFinite)).toBe(true);
  const isFirst = name === "in the first epoch" || name === "by a penalty alone";
  expect(still.theta.some((w) => w !== 0)).toBe(!isFirst);
});

test("lost after some epochs: the weights are those that the best epoch began with", async () => {
  const batches = Math.ceil(50 / 4);
  const learningRate = (step: number): number => (step < 4 * batches + 3 ? 0.1 : 1e9);
  const lost = await fitBy("leaping", { learningRate, epochs: 12 }, {});
  const before = await fitBy("still", { learningRate, epochs: 3 }, {});
  expect(lost.report.stopReason).toBe("diverged");
  expect(lost.theta).toEqual(before.theta);
});

test("a fit that goes on from a checkpoint tells the loss of one that was never interrupted", async () => {
  const options: SoftmaxRegressionOptions = { epochs: 6 };
  const whole = await fitBy("still", options, {});
  const store = memoryStore();
  const controller = new AbortController();
  let told = 0;
  const checkpoint = { store, name: "m", everyMs: 0 };
  const onProgress = (): void => {
    told++;
    if (told === 30) controller.abort("enough");
  };
  await expect(fitBy("leaping", options, { checkpoint, onProgress, signal: controller.signal })).rejects.toBe("enough");
  vi.restoreAllMocks();
  const resumed = await fitBy("still", options, { checkpoint });
  expect(resumed.report.loss).toBe(whole.report.loss);
  expect(resumed.theta).toEqual(whole.theta);
});
