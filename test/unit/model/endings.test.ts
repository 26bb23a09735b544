/** Fits that something of the caller's holds up: an abort and a dispose are answered all the same, and memory comes back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ByteStore,
  createEngine,
  crossValidate,
  type Engine,
  memoryStore,
  type RowBatch,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { usable } from "../../support/usable-options.js";

const never = (): Promise<never> => new Promise(() => undefined);
const ROWS = Array.from({ length: 40 }, (_, i) => [i % 7, (i * i) % 5, (i % 4) - 1]);
const LABELS = ROWS.map((_, i) => ["a", "b", "c", "d"][i % 4] as string);
const CLASSES = ["a", "b", "c", "d"];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
});
afterAll(() => engine.dispose());

const modelOf = (options: SoftmaxRegressionOptions = {}): SoftmaxRegression =>
  new SoftmaxRegression(usable({ engine, classes: CLASSES, tolerance: 0, ...options }));

/** Stores that never answer one of the questions. */
const hanging = (method: "get" | "put" | "delete"): ByteStore => ({ ...memoryStore(), [method]: never });

const batch = (): RowBatch => ({ x: ROWS, y: LABELS });
async function* endless(): AsyncGenerator<RowBatch> {
  for (;;) yield batch();
}

type Held = (model: SoftmaxRegression, signal?: AbortSignal) => Promise<unknown>;
const HELD: Readonly<Record<string, Held>> = {
  "batches that never come": (model, signal) =>
    model.fit(() => ({ [Symbol.asyncIterator]: () => ({ next: never }) }), signal && { signal }),
  "a function that never gives batches": (model, signal) => model.fit(never, signal && { signal }),
  "batches without an end": (model, signal) => model.fit(endless, signal && { signal }),
  "onProgress that never ends": (model, signal) =>
    model.fit(ROWS, LABELS, { onProgress: never, ...(signal && { signal }) }),
  "a store that never gives": (model, signal) =>
    model.fit(ROWS, LABELS, { checkpoint: { store: hanging("get"), name: "m" }, ...(signal && { signal }) }),
  "a store that never keeps": (model, signal) =>
    model.fit(ROWS, LABELS, {
      checkpoint: { store: hanging("put"), name: "m", everyMs: 0 },
      ...(signal && { signal }),
    }),
  "a store that never forgets": (model, signal) =>
    model.fit(ROWS, LABELS, { checkpoint: { store: hanging("delete"), name: "m" }, ...(signal && { signal }) }),
};

describe.each(["lbfgs", "sgd"] as const)("%s", (solver) => {
  test.for(Object.entries(HELD))("%s: abort", async ([, begin]) => {
    const before = engine.stats().buffers;
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 60);
    const model = modelOf({ solver, maxIterations: 100 });
    await expect(begin(model, controller.signal)).rejects.toBe("enough");
    expect(engine.stats().buffers).toBe(before);
    // It may be used again.
    await model.fit(ROWS, LABELS);
  });

  test.for(Object.entries(HELD))("%s: dispose", async ([, begin]) => {
    const before = engine.stats().buffers;
    const model = modelOf({ solver, maxIterations: 100 });
    setTimeout(() => model.dispose(), 60);
    await expect(begin(model)).rejects.toMatchObject({ name: "DisposedError", code: "DISPOSED" });
    expect(engine.stats().buffers).toBe(before);
  });

  test("a stream of batches is gone through once", async () => {
    const stream = (): ReadableStream<RowBatch> =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(batch());
          controller.close();
        },
      });
    const one = modelOf({ solver, epochs: 1 }).fit(stream() as never);
    if (solver === "sgd") expect((await one).stopReason).toBe("max-iterations");
    else await expect(one).rejects.toMatchObject({ name: "OptionError" });
    await expect(modelOf({ solver, epochs: 2 }).fit(stream() as never)).rejects.toMatchObject({ name: "OptionError" });
  });

  test("a batch's sample weights are weights or left out", async () => {
    for (const sampleWeight of [0, false, null, Number.NaN, ""]) {
      const source = (): Iterable<unknown> => [{ ...batch(), sampleWeight }];
      await expect(modelOf({ solver }).fit(source as never), String(sampleWeight)).rejects.toMatchObject({
        name: "DataError",
        code: "UNSUPPORTED_TYPE",
      });
    }
  });
});

test("crossValidate answers an abort while onProgress never ends", async () => {
  const before = engine.stats().buffers;
  const controller = new AbortController();
  setTimeout(() => controller.abort("enough"), 60);
  const options = { engine, l2s: [1e-3, 1e-2], tolerance: 0, signal: controller.signal, onProgress: never };
  await expect(crossValidate(ROWS, LABELS, options)).rejects.toBe("enough");
  expect(engine.stats().buffers).toBe(before);
});

test("early stopping's best weights stay where the store cannot forget", async () => {
  const fit = { validation: { x: ROWS, y: LABELS }, earlyStopping: { patience: 2 } };
  const options = { solver: "sgd", epochs: 30, learningRate: 3 } as const;
  const plain = modelOf(options);
  await plain.fit(ROWS, LABELS, fit);
  const store: ByteStore = { ...memoryStore(), delete: () => Promise.reject(new Error("locked")) };
  const kept = modelOf(options);
  await expect(kept.fit(ROWS, LABELS, { ...fit, checkpoint: { store, name: "m" } })).rejects.toMatchObject({
    name: "CallbackError",
  });
  expect(kept.coef.data).toEqual(plain.coef.data);
});

describe("an engine that is disposed of while a model uses it", () => {
  const WAYS: Readonly<Record<string, (model: SoftmaxRegression) => Promise<unknown>>> = {
    fit: (model) => model.fit(ROWS, LABELS),
    "fit of batches": (model) => model.fit(() => [batch()]),
    partialFit: async (model) => {
      for (;;) await model.partialFit(ROWS, LABELS);
    },
  };
  test.for(
    Object.entries(WAYS).flatMap(([name, way]) =>
      (["auto", "sgd"] as const).map((solver) => [name, solver, way] as const),
    ),
  )("%s, %s: the error says so, and names no tensor", async ([name, solver, way]) => {
    for (const workers of [0, 1]) {
      const own = await createEngine({ device: "cpu", workers });
      const model = modelOf(usable({ engine: own, solver, epochs: 1e5, batchSize: 1, l2: 0, maxIterations: 1e5 }));
      const work = way(model);
      // L-BFGS would be done with so few rows before any time is over.
      if (solver === "auto") own.dispose();
      else setTimeout(() => own.dispose(), 20);
      const where = name.startsWith("fit") ? "fit" : name;
      await expect(work).rejects.toMatchObject({
        name: "DisposedError",
        code: "DISPOSED",
        message: expect.stringMatching(`^${where}: the model's engine was disposed of before ${where} had ended`),
      });
      await expect(model.fit(ROWS, LABELS)).rejects.toThrow("the model's engine was disposed of");
    }
  });
});
