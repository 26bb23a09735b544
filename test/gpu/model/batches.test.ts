import { describe, expect } from "vitest";
import {
  type Batches,
  type Engine,
  type FitProgress,
  type RowBatch,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";

const [ROWS, FEATURES, CLASSES] = [90, 9, 4];
const data = clusters(ROWS, FEATURES, CLASSES);
const classes = [0, 1, 2, 3];
/** Where the rows are cut: pieces of unlike sizes, none of them a multiple of four. */
const CUTS = [0, 7, 37, 38, 90];

const piece = (from: number, to: number, all: Dataset = data): Dataset =>
  rowsOf(
    all,
    Array.from({ length: to - from }, (_, i) => from + i),
  );

async function* inPieces(cuts: readonly number[] = CUTS, sampleWeight?: readonly number[]): AsyncGenerator<RowBatch> {
  for (let i = 1; i < cuts.length; i++) {
    await Promise.resolve();
    const { x, y } = piece(cuts[i - 1], cuts[i]);
    yield { x, y, ...(sampleWeight && { sampleWeight: sampleWeight.slice(cuts[i - 1], cuts[i]) }) };
  }
}

const thetaOf = (model: SoftmaxRegression): Float32Array => Float32Array.of(...model.coef.data, ...model.intercept);
const create = (engine: Engine, options: SoftmaxRegressionOptions): SoftmaxRegression =>
  new SoftmaxRegression({ engine, classes, batchSize: 8, epochs: 3, l2: 0.01, ...options });

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("L-BFGS ends at the optimum of all rows, with weights, soft targets and without an intercept", async ({
    engines,
  }) => {
    const engine = engines[device];
    const l2 = 0.01;
    const weights = Array.from({ length: ROWS }, (_, i) => (i % 5) / 2);
    const soft: RowBatch[] = CUTS.slice(1).map((to, i) => {
      const { x, y } = piece(CUTS[i], to);
      const rows = y.map((label) => classes.map((c) => (c === label ? 0.7 : 0.1)));
      return { x, y: rows };
    });
    const whole = { y: data.y.map((label) => classes.map((c) => (c === label ? 0.7 : 0.1))) };
    const cases: [string, SoftmaxRegressionOptions, Batches, Parameters<typeof judge>[2] | undefined, unknown[]][] = [
      ["plain", {}, () => inPieces(), { l2 }, [data.y]],
      ["weights", {}, () => inPieces(CUTS, weights), undefined, [data.y, { sampleWeight: weights }]],
      ["no intercept", { fitIntercept: false }, () => inPieces(), undefined, [data.y]],
      ["soft targets, in a plain array", {}, () => soft, undefined, [whole.y]],
      ["halves", { features: "f16" }, async () => inPieces(), undefined, [data.y]],
    ];
    for (const [name, options, batches, exact, rest] of cases) {
      const streamed = create(engine, { tolerance: 1e-6, ...options });
      const report = await expectMemoryBack(engine, () => streamed.fit(batches));
      expect(["converged", "precision"], name).toContain(report.stopReason);
      const model = create(engine, { tolerance: 1e-6, ...options });
      const [y, fit] = rest as [number[], object?];
      const direct = await model.fit(data.x, y, fit);
      // ‖W − W*‖ ≤ ‖dJ‖ / l2 for each, and max |dJ| bounds a part of ‖dJ‖ each.
      const parts = Math.sqrt((FEATURES + 1) * CLASSES);
      const floor = (parts * ((report.gradientNorm as number) + (direct.gradientNorm as number) + 2e-7)) / l2;
      expect(floor, name).toBeLessThan(0.01);
      expectClose(streamed.coef.data, model.coef.data, { floor });
      if (exact) expect(judge(streamed, data, exact).gradientLength).toBeLessThan(2e-6 * parts);
    }
  });

  test.for(["lbfgs", "sgd"] as const)(
    "%s: sparse batches are what the same batches are with their zeros",
    async (solver, { engines }) => {
      const engine = engines[device];
      const l2 = 0.1;
      const pieces = CUTS.slice(1).map((to, i) => {
        const { x, y } = piece(CUTS[i], to);
        return { sparse: sparseOf(x.data, x.shape, 0.5), y };
      });
      const options: SoftmaxRegressionOptions = { solver, l2, tolerance: 1e-6, epochs: 1, shuffle: false };
      const sparse = create(engine, options);
      const report = await expectMemoryBack(engine, () =>
        sparse.fit(() => pieces.map(({ sparse: rows, y }) => ({ x: csrOf(rows), y }))),
      );
      const dense = create(engine, options);
      const other = await dense.fit(() =>
        pieces.map(({ sparse: rows, y }) => ({ x: { data: denseOf(rows), shape: [rows.rows, FEATURES] }, y })),
      );
      const parts = Math.sqrt((FEATURES + 1) * CLASSES);
      const gradients = (report.gradientNorm ?? 0) + (other.gradientNorm ?? 0) + 2e-7;
      // Twelve steps of 0.1: sums of 8 rows and 9 features, in another order.
      const floor = solver === "lbfgs" ? (parts * gradients) / l2 : 12 * 0.1 * 17 * 4 * 2 ** -24;
      expectClose(sparse.coef.data, dense.coef.data, { floor });
      expect(dense.coef.data.some((w) => Math.abs(w) > 0.01)).toBe(true);
    },
  );

  test.for(["sgd", "adam"] as const)(
    "%s in one batch takes the steps that it takes on the rows",
    async (solver, { engines }) => {
      const engine = engines[device];
      const options: SoftmaxRegressionOptions = {
        solver,
        epochs: 1,
        shuffle: false,
        momentum: solver === "sgd" ? 0.5 : 0,
      };
      const direct = create(engine, options);
      await direct.fit(data.x, data.y);
      const whole = create(engine, options);
      const report = await expectMemoryBack(engine, () => whole.fit(inPieces([0, ROWS])));
      expect(report).toMatchObject({ iterations: Math.ceil(ROWS / 8), passes: 2, stopReason: "max-iterations" });
      // Cut where minibatches end, the steps are the same as well: momentum and Adam's count go on across batches.
      const cut = create(engine, options);
      await cut.fit(inPieces([0, 16, 40, ROWS]));
      expectSameBits(thetaOf(cut), thetaOf(whole));
      if (device === "cpu") expectSameBits(thetaOf(whole), thetaOf(direct));
      // Steps many to a launch add up in another order on a GPU: sums of 8 rows and 9 features, 12 times, Adam's divided by gradients of 1e-2.
      else expectClose(thetaOf(whole), thetaOf(direct), { floor: 12 * 100 * 17 * 2 ** -24 });
    },
  );

  test.for(["sgd", "adam"] as const)(
    "%s: epochs, progress, the same bits again, and a warm start",
    async (solver, { engines }) => {
      const engine = engines[device];
      const told: FitProgress[] = [];
      const { x, y } = clusters(30, FEATURES, CLASSES, 2);
      const validation = { x, y };
      const runs: Float32Array[] = [];
      for (let run = 0; run < 2; run++) {
        const model = create(engine, { solver, seed: 5, warmStart: true });
        const report = await model.fit(() => inPieces(), {
          validation,
          onProgress: (progress) => void told.push(progress),
        });
        const steps = 3 * (1 + 4 + 1 + 7);
        expect(report.iterations).toBe(steps);
        expect(report.passes).toBe(6);
        const last = told.at(-1);
        expect(last).toMatchObject({ iteration: steps, maxIterations: steps, epoch: 3 });
        expect(last?.validationAccuracy).toBeCloseTo(await model.score(x, y), 6);
        expect(last?.samplesPerSecond).toBeGreaterThan(0);
        runs.push(thetaOf(model));
        if (run === 1) {
          const before = report.loss;
          const more = await model.fit(() => inPieces());
          expect(more.loss).toBeLessThan(before);
        }
      }
      expectSameBits(runs[1], runs[0]);
    },
  );

  test("no more than one batch is on the device at a time", async ({ engines }) => {
    const engine = engines[device];
    const [rows, features, batchRows] = [4000, 64, 250];
    const all = clusters(rows, features, 3);
    let most = 0;
    const batches = async function* (): AsyncGenerator<RowBatch> {
      for (let from = 0; from < rows; from += batchRows) {
        most = Math.max(most, engine.stats().bytes);
        const { x, y } = piece(from, from + batchRows, all);
        yield { x, y };
      }
    };
    for (const solver of ["lbfgs", "sgd"] as const) {
      const before = engine.stats();
      most = 0;
      const model = new SoftmaxRegression({
        engine,
        solver,
        classes: [0, 1, 2],
        epochs: 2,
        maxIterations: 8,
        l2: 1e-3,
      });
      await model.fit(batches);
      const { uploadBytes } = engine.stats();
      // Each pass brings all of X in anew …
      expect(uploadBytes - before.uploadBytes).toBeGreaterThan(2 * rows * features * 4);
      // … but labels, three values a row and class, some forty vectors like θ and sums are all that stays, beside one batch.
      const staying = rows * 4 * (1 + 3 * 4) + 60 * (features + 1) * 16 + 512 * 4 * 64;
      expect(most - before.bytes).toBeLessThan(staying + 2 * batchRows * features * 4);
      expect(staying + 2 * batchRows * features * 4).toBeLessThan(rows * features * 4);
    }
  });

  test("an abort is answered though the batches hang, and the weights so far stay", async ({ engines }) => {
    const engine = engines[device];
    for (const solver of ["lbfgs", "adam"] as const) {
      const abort = new AbortController();
      let passes = 0;
      let returned = false;
      const batches = (): AsyncIterable<RowBatch> => {
        const pieces = inPieces();
        const hangs = ++passes === (solver === "lbfgs" ? 20 : 2);
        return {
          [Symbol.asyncIterator]: () => ({
            next: () => {
              if (!hangs) return pieces.next();
              setTimeout(() => abort.abort("enough"), 1);
              return new Promise(() => undefined);
            },
            return: async () => {
              returned = hangs;
              return { done: true, value: undefined };
            },
          }),
        };
      };
      const model = create(engine, { solver, tolerance: 0 });
      await expectMemoryBack(engine, () => expect(model.fit(batches, { signal: abort.signal })).rejects.toBe("enough"));
      expect(returned).toBe(true);
      expect(model.coef.data.some((w) => w !== 0)).toBe(true);
      await model.fit(() => inPieces());
    }
  });

  test("what is wrong with the batches is told, and all memory comes back", async ({ engines }) => {
    const engine = engines[device];
    const bad = async (batches: unknown, error: object, options: SoftmaxRegressionOptions = {}): Promise<void> => {
      for (const solver of ["lbfgs", "sgd"] as const) {
        const model = create(engine, { solver, ...options });
        await expectMemoryBack(engine, () =>
          expect(model.fit(batches as Batches), solver).rejects.toMatchObject(error),
        );
      }
    };
    const piecesThen = (more: () => unknown) =>
      async function* () {
        yield* inPieces([0, 20]);
        yield more();
      };
    const { x, y } = piece(20, 30);
    await bad(
      piecesThen(() => ({ x: [[1, 2]], y: [0] })),
      {
        code: "SHAPE_MISMATCH",
        message: expect.stringMatching(/^fit: batch 1: X has another number of features.*expected 9, got 2/),
      },
    );
    await bad(
      piecesThen(() => ({ x, y: y.map(() => 7) })),
      { name: "LabelError", message: expect.stringContaining("fit: batch 1") },
    );
    await bad(
      piecesThen(() => ({ x, y: y.map(() => [1, 0, 0, 0]) })),
      { name: "DataError", code: "UNSUPPORTED_TYPE" },
    );
    await bad(
      piecesThen(() => ({ x: { ...x, data: x.data.map((v, i) => (i === 12 ? Number.NaN : v)) }, y })),
      {
        code: "NON_FINITE_INPUT",
        message: expect.stringContaining("row 1, column 3"),
      },
    );
    await bad(
      piecesThen(() => ({ x })),
      { name: "DataError" },
    );
    await bad(
      piecesThen(() => ({ x, y, z: 1 })),
      { name: "OptionError", code: "UNKNOWN_OPTION" },
    );
    const cause = new Error("the network is down");
    await bad(
      piecesThen(() => {
        throw cause;
      }),
      { name: "CallbackError", code: "CALLBACK_FAILED", cause },
    );
    await bad(async function* () {}, { name: "DataError", code: "EMPTY_INPUT" });
    await bad(() => 7, { name: "OptionError" });
    let calls = 0;
    await bad(
      () => inPieces(calls++ % 2 === 0 ? [0, 20, 90] : [0, 20, 80]),
      { code: "EMPTY_INPUT" },
      { solver: "lbfgs" },
    );
    let first = true;
    const once = (): AsyncGenerator<RowBatch> | RowBatch[] => {
      const now = first ? inPieces() : [];
      first = !first;
      return now;
    };
    await bad(once, { code: "EMPTY_INPUT", message: expect.stringContaining("pass 2") });
  });
});

test("options that batches cannot be fitted with are refused before anything is read", async ({ engines }) => {
  const engine = engines.cpu;
  let read = false;
  const batches = (): AsyncGenerator<RowBatch> => {
    read = true;
    return inPieces();
  };
  const bad = async (options: SoftmaxRegressionOptions, given: Batches, words: string, fit = {}): Promise<void> => {
    const model = new SoftmaxRegression({ engine, classes, ...options });
    await expect(model.fit(given, fit)).rejects.toMatchObject({
      name: "OptionError",
      message: expect.stringContaining(words),
    });
  };
  await expect(new SoftmaxRegression({ engine }).fit(batches)).rejects.toThrow("classes");
  await bad({ classWeight: "balanced" }, batches, "classWeight");
  await bad({ solver: "sgd", learningRate: { schedule: "cosine", initial: 0.1 } }, batches, "learningRate");
  await bad({ solver: "adam", learningRate: () => 1 }, batches, "learningRate");
  await bad({}, inPieces(), "solver");
  await bad({ solver: "sgd" }, inPieces(), "epochs");
  await bad({}, batches, "validation", { validation: 0.2 });
  await bad({}, batches, "checkpoint", { checkpoint: {} });
  expect(read).toBe(false);
});
