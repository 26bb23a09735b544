import { describe, expect, test } from "vitest";
import {
  type ByteStore,
  type FitOptions,
  memoryStore,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";

const x = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i), (i % 7) / 7]);
const y = x.map((_, i) => ["a", "b", "c"][(i * i) % 3]);
const KEY = "checkpoints/fit";

const model = (options: SoftmaxRegressionOptions = {}): SoftmaxRegression =>
  new SoftmaxRegression({ device: "cpu", workers: 0, solver: "sgd", batchSize: 8, epochs: 3, ...options });

/** A store that holds a checkpoint of a fit that was broken off. */
async function broken(options: SoftmaxRegressionOptions = {}, fit: FitOptions = {}): Promise<ByteStore> {
  const abort = new AbortController();
  const store = memoryStore();
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await store.put(name, bytes);
    abort.abort("enough");
  };
  const checkpoint = { store: { ...store, put }, name: "fit", everyMs: 0 };
  await expect(model(options).fit(x, y, { ...fit, checkpoint, signal: abort.signal })).rejects.toBe("enough");
  return store;
}

describe("of another fit", () => {
  const moved = x.map((row) => [...row]);
  moved[17][2] += 1e-6;
  const swapped = [...y];
  [swapped[3], swapped[4]] = [swapped[4], swapped[3]];
  const weights = x.map((_, i) => 1 + (i % 2));
  const cases: Record<string, [SoftmaxRegressionOptions, typeof x, string[], FitOptions, string]> = {
    "one value of X": [{}, moved, y, {}, "another value of X."],
    "one label": [{}, x, swapped, {}, "another value of y."],
    "other classes": [{}, x, y.map((label) => `${label}!`), {}, "another value of the classes."],
    "weights of rows": [{}, x, y, { sampleWeight: weights }, "another value of the weights of X's rows."],
    "class weights": [{ classWeight: { a: 2 } }, x, y, {}, "another value of the weights of X's rows."],
    "the seed and the penalty": [{ seed: 4, l2: 1 }, x, y, {}, "option `l2`, option `seed`"],
    "another solver": [{ solver: "adam" }, x, y, {}, "option `solver`"],
    "another rate": [{ learningRate: () => 0.3 }, x, y, {}, "option `learningRate`"],
    "rows held for early stopping": [{}, x, y, { validation: { x, y }, earlyStopping: true }, "option `earlyStopping`"],
  };
  test.for(Object.keys(cases))("%s: refused, and nothing changes", async (name) => {
    const [options, rows, labels, fit, words] = cases[name];
    const store = await broken();
    const before = await store.get(KEY);
    const other = model(options);
    await expect(other.fit(rows, labels, { ...fit, checkpoint: { store, name: "fit" } })).rejects.toMatchObject({
      name: "StorageError",
      code: "CHECKPOINT_MISMATCH",
      message: expect.stringContaining(words),
    });
    expect(await store.get(KEY)).toEqual(before);
    expect(() => other.coef).toThrow("not been fitted");
    expect((await model().fit(x, y, { checkpoint: { store, name: "fit" } })).iterations).toBe(15);
  });

  test("what does not decide on a bit may differ; a function of the same rates is the same", async () => {
    const store = await broken({ learningRate: (t) => 1 / (t + 2) });
    const same = model({ learningRate: { schedule: "inverse-time", initial: 0.5, decay: 0.5 }, workers: 0 });
    await expect(same.fit(x, y, { checkpoint: { store, name: "fit" } })).rejects.toThrow("learningRate");
    const other = model({ learningRate: (t) => 1 / (2 + t), features: "f32" });
    const fit = { validation: { x, y }, onProgress: () => undefined };
    const report = await other.fit(x, y, { ...fit, checkpoint: { store, name: "fit", everyMs: 5 } });
    expect(report.stopReason).toBe("max-iterations");
  });
});

test("damaged or foreign bytes are refused, and stay", async () => {
  const store = await broken();
  const bytes = (await store.get(KEY)) as Uint8Array;
  const again = () => model().fit(x, y, { checkpoint: { store, name: "fit" } });
  await store.put(KEY, bytes.slice(0, -1));
  await expect(again()).rejects.toMatchObject({ name: "FormatError", code: "DAMAGED" });
  await store.put(KEY, new TextEncoder().encode("something of somebody else's"));
  await expect(again()).rejects.toMatchObject({ name: "FormatError", code: "BAD_MAGIC" });
  const odd = { ...store, get: async () => "text" as never };
  await expect(model().fit(x, y, { checkpoint: { store: odd, name: "fit" } })).rejects.toMatchObject({
    code: "BAD_MAGIC",
  });
  await store.delete(KEY);
  await again();
});

test("a fit that goes on tells its whole course", async () => {
  const store = await broken({ epochs: 400 });
  const first = model({ epochs: 400 });
  const report = await first.fit(x, y, { checkpoint: { store, name: "fit" } });
  expect(report.history[0].iteration).toBeLessThan(report.iterations);
  expect(report.history.map((point) => point.iteration)).toEqual(
    report.history.map((point) => point.iteration).toSorted((a, b) => a - b),
  );
  expect(report.elapsedMs).toBeGreaterThanOrEqual(report.history.at(-1)?.elapsedMs as number);
});

test("options are checked before anything else", async () => {
  const bad = (checkpoint: unknown) =>
    expect(model().fit(x, y, { checkpoint } as FitOptions)).rejects.toMatchObject({ name: "OptionError" });
  const store = memoryStore();
  await bad("here");
  await bad({ name: "fit" });
  await bad({ store });
  await bad({ store: {}, name: "fit" });
  await bad({ store, name: "" });
  await bad({ store, name: "fit", everyMs: -1 });
  await bad({ store, name: "fit", every: 1 });
});

test("a store that throws ends the fit with a CallbackError, from get, put and delete", async () => {
  for (const call of ["get", "put", "delete"] as const) {
    const store = { ...memoryStore(), [call]: () => Promise.reject(new Error("lost")) };
    const fitting = model().fit(x, y, { checkpoint: { store, name: "fit", everyMs: 0 } });
    await expect(fitting).rejects.toMatchObject({ name: "CallbackError", cause: { message: "lost" } });
  }
});
