/** Numbers and sizes at the ends of their ranges. */
import { describe, expect } from "vitest";
import { type Engine, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";
import { usable } from "../../support/usable-options.js";
import { clusters, type Dataset } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";

const data = clusters(24, 2, 2);
const scaled = (factor: number) => ({ ...data, x: { ...data.x, data: data.x.data.map((v) => v * factor) } });
const allFinite = (model: SoftmaxRegression): boolean =>
  [...model.coef.data, ...model.intercept].every(Number.isFinite);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("features of ten thousand: as good as small ones", async ({ engines }) => {
    const engine = engines[device];
    const [plain, model] = [new SoftmaxRegression({ engine, l2: 0 }), new SoftmaxRegression({ engine, l2: 0 })];
    await plain.fit(data.x, data.y);
    const { x, y } = scaled(1e4);
    await model.fit(x, y);
    expect(judge(model, scaled(1e4), { l2: 0 }).loss).toBeLessThanOrEqual(judge(plain, data, { l2: 0 }).loss + 0.01);
    expect(await model.score(x, y)).toBeCloseTo(await plain.score(data.x, data.y), 1);
  });

  test.for([1e8, 1e15])("features of %d: something is learnt, and the end comes soon", async (factor, { engines }) => {
    const { x, y } = scaled(factor);
    const model = new SoftmaxRegression({ engine: engines[device], l2: 0 });
    const report = await model.fit(x, y);
    expect(report.stopReason).toBe("precision");
    expect(report.iterations).toBeLessThan(100);
    expect(allFinite(model)).toBe(true);
    // Next to such features the intercept's share of the gradient is lost in rounding.
    expect(judge(model, scaled(factor), { l2: 0 }).loss).toBeLessThan(0.6);
    expect(report.loss).toBeLessThan(0.6);
    expect(await model.score(x, y)).toBeGreaterThan(0.7);
  });

  test.for(["lbfgs", "sgd", "adam"] as const)(
    "features of 1e20, by %s: finite weights, and advice if diverged",
    async (solver, { engines }) => {
      const model = new SoftmaxRegression(usable({ engine: engines[device], solver, epochs: 2 }));
      const { x, y } = scaled(1e20);
      const report = await model.fit(x, y);
      expect(allFinite(model)).toBe(true);
      expect((await model.predictProba(x)).data.every(Number.isFinite)).toBe(true);
      if (report.stopReason === "diverged") expect(report.advice).toMatch(/[Ss]cale the features/);
      expect(report.converged).toBe(false);
    },
  );

  test("features so small that a device may take them for 0", async ({ engines }) => {
    const { x, y } = scaled(1e-41);
    const model = new SoftmaxRegression({ engine: engines[device] });
    const { stopReason, loss } = await model.fit(x, y);
    expect(stopReason).toBe("converged");
    // Nothing to learn but the classes' shares.
    const share = y.filter((c) => c === 1).length / y.length;
    expect(loss).toBeCloseTo(-share * Math.log(share) - (1 - share) * Math.log(1 - share), 5);
  });

  test("columns that never change", async ({ engines }) => {
    const x = data.y.map((c, i) => [7, c + (i % 3) * 0.4, 1e6, 0]);
    const model = new SoftmaxRegression({ engine: engines[device], l2: 1e-3 });
    const report = await model.fit(x, data.y);
    expect(report.stopReason).toMatch(/^(converged|precision)$/);
    expect(allFinite(model)).toBe(true);
    // What centring takes out of them it must take out to the last digit that matters: they carry nothing.
    expect(await model.score(x, data.y)).toBeGreaterThan(0.7);
  });

  test("separable classes without a penalty: an end, and everything finite", async ({ engines }) => {
    const x = data.y.map((c, i) => [c * 10 + (i % 3)]);
    const model = new SoftmaxRegression({ engine: engines[device], l2: 0 });
    const report = await model.fit(x, data.y);
    expect(["converged", "precision", "max-iterations"]).toContain(report.stopReason);
    expect(await model.score(x, data.y)).toBe(1);
  });

  test("a tolerance that cannot be reached ends as precision, soon, and says so", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], l2: 0.1, tolerance: 1e-30 });
    const report = await model.fit(data.x, data.y);
    expect(report.stopReason).toBe("precision");
    expect(report.iterations).toBeLessThan(100);
    expect(report.advice).toContain("1e-30");
    expect(judge(model, data, { l2: 0.1 }).gradientNorm).toBeLessThan(24 * 4 * 2 ** -23);
  });
});

interface Size {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly options: SoftmaxRegressionOptions;
}

function sized({ n, d, k }: Size): Dataset {
  const y = Array.from({ length: n }, (_, i) => (i * 3) % k);
  return { x: { data: randomValues(n * d, 5), shape: [n, d] }, y, classes: k };
}

async function fitOn(engine: Engine, size: Size): Promise<SoftmaxRegression> {
  const { x, y, classes } = sized(size);
  const names = Array.from({ length: classes }, (_, j) => j);
  const model = new SoftmaxRegression(
    usable({ engine, epochs: 2, learningRate: 1 / size.d, classes: names, ...size.options }),
  );
  await model.fit(x, y);
  expect(model.coef.shape).toEqual([size.d, size.k]);
  expect(model.coef.data.some((v) => v !== 0)).toBe(true);
  return model;
}

const MINIBATCHES: readonly Size[] = [
  { n: 7, d: 5, k: 3, options: { solver: "sgd", batchSize: 3 } },
  { n: 13, d: 1, k: 2, options: { solver: "adam", batchSize: 5 } },
  { n: 5, d: 3, k: 2, options: { solver: "sgd", batchSize: 64 } },
  { n: 9, d: 2, k: 7, options: { solver: "sgd", batchSize: 1 } },
  { n: 3, d: 6, k: 1000, options: { solver: "sgd", batchSize: 2 } },
  { n: 3, d: 100_000, k: 2, options: { solver: "sgd", batchSize: 2 } },
];

test.for(MINIBATCHES)("both devices take the same way: n $n, d $d, k $k, $options", async (size, { engines }) => {
  const { x } = sized(size);
  const [gpu, cpu] = [await fitOn(engines.webgpu, size), await fitOn(engines.cpu, size)];
  const [a, b] = [(await gpu.decisionFunction(x)).data, (await cpu.decisionFunction(x)).data];
  const largest = b.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  // Sums of d terms, split or pairwise, over some ten steps.
  expectClose(a, b, { floor: 10 * largest * Math.sqrt(size.d) * 2 ** -20 });
});

const OPTIMA: readonly Size[] = [
  { n: 3, d: 6, k: 1000, options: { l2: 0.1 } },
  { n: 3, d: 10_000, k: 3, options: { l2: 10 } },
];

test.for(OPTIMA)("both devices reach the optimum: n $n, d $d, k $k", async (size, { engines }) => {
  for (const device of ENGINE_DEVICES) {
    const model = await fitOn(engines[device], size);
    const { l2 = 0, fitIntercept = true } = size.options;
    // The default tolerance, and rounding of sums over rows and of W.
    expect(judge(model, sized(size), { l2, fitIntercept }).gradientNorm).toBeLessThanOrEqual(3e-5 + 2 ** -20);
  }
});

test("weights of which twenty pairs would not fit into one binding of 128 MiB", async ({ engines }) => {
  const size: Size = { n: 2, d: 100_000, k: 12, options: { maxIterations: 1 } };
  const model = await expectMemoryBack(engines.webgpu, () => fitOn(engines.webgpu, size));
  expect(judge(model, sized(size), { l2: 1e-4 }).loss).toBeLessThan(Math.log(12) - 0.1);
});

test("a matrix of many rows is predicted in chunks as it would be at once", async ({ engines }) => {
  // Scores of 8,256 rows fill a chunk.
  const [n, d, k] = [9001, 10, 500];
  const [coef, intercept] = [Array.from(randomValues(d * k, 3)), Array.from(randomValues(k, 4))];
  const classes = Array.from({ length: k }, (_, j) => j);
  const json = { format: "luce/softmax-regression", version: 1, classes, features: d, coef, intercept };
  const x = randomValues(n * d, 9);
  for (const engine of [engines.webgpu, engines.cpu]) {
    const model = SoftmaxRegression.fromJSON(json, { engine });
    const uploads = engine.stats().uploadBytes;
    const all = await model.decisionFunction({ data: x, shape: [n, d] });
    expect(all.shape).toEqual([n, k]);
    expect(engine.stats().uploadBytes).toBeGreaterThan(uploads + 4 * n * d);
    for (const first of [0, 8240, 8256, n - 20]) {
      const some = await model.decisionFunction({ data: x.subarray(first * d, (first + 20) * d), shape: [20, d] });
      expectSameBits(all.data.subarray(first * k, (first + 20) * k), some.data);
    }
  }
});
