/** Sizes that a few numbers declare and no machine has room for: refused before any memory is taken. */
import { describe, expect } from "vitest";
import { crossValidate, type Engine, fitPath, SoftmaxRegression } from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

const K = 8;
/** As many columns as column numbers of 32 bits allow: W alone is 64 GiB. */
const COLUMNS = 2 ** 31 - 2;
const classes = Array.from({ length: K }, (_, j) => j);
const wide = {
  data: Float32Array.from({ length: K }, (_, i) => i + 1),
  indices: Int32Array.from({ length: K }, (_, i) => (i * COLUMNS) / K),
  indptr: Int32Array.from({ length: K + 1 }, (_, i) => i),
  shape: [K, COLUMNS],
};
const OUT_OF_MEMORY = {
  name: "DeviceError",
  code: "OUT_OF_MEMORY",
  message: expect.stringMatching(
    /no memory for .* 2147483646.*: expected at most [\d.]+ GiB, got [\d.]+ GiB\. Use fewer/,
  ),
};
async function* batches() {
  yield { x: wide, y: classes };
}

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const CALLS: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
    "fit by L-BFGS": (engine) => new SoftmaxRegression({ engine }).fit(wide, classes),
    "fit by SGD": (engine) => new SoftmaxRegression({ engine, solver: "sgd" }).fit(wide, classes),
    "fit by Adam": (engine) => new SoftmaxRegression({ engine, solver: "adam" }).fit(wide, classes),
    "fit with l1, scaled": (engine) =>
      new SoftmaxRegression({ engine, l1: 1, standardize: "center" }).fit(wide, classes),
    partialFit: (engine) => new SoftmaxRegression({ engine, classes }).partialFit(wide, classes),
    "fit of batches by SGD": (engine) => new SoftmaxRegression({ engine, classes, solver: "sgd" }).fit(batches),
    "fit of batches by L-BFGS": (engine) => new SoftmaxRegression({ engine, classes }).fit(() => batches()),
    fitPath: (engine) => fitPath(wide, classes, { engine, l2s: [1, 2] }),
    crossValidate: (engine) => crossValidate(wide, classes, { engine, l2s: [1, 2], folds: 2 }),
  };
  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name} is refused, and nothing is kept`, async ({ engines }) => {
      const engine = engines[device];
      const { buffers, bytes } = engine.stats();
      await expect(call(engine)).rejects.toMatchObject(OUT_OF_MEMORY);
      expect(engine.stats()).toMatchObject({ buffers, bytes });
    });
  }

  test("a fitted model stays what it is, and predicts", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device] });
    await model.fit([[0], [1]], [0, 1]);
    const before = JSON.stringify(model);
    await expect(model.fit(wide, classes)).rejects.toMatchObject(OUT_OF_MEMORY);
    expect(JSON.stringify(model)).toBe(before);
    expect(await model.predict([[0], [1]])).toEqual([0, 1]);
    await expect(model.predict(wide)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });

  test("many rows of many classes are refused likewise", async ({ engines }) => {
    const [rows, many] = [1_000_000, 100_000];
    const empty = { data: [1], indices: [0], indptr: new Int32Array(rows + 1).fill(1, 1), shape: [rows, 2] };
    const all = Array.from({ length: many }, (_, j) => j);
    const y = Int32Array.from({ length: rows }, (_, i) => i % many);
    const engine = engines[device];
    const { buffers, bytes } = engine.stats();
    const model = new SoftmaxRegression({ engine, classes: all });
    await expect(model.fit(empty, y)).rejects.toMatchObject({ name: "DeviceError" });
    expect(engine.stats()).toMatchObject({ buffers, bytes });
  });

  test("engine.sparse holds such a matrix; what a product of it would take is refused", async ({ engines }) => {
    const engine = engines[device];
    const { buffers, bytes } = engine.stats();
    const x = await engine.sparse(wide);
    expect(x.shape).toEqual([K, COLUMNS]);
    const g = engine.zeros([K, K]);
    expect(() => engine.matmul(x, g, { transposeA: true })).toThrow(expect.objectContaining({ name: "DeviceError" }));
    x.dispose();
    g.dispose();
    expect(engine.stats()).toMatchObject({ buffers, bytes });
  });
});
