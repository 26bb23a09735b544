import { describe, expect } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

const data = clusters(40, 3, 3);
const finite = (model: SoftmaxRegression): boolean => [...model.coef.data, ...model.intercept].every(Number.isFinite);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(["sgd", "adam"] as const)(
    "%s with a learning rate of 1e6 stops as diverged, with finite weights and advice",
    async (solver, { engines }) => {
      const engine = engines[device];
      const model = new SoftmaxRegression({ engine, solver, learningRate: 1e6, epochs: 50, batchSize: 8 });
      const report = await expectMemoryBack(engine, () => model.fit(data.x, data.y));
      expect(report).toMatchObject({ stopReason: "diverged", converged: false });
      expect(report.advice).toContain("Lower learningRate (1000000)");
      expect(finite(model)).toBe(true);
      expect((await model.predictProba(data.x)).data.every(Number.isFinite)).toBe(true);
    },
  );

  test("the weights kept are those of a sound epoch, not those that ran away", async ({ engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression({ engine, warmStart: true, l2: 0.01 });
    await model.fit(data.x, data.y);
    const before = await model.predictProba(data.x);
    const again = SoftmaxRegression.fromJSON(model.toJSON(), {
      engine,
      warmStart: true,
      solver: "sgd",
      learningRate: 1e6,
      epochs: 3,
    });
    const report = await again.fit(data.x, data.y);
    expect(report.stopReason).toBe("diverged");
    expect((await again.predictProba(data.x)).data).toEqual(before.data);
  });

  test("a learning rate that overflows float32 in a step or two", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], solver: "sgd", learningRate: 1e38, epochs: 3 });
    const report = await model.fit(data.x, data.y);
    expect(report.stopReason).toBe("diverged");
    expect(finite(model)).toBe(true);
  });

  test("weights of zero in a batch do not hide a divergence", async ({ engines }) => {
    const model = new SoftmaxRegression({
      engine: engines[device],
      solver: "sgd",
      learningRate: 1e6,
      batchSize: 8,
      shuffle: false,
    });
    // The first batch counts for nothing, so that its mean loss is 0/0.
    const sampleWeight = data.y.map((_, i) => Number(i >= 8));
    expect((await model.fit(data.x, data.y, { sampleWeight })).stopReason).toBe("diverged");
    expect(finite(model)).toBe(true);
  });

  test("features that are not numbers, in a tensor that nobody checked", async ({ engines }) => {
    const engine = engines[device];
    using x = engine.empty([40, 3]);
    engine.write(
      x,
      data.x.data.map((v, e) => (e === 50 ? Number.NaN : v)),
    );
    for (const solver of ["lbfgs", "sgd"] as const) {
      const model = new SoftmaxRegression(usable({ engine, solver, epochs: 2 }));
      const report = await model.fit(x, data.y);
      expect(report.stopReason).toBe("diverged");
      expect(report.advice).toMatch(/[Ss]cale the features/);
      expect(finite(model)).toBe(true);
    }
  });

  test("validation losses that are not finite are not left out of the mean", async ({ engines }) => {
    const engine = engines[device];
    using broken = engine.empty([2, 3]);
    engine.write(broken, Float32Array.of(1, 2, 3, Number.NaN, 1, 1));
    const model = new SoftmaxRegression({ engine, maxIterations: 2 });
    const report = await model.fit(data.x, data.y, { validation: { x: broken, y: [0, 1] } });
    expect(report.history.at(-1)?.validationLoss).toBeNaN();
  });
});
