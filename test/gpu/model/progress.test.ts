import { afterEach, describe, expect, vi } from "vitest";
import { CallbackError, type FitProgress, SoftmaxRegression, type Tensor } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { unhandledRejections } from "./unhandled.js";

const data = clusters(40, 4, 3);
const { x, y } = data;
const SOLVERS = ["lbfgs", "sgd", "adam"] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(SOLVERS)(
    "%s: a callback that throws, or rejects, ends the fit with it as cause",
    async (solver, { engines }) => {
      const engine = engines[device];
      const cause = new TypeError("the page's own fault");
      const callbacks = [
        () => {
          throw cause;
        },
        async () => {
          await Promise.resolve();
          throw cause;
        },
      ];
      for (const onProgress of callbacks) {
        const model = new SoftmaxRegression(usable({ engine, solver, epochs: 3, batchSize: 8 }));
        const train = () => model.fit(x, y, { onProgress });
        const error = await expectMemoryBack(engine, () =>
          expectRejection(train(), CallbackError, "CALLBACK_FAILED", "onProgress"),
        );
        expect(error.cause).toBe(cause);
        expect([...model.coef.data].every(Number.isFinite)).toBe(true);
        expect(await model.predict(x)).toHaveLength(40);
        // And the model can be fitted again.
        await model.fit(x, y);
      }
      expect(await unhandledRejections()).toEqual([]);
    },
  );

  test("L-BFGS tells of the start and the end at least; weights are those of the moment", async ({ engines }) => {
    const l2 = 0.01;
    const model = new SoftmaxRegression({ engine: engines[device], l2, tolerance: 1e-5 });
    const told: FitProgress[] = [];
    const report = await model.fit(x, y, {
      validation: { x, y },
      onProgress: (progress) => {
        const { loss } = judge(model, data, { l2 });
        expect(progress.loss).toBeCloseTo(loss, 5);
        // Without its penalty, that is the loss on the same rows as validation.
        expect(progress.validationLoss).toBeCloseTo(judge(model, data, { l2: 0 }).loss, 5);
        told.push(progress);
      },
    });
    const [first, last] = [told[0], told[told.length - 1]];
    expect(first).toMatchObject({ iteration: 0, passes: 2, maxIterations: 500, epoch: undefined });
    expect(first.loss).toBeCloseTo(Math.log(3), 6);
    const { iterations, loss, gradientNorm, passes } = report;
    expect(last).toMatchObject({ iteration: iterations, loss, gradientNorm, passes });
    expect(last.samplesPerSecond).toBeGreaterThan(0);
    expect(last.validationAccuracy).toBe(await model.score(x, y));
    // Nothing is told twice.
    expect(new Set(told.map((p) => p.iteration)).size).toBe(told.length);
  });

  test("history has each iteration of L-BFGS once, with numbers and nothing else", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 6, tolerance: 0 });
    const { history, elapsedMs } = await model.fit(x, y, { validation: { x, y } });
    expect(history.map((p) => p.iteration)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const names = ["elapsedMs", "gradientNorm", "iteration", "loss", "passes", "validationAccuracy", "validationLoss"];
    for (const point of history) expect(Object.keys(point).sort()).toEqual(names);
    for (let i = 1; i < history.length; i++) {
      expect(history[i].loss).toBeLessThan(history[i - 1].loss);
      expect(history[i].elapsedMs).toBeGreaterThanOrEqual(history[i - 1].elapsedMs);
    }
    expect(history[6].validationLoss).toBeLessThan(Math.log(3));
    expect(history[6].elapsedMs).toBeLessThanOrEqual(elapsedMs);
  });

  test("about ten times a second, by the clock, and at the end", async ({ engines }) => {
    let now = 5000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 9, tolerance: 0 });
    const read = engines[device].read.bind(engines[device]);
    vi.spyOn(engines[device], "read").mockImplementation((...tensors: readonly Tensor[]) => {
      now += 21;
      return read(...tensors);
    });
    const pace = engines[device].pace.bind(engines[device]);
    vi.spyOn(engines[device], "pace").mockImplementation(() => {
      now += 11;
      return pace();
    });
    const times: number[] = [];
    await model.fit(x, y, { onProgress: () => times.push(now) });
    vi.restoreAllMocks();
    expect(times.length).toBeGreaterThan(2);
    for (let i = 1; i < times.length - 1; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(100);
  });

  test.for(["sgd", "adam"] as const)(
    "%s tells epochs, and the weights it has at the end",
    async (solver, { engines }) => {
      const model = new SoftmaxRegression(usable({ engine: engines[device], solver, epochs: 4, batchSize: 16 }));
      const told: { progress: FitProgress; coef: Float32Array }[] = [];
      const onProgress = (progress: FitProgress) => told.push({ progress, coef: model.coef.data });
      const report = await model.fit(x, y, { onProgress });
      const { progress, coef } = told[told.length - 1];
      expect(progress).toMatchObject({
        iteration: 12,
        maxIterations: 12,
        epoch: 4,
        passes: 8,
        gradientNorm: undefined,
      });
      expect(report).toMatchObject({ iterations: 12, stopReason: "max-iterations", device });
      expectSameBits(coef, model.coef.data);
      expect(report.history.at(-1)?.iteration).toBe(12);
    },
  );

  test("a slow callback is waited for, one after the other", async ({ engines }) => {
    let running = 0;
    const onProgress = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      running--;
    };
    const model = new SoftmaxRegression({ engine: engines[device], solver: "sgd", epochs: 60, batchSize: 4 });
    await model.fit(x, y, { onProgress });
    expect(running).toBe(0);
  });
});
