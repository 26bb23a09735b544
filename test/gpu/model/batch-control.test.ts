/** Early stopping and checkpoints of fits whose rows come in batches. */
import { describe, expect } from "vitest";
import {
  type Batches,
  type BatchFitOptions,
  type ByteStore,
  type Engine,
  type FitReport,
  memoryStore,
  type RowBatch,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { CLASSES, CUTS, create, data, FEATURES, inPieces, ROWS, thetaOf } from "./batch-pieces.js";
import { clusters } from "./clusters.js";
import { countedStore } from "./counted-store.js";
import { expectMemoryBack } from "./live-memory.js";

const KEY = "checkpoints/fit";
/** Few rows, so that what is learnt from the others stops being true of them. */
const { x, y } = clusters(30, FEATURES, CLASSES, 2);
const validation = { x, y };
const weights = Array.from({ length: ROWS }, (_, i) => (1 + (i % 5)) / 2);
const batches = () => inPieces(CUTS, weights);

interface Ended {
  readonly report: FitReport;
  readonly theta: Float32Array;
}

async function fitted(
  engine: Engine,
  options: SoftmaxRegressionOptions,
  fit: BatchFitOptions = {},
  rows: Batches = batches,
): Promise<Ended> {
  const model = create(engine, options);
  const report = await model.fit(rows, fit);
  return { report, theta: thetaOf(model) };
}

/** Aborts a fit when so many checkpoints have been kept, and gives what is left in the store. */
async function interrupted(
  engine: Engine,
  options: SoftmaxRegressionOptions,
  count: number,
  fit: BatchFitOptions = {},
): Promise<ByteStore> {
  const abort = new AbortController();
  const store = countedStore(count, () => abort.abort("tab closed"));
  const checkpoint = { store, name: "fit", everyMs: 0 };
  const run = () => fitted(engine, options, { ...fit, checkpoint, signal: abort.signal });
  await expectMemoryBack(engine, () => expect(run()).rejects.toBe("tab closed"));
  expect(await store.names()).toEqual([KEY]);
  return store;
}

const checkpointIn = (store: ByteStore) => ({ checkpoint: { store, name: "fit", everyMs: 0 } });

const NOISY: SoftmaxRegressionOptions = { l2: 0, tolerance: 0, maxIterations: 200, epochs: 60, learningRate: 0.3 };
const COURSES: readonly (SoftmaxRegressionOptions & { readonly named: string })[] = [
  { named: "L-BFGS", l2: 1e-6, tolerance: 0, maxIterations: 66 },
  { named: "L-BFGS of scaled columns", l2: 1e-6, tolerance: 0, maxIterations: 46, standardize: true },
  { named: "SGD", solver: "sgd", momentum: 0.5, nesterov: true, epochs: 6 },
  { named: "Adam of scaled columns", solver: "adam", epochs: 6, standardize: true },
  { named: "L-BFGS of balanced classes", l2: 1e-6, tolerance: 0, maxIterations: 46, classWeight: "balanced" },
  {
    named: "Adam of balanced classes, by a schedule",
    ...{ solver: "adam", epochs: 6, classWeight: "balanced", learningRate: (t, steps) => 0.05 * (1 - t / steps) },
  },
  { named: "weights clipped and averaged", solver: "sgd", epochs: 6, clipNorm: 0.2, averageWeights: { from: 0.2 } },
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(["lbfgs", "sgd"] as const)(
    "%s stops when validation gets no better, with the best weights",
    async (solver, { engines }) => {
      const engine = engines[device];
      const patience = solver === "lbfgs" ? 5 : 3;
      const model = create(engine, { ...NOISY, solver });
      const fit: BatchFitOptions = { validation, earlyStopping: { patience } };
      const report = await expectMemoryBack(engine, () => model.fit(batches, fit));
      expect(report.stopReason).toBe("early-stop");
      // Every epoch is looked at, or every iteration, and nothing else is.
      const each = solver === "lbfgs" ? 1 : 1 + 4 + 1 + 7;
      const looks = report.history.filter(({ iteration }) => iteration % each === 0);
      expect(looks.map(({ iteration }) => iteration)).toEqual(
        Array.from({ length: looks.length }, (_, i) => (i + Number(solver === "sgd")) * each),
      );
      const losses = looks.map(({ validationLoss }) => validationLoss as number);
      const best = losses.indexOf(Math.min(...losses));
      expect(report.bestIteration).toBe(looks[best].iteration);
      expect(looks.length - 1 - best).toBe(patience);
      expect(report.iterations).toBe(looks.at(-1)?.iteration);
      expect(report.loss).toBe(looks[best].loss);
      // Its mean of 30 losses in float32, and theirs in float64.
      expect((await model.evaluate(x, y)).logLoss).toBeCloseTo(losses[best], 5);
      const again = await fitted(engine, { ...NOISY, solver }, fit);
      expectSameBits(again.theta, thetaOf(model));
    },
  );

  test.for(COURSES)(
    "$named: broken off and gone on with, the same bits",
    async ({ named: _, ...course }, { engines }) => {
      const engine = engines[device];
      const whole = await fitted(engine, course);
      const plain = memoryStore();
      const kept = await fitted(engine, course, checkpointIn(plain));
      expectSameBits(kept.theta, whole.theta, "with checkpoints");
      expect(await plain.names()).toEqual([]);
      for (const count of [1, 2]) {
        const store = await interrupted(engine, course, count);
        const again = countedStore(0, () => undefined);
        await again.put(KEY, (await store.get(KEY)) as Uint8Array);
        let passes = 0;
        const source = () => {
          passes++;
          return batches();
        };
        const resumed = await fitted(engine, course, checkpointIn(again), source);
        expectSameBits(resumed.theta, whole.theta, `after ${count} checkpoints`);
        const { stopReason, iterations, passes: products, gradientNorm } = whole.report;
        expect(resumed.report).toMatchObject({ stopReason, iterations, passes: products, gradientNorm });
        expect(await again.names()).toEqual([]);
        // What was done is not done again: each epoch is one pass, and 19 attempts of L-BFGS are 38.
        const all = course.solver ? 6 : products;
        // What is asked of all rows is asked again.
        const { solver, standardize, classWeight } = course;
        const survey = Number(solver !== undefined && (standardize || classWeight) !== undefined);
        const done = course.solver ? count : 38 * count;
        expect(passes).toBeLessThanOrEqual(all - done + survey + (course.solver ? 0 : 6));
      }
    },
  );

  test("broken off in the middle of an epoch, it goes on from where that began", async ({ engines }) => {
    const engine = engines[device];
    const options: SoftmaxRegressionOptions = { solver: "sgd", momentum: 0.9, epochs: 5, standardize: true };
    const whole = await fitted(engine, options);
    const abort = new AbortController();
    const store = memoryStore();
    let passes = 0;
    async function* broken(): AsyncGenerator<RowBatch> {
      passes++;
      let place = 0;
      for await (const batch of batches()) {
        // The first pass is that of the means; two epochs are over.
        if (passes === 4 && place++ === 2) abort.abort("closed");
        yield batch;
      }
    }
    const fit = { ...checkpointIn(store), signal: abort.signal };
    await expect(fitted(engine, options, fit, () => broken())).rejects.toBe("closed");
    passes = 10;
    const resumed = await fitted(engine, options, checkpointIn(store), () => broken());
    expectSameBits(resumed.theta, whole.theta);
    expect(passes).toBe(10 + 1 + 3);
  });

  test("early stopping goes on with what it had seen", async ({ engines }) => {
    const engine = engines[device];
    const options: SoftmaxRegressionOptions = { ...NOISY, solver: "adam", learningRate: 0.05 };
    const fit: BatchFitOptions = { validation, earlyStopping: { patience: 4 } };
    const whole = await fitted(engine, options, fit);
    expect(whole.report.stopReason).toBe("early-stop");
    const { stopReason, iterations, bestIteration } = whole.report;
    const epochs = iterations / 13;
    // The last one is kept when the best look is over already.
    const store = await interrupted(engine, options, epochs - 2, fit);
    const resumed = await fitted(engine, options, { ...fit, ...checkpointIn(store) });
    expectSameBits(resumed.theta, whole.theta);
    expect(resumed.report).toMatchObject({ stopReason, iterations, bestIteration });
  });
});

test("epochs of minibatches stop where a fit of all rows does", async ({ engines }) => {
  // On a GPU that fit takes many steps to a launch, which add up in another order.
  const engine = engines.cpu;
  const options: SoftmaxRegressionOptions = { ...NOISY, solver: "sgd", shuffle: false };
  const fit: BatchFitOptions = { validation, earlyStopping: { patience: 3 } };
  const cut = await fitted(engine, options, fit, () => inPieces([0, 16, 40, ROWS]));
  const model = create(engine, options);
  const { stopReason, iterations, bestIteration } = await model.fit(data.x, data.y, fit);
  expect(stopReason).toBe("early-stop");
  expect(cut.report).toMatchObject({ stopReason, iterations, bestIteration });
  expectSameBits(cut.theta, thetaOf(model));
});

test("a checkpoint of other rows or options is told from this one", async ({ engines }) => {
  const engine = engines.cpu;
  const lbfgs: SoftmaxRegressionOptions = { l2: 1e-6, tolerance: 0, maxIterations: 60 };
  const adam: SoftmaxRegressionOptions = { solver: "adam", epochs: 4 };
  const scaled: SoftmaxRegressionOptions = { ...adam, standardize: true };
  const cosine: SoftmaxRegressionOptions = { ...adam, learningRate: (t, steps) => 0.1 * (1 - t / steps) };
  const balanced: SoftmaxRegressionOptions = { ...adam, classWeight: "balanced" };
  const moved = data.x.data.map((v, e) => (e === 100 ? v + 1e-3 : v));
  const other = { ...data, x: { ...data.x, data: moved } };
  const narrow = {
    ...data,
    x: { data: data.x.data.filter((_, e) => e % FEATURES > 0), shape: [ROWS, FEATURES - 1] as const },
  };
  const cases: readonly [SoftmaxRegressionOptions, SoftmaxRegressionOptions, Batches, string][] = [
    [lbfgs, lbfgs, () => inPieces(CUTS, weights, other), "another value of X."],
    [lbfgs, lbfgs, () => inPieces([0, 8, 37, 38, 90], weights), "another value of X."],
    [lbfgs, lbfgs, () => inPieces(CUTS), "the weights of X's rows."],
    [lbfgs, { ...lbfgs, l2: 1e-5 }, batches, "option `l2`."],
    [adam, adam, () => inPieces(CUTS, weights, narrow), "another value of X."],
    [adam, { ...adam, classWeight: new Map([[1, 2]]) }, batches, "option `classWeight`."],
    [scaled, scaled, () => inPieces(CUTS, weights, other), "means and deviations of X's columns."],
    [scaled, adam, batches, "option `standardize`."],
    [balanced, balanced, () => inPieces(CUTS), "the rows of each class."],
    [balanced, adam, batches, "option `classWeight`."],
    // As many rows, in one minibatch less.
    [cosine, cosine, () => inPieces([0, 8, 40, 90], weights), "the number of steps, option `learningRate`."],
    [cosine, cosine, () => inPieces([0, 7, 37, 38, 80], weights), "the number of rows, the number of steps"],
  ];
  const stores = new Map<SoftmaxRegressionOptions, ByteStore>();
  for (const [before, now, rows, message] of cases) {
    const store = stores.get(before) ?? (await interrupted(engine, before, 1));
    stores.set(before, store);
    await expect(fitted(engine, now, checkpointIn(store), rows), message).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining(message),
    });
  }
  // What a fit of rows has kept is none of batches.
  const [store] = stores.values();
  const whole = create(engine, lbfgs).fit(data.x, data.y, { sampleWeight: weights, ...checkpointIn(store) });
  await expect(whole).rejects.toMatchObject({ code: "CHECKPOINT_MISMATCH" });
});
