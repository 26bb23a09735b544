import { describe, expect, vi } from "vitest";
import {
  DeviceError,
  type Engine,
  type FitOptions,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack, liveMemory } from "./live-memory.js";
import { unhandledRejections } from "./unhandled.js";

const data = clusters(30, 5, 3);
const validation = { x: data.x, y: data.y };
const weights = data.y.map((c) => c + 1);
const SOLVERS = ["lbfgs", "sgd", "adam"] as const;

const throwing = (): never => {
  throw new Error("from the callback");
};

const OUTCOMES: Readonly<
  Record<string, { model?: SoftmaxRegressionOptions; fit?: FitOptions; x?: number[][]; ends: string }>
> = {
  "a fit": { ends: "fulfilled" },
  "a fit with validation and weights": {
    fit: { validation, sampleWeight: weights, onProgress: () => 1 },
    ends: "fulfilled",
  },
  "a callback that throws": { fit: { onProgress: throwing }, ends: "rejected" },
  "bad features": { x: [[Number.NaN]], ends: "rejected" },
  "bad weights": { fit: { sampleWeight: [1] }, ends: "rejected" },
  divergence: { model: { learningRate: 1e30 }, x: data.y.map((_, i) => [1e20 * i, 1]), ends: "fulfilled" },
};

describe.each(ENGINE_DEVICES)("live buffers and bytes on %s return to where they were after", (device) => {
  for (const [name, { model, fit, x, ends }] of Object.entries(OUTCOMES)) {
    test.for(SOLVERS)(`${name}, by %s`, async (solver, { engines }) => {
      const engine = engines[device];
      const estimator = new SoftmaxRegression(
        usable({ engine, solver, epochs: 2, batchSize: 8, maxIterations: 5, ...model }),
      );
      const [end] = await expectMemoryBack(engine, () => Promise.allSettled([estimator.fit(x ?? data.x, data.y, fit)]));
      expect(end.status).toBe(ends);
    });
  }

  test.for(SOLVERS)("an abort in the middle, by %s", async (solver, { engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression(usable({ engine, solver, epochs: 1000, batchSize: 8, tolerance: 0, l2: 0 }));
    const abort = new AbortController();
    const reason = new Error("enough");
    const onProgress = () => abort.abort(reason);
    await expectMemoryBack(engine, async () => {
      await expect(model.fit(data.x, data.y, { onProgress, signal: abort.signal })).rejects.toBe(reason);
    });
  });

  test("predictions, scores, and refused ones", async ({ engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression({ engine, maxIterations: 3 });
    await model.fit(data.x, data.y);
    using foreign = (device === "cpu" ? engines.webgpu : engines.cpu).tensor(data.x);
    using own = engine.tensor(data.x);
    await expectMemoryBack(engine, async () => {
      await model.predictProba(data.x);
      await model.predictProba(own);
      await model.score(data.x, data.y);
      await Promise.allSettled([model.predict(foreign), model.fit(foreign, data.y), model.predict([[1]])]);
    });
    expect(own.disposed).toBe(false);
  });

  test("memory that cannot be had, wherever that happens", async ({ engines }) => {
    const engine = engines[device];
    const soft = data.y.map((c) => [0, 1, 2].map((j) => Number(j === c)));
    for (const solver of SOLVERS) {
      const model = new SoftmaxRegression(usable({ engine, solver, epochs: 1, maxIterations: 1 }));
      const train = () => model.fit(data.x, soft, { validation, sampleWeight: weights });
      const fitted = await failingAllocations(engine, train);
      const predicted = await failingAllocations(engine, () => model.predictProba(data.x));
      // As many refusals as there are allocations: those of a fit (13 by fused minibatches), and of a prediction.
      expect(fitted).toBeGreaterThanOrEqual(13);
      expect(predicted).toBeGreaterThanOrEqual(4);
    }
    expect(await unhandledRejections()).toEqual([]);
  });
});

/** Refuses the first allocation of `work`, then the second, … until it comes through. Returns how many were refused. */
async function failingAllocations(engine: Engine, work: () => Promise<unknown>): Promise<number> {
  const before = liveMemory(engine);
  for (let spared = 0; ; spared++) {
    let left = spared;
    const full = new DeviceError("OUT_OF_MEMORY", "the test's own refusal");
    const [empty, tensor] = [engine.empty.bind(engine), engine.tensor.bind(engine)];
    const take = (): void => {
      if (left-- <= 0) throw full;
    };
    vi.spyOn(engine, "empty").mockImplementation((...args) => {
      take();
      return empty(...args);
    });
    vi.spyOn(engine, "tensor").mockImplementation((...args) => {
      take();
      return tensor(...args);
    });
    const [end] = await Promise.allSettled([work()]);
    vi.restoreAllMocks();
    expect(liveMemory(engine)).toEqual(before);
    if (end.status === "fulfilled") return spared;
    expect(end.reason).toBe(full);
  }
}
