/** Where batches come from: one at a time, sources that hang, throw or give other rows, and what they cannot be fitted with. */
import { describe, expect } from "vitest";
import {
  type Batches,
  memoryStore,
  type RowBatch,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { classes, create, inPieces, piece } from "./batch-pieces.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

describe.each(ENGINE_DEVICES)("on %s", (device) => {
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
      const model = new SoftmaxRegression(
        usable({
          engine,
          solver,
          classes: [0, 1, 2],
          epochs: 2,
          maxIterations: 8,
          l2: 1e-3,
        }),
      );
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
  const bad = async (
    options: SoftmaxRegressionOptions,
    given: Batches,
    words: string | RegExp,
    fit = {},
  ): Promise<void> => {
    const model = new SoftmaxRegression({ engine, classes, ...options });
    await expect(model.fit(given, fit)).rejects.toMatchObject({
      name: "OptionError",
      message: expect.stringMatching(words),
    });
  };
  await expect(new SoftmaxRegression({ engine }).fit(batches)).rejects.toThrow("classes");
  await bad({}, inPieces(), "solver");
  await bad({ solver: "sgd" }, inPieces(), "epochs");
  await bad({}, batches, "validation", { validation: 0.2 });
  const third = new SoftmaxRegression({ engine, classes }).fit(batches as never, {} as never, { validation: 0.2 });
  await expect(third).rejects.toThrow("fit: options stand in the wrong place: expected fit(batches, options)");
  await bad({}, batches, "needs `validation`", { earlyStopping: true });
  await bad({}, batches, "checkpoint", { checkpoint: {} });
  const checkpoint = { store: memoryStore(), name: "fit" };
  await bad({ solver: "sgd", epochs: 1 }, batches, "keep their state between epochs", { checkpoint });
  // A generator goes once, and what only all rows tell takes a pass of its own.
  for (const asked of [
    { standardize: true },
    { classWeight: "balanced" },
    { learningRate: { schedule: "cosine", initial: 0.1 } },
    { learningRate: () => 1 },
  ] as const) {
    const [name] = Object.keys(asked);
    const words = new RegExp(
      `option \`${name}\` cannot be used.*a pass of their own.*a function that makes such an iterable`,
    );
    await bad({ solver: "sgd", epochs: 1, ...asked }, inPieces(), words);
  }
  expect(read).toBe(false);
});
