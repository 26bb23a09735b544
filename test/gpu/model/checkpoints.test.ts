import { describe, expect } from "vitest";
import {
  type ByteStore,
  type CheckpointOptions,
  type Engine,
  type FitOptions,
  type FitReport,
  type MatrixLike,
  memoryStore,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, sparseOf } from "../../support/sparse-cases.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { countedStore } from "./counted-store.js";
import { expectMemoryBack } from "./live-memory.js";

const data = clusters(75, 9, 4);
const { x, y } = clusters(30, 9, 4, 2);
const held = { x, y };
const KEY = "checkpoints/fit";
const SQUARED_MARGIN = { name: "margin", power: 2 } as const;

interface Ended {
  readonly report: FitReport;
  readonly theta: Float32Array;
}

const SPARSE = csrOf(sparseOf(data.x.data, data.x.shape, 0.5));

async function fitted(
  engine: Engine,
  options: SoftmaxRegressionOptions,
  fit: FitOptions = {},
  rows: MatrixLike = data.x,
): Promise<Ended> {
  const model = new SoftmaxRegression(usable({ engine, batchSize: 16, ...options }));
  const report = await model.fit(rows, data.y, fit);
  return { report, theta: Float32Array.of(...model.coef.data, ...model.intercept) };
}

/** Aborts a fit after so many checkpoints, and gives what is left in the store. */
async function interrupted(
  engine: Engine,
  options: SoftmaxRegressionOptions,
  count: number,
  fit: FitOptions = {},
  rows: MatrixLike = data.x,
): Promise<ByteStore> {
  const abort = new AbortController();
  const store = countedStore(count, () => abort.abort("tab closed"));
  const checkpoint: CheckpointOptions = { store, name: "fit", everyMs: 0 };
  await expect(fitted(engine, options, { ...fit, checkpoint, signal: abort.signal }, rows)).rejects.toBe("tab closed");
  expect(await store.names()).toEqual([KEY]);
  return store;
}

const COURSES: readonly (SoftmaxRegressionOptions & { readonly named: string; readonly rows?: MatrixLike })[] = [
  { named: "L-BFGS", solver: "lbfgs", tolerance: 0, l2: 1e-6, maxIterations: 130 },
  {
    named: "L-BFGS without an intercept",
    solver: "lbfgs",
    tolerance: 0,
    l2: 1e-6,
    maxIterations: 70,
    fitIntercept: false,
  },
  { named: "L-BFGS with exact zeros", solver: "lbfgs", tolerance: 0, l1: 1e-3, l2: 0, maxIterations: 70 },
  { named: "L-BFGS of scaled columns", solver: "lbfgs", tolerance: 0, l2: 1e-6, maxIterations: 70, standardize: true },
  { named: "L-BFGS of another loss", solver: "lbfgs", tolerance: 0, l2: 1e-6, maxIterations: 70, loss: SQUARED_MARGIN },
  { named: "L-BFGS of sparse rows", solver: "lbfgs", tolerance: 0, l2: 1e-6, maxIterations: 70, rows: SPARSE },
  { named: "Adam of sparse rows", solver: "adam", epochs: 5, rows: SPARSE },
  { named: "SGD of scaled columns", solver: "sgd", momentum: 0.5, epochs: 5, standardize: true },
  { named: "SGD", solver: "sgd", momentum: 0.5, nesterov: true, epochs: 5 },
  { named: "SGD with a function's rates", solver: "sgd", epochs: 4, learningRate: (t) => 0.1 / (1 + t) },
  { named: "Adam", solver: "adam", epochs: 5 },
  { named: "AdamW, averaged", solver: "adamw", epochs: 5, averageWeights: { from: 0.3 } },
  {
    named: "clipped SGD, averaged",
    solver: "sgd",
    epochs: 5,
    momentum: 0.5,
    clipNorm: 0.2,
    averageWeights: { from: 0 },
  },
  { named: "Adam with exact zeros", solver: "adam", epochs: 5, l1: 1e-2 },
  { named: "Adam in the rows' own order", solver: "adam", epochs: 5, shuffle: false },
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(COURSES)(
    "$named: interrupted and gone on with, the same bits",
    async ({ named: _, rows = data.x, ...course }, { engines }) => {
      const engine = engines[device];
      const whole = await fitted(engine, course, {}, rows);
      const plain = memoryStore();
      const kept = await fitted(engine, course, { checkpoint: { store: plain, name: "fit", everyMs: 0 } }, rows);
      expectSameBits(kept.theta, whole.theta, "with checkpoints");
      expect(await plain.names()).toEqual([]);
      for (const count of [1, 3]) {
        const store = await interrupted(engine, course, count, {}, rows);
        // Other work leaves other buffers behind.
        await fitted(engine, { solver: "adam", epochs: 1, l2: 0.3 });
        const again = countedStore(0, () => undefined);
        await again.put(KEY, (await store.get(KEY)) as Uint8Array);
        const resumed = await fitted(engine, course, { checkpoint: { store: again, name: "fit", everyMs: 0 } }, rows);
        expectSameBits(resumed.theta, whole.theta, `after ${count} checkpoints`);
        const { stopReason, iterations, passes, loss, gradientNorm } = whole.report;
        expect(resumed.report).toMatchObject({ stopReason, iterations, passes, gradientNorm });
        if (course.solver === "lbfgs") {
          expect(resumed.report.loss).toBe(loss);
          const points = ({ report }: Ended) =>
            report.history.map((point) => [point.iteration, point.loss, point.passes]);
          expect(points(resumed)).toEqual(points(whole));
        }
        // It did go on from there rather than from the beginning, and left nothing.
        expect(again.puts).toBeLessThanOrEqual(1 + (course.solver === "lbfgs" ? 8 - count : 30 - count));
        expect(await again.names()).toEqual([]);
      }
    },
  );

  test.for(["lbfgs", "sgd"] as const)("%s with early stopping stops at the same place", async (solver, { engines }) => {
    const engine = engines[device];
    const course: SoftmaxRegressionOptions = {
      solver,
      tolerance: 0,
      l2: 0,
      maxIterations: 200,
      epochs: 60,
      learningRate: 0.3,
    };
    const fit: FitOptions = { validation: held, earlyStopping: { patience: 25 } };
    const whole = await fitted(engine, course, fit);
    expect(whole.report.stopReason).toBe("early-stop");
    const store = await interrupted(engine, course, 1, fit);
    const resumed = await fitted(engine, course, { ...fit, checkpoint: { store, name: "fit", everyMs: 0 } });
    expectSameBits(resumed.theta, whole.theta);
    const { stopReason, iterations, bestIteration } = whole.report;
    expect(resumed.report).toMatchObject({ stopReason, iterations, bestIteration });
  });

  test("all memory comes back, and the weights of the last report stay, when the disk is full", async ({ engines }) => {
    const engine = engines[device];
    const inner = memoryStore();
    const full: ByteStore = { ...inner, put: () => Promise.reject(new DOMException("full", "QuotaExceededError")) };
    const model = new SoftmaxRegression({ engine, solver: "sgd", batchSize: 16 });
    await expectMemoryBack(engine, () =>
      expect(model.fit(data.x, data.y, { checkpoint: { store: full, name: "fit", everyMs: 0 } })).rejects.toMatchObject(
        { name: "CallbackError", code: "CALLBACK_FAILED", cause: { name: "QuotaExceededError" } },
      ),
    );
    expect(model.coef.data.some((w) => w !== 0)).toBe(true);
  });
});

test("a tensor of the caller's is told from another one", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const abort = new AbortController();
    const store = countedStore(1, () => abort.abort("enough"));
    const checkpoint = { store, name: "fit", everyMs: 0 };
    const course: SoftmaxRegressionOptions = { engine, solver: "adam", batchSize: 16 };
    using rows = engine.tensor(data.x);
    const first = new SoftmaxRegression(course).fit(rows, data.y, { checkpoint, signal: abort.signal });
    await expect(first).rejects.toBe("enough");
    using other = engine.tensor({ ...data.x, data: data.x.data.map((v, i) => (i === 100 ? v + 1e-6 : v)) });
    await expect(new SoftmaxRegression(course).fit(other, data.y, { checkpoint })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining("another value of X."),
    });
    using same = engine.tensor(data.x);
    const report = await new SoftmaxRegression(course).fit(same, data.y, { checkpoint });
    expect(report.stopReason).toBe("max-iterations");
  }
});
