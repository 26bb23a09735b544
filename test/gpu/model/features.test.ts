/** The option `features`: the same model from fewer bytes, where the bytes hold the same numbers. */
import { describe, expect, vi } from "vitest";
import { fromHalf } from "../../../src/half-float.js";
import {
  DataError,
  type Engine,
  type FeatureStorage,
  type Features,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { asHalfArray, halvesOf } from "../../support/half-array.js";
import { usable } from "../../support/usable-options.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters, type Dataset } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { expectRefusal } from "./refusal.js";

const SOLVERS = ["lbfgs", "sgd", "adam"] as const;
const STORAGES: readonly FeatureStorage[] = ["auto", "f32", "f16", "u8"];

/** Rows of every length modulo 4, and batches that do not divide them. */
const [N, D, K] = [43, 7, 3];
const base = clusters(N, D, K);
const withValues = (data: Float32Array): Dataset => ({ ...base, x: { data, shape: [N, D] } });
/** −8 … 7 by eighths: exact as halves, and as bytes with a scale and an offset that float32 has exactly. */
const EIGHTHS = withValues(base.x.data.map((v) => Math.max(-64, Math.min(63, Math.round(v * 24))) / 8));
/** k/255 in float32: exact as bytes but for the rounding of the scale. */
const PIXELS = withValues(base.x.data.map((v) => Math.max(0, Math.min(255, Math.round(v * 60 + 128))) / 255));

async function fitted(engine: Engine, x: Features, options: SoftmaxRegressionOptions = {}): Promise<SoftmaxRegression> {
  const model = new SoftmaxRegression(usable({ engine, l2: 0.01, epochs: 3, batchSize: 8, ...options }));
  await model.fit(x, base.y);
  return model;
}

const weightsOf = (model: SoftmaxRegression): Float32Array => Float32Array.of(...model.coef.data, ...model.intercept);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(SOLVERS)(
    "the same numbers give the same bits however they are stored, by %s",
    async (solver, { engines }) => {
      const engine = engines[device];
      const options = { solver, maxIterations: 20 };
      const expected = weightsOf(await fitted(engine, EIGHTHS.x, options));
      const bits = halvesOf(EIGHTHS.x.data);
      const shape = [N, D];
      using tensor = engine.tensor(EIGHTHS.x, { features: "f16" });
      const forms: Readonly<Record<string, Features>> = {
        "a Float16Array": { data: asHalfArray(bits), shape },
        "bits, as ONNX Runtime hands them out": { data: bits, dims: shape, type: "float16" },
        "rows of Float16Array": Array.from({ length: N }, (_, i) => asHalfArray(bits.slice(i * D, (i + 1) * D))),
        "a tensor of halves": tensor,
      };
      for (const [name, x] of Object.entries(forms)) {
        expectSameBits(weightsOf(await fitted(engine, x, options)), expected, name);
      }
      for (const features of STORAGES) {
        const weights = weightsOf(await fitted(engine, EIGHTHS.x, { ...options, features }));
        expectSameBits(weights, expected, `features ${features}`);
      }
    },
  );

  test("data that every storage holds has one optimum, and every storage finds it", async ({ engines }) => {
    const tolerance = 1e-5;
    for (const data of [EIGHTHS, PIXELS]) {
      for (const features of STORAGES) {
        // What is stored: pixels as halves are other numbers, and have an optimum of their own.
        const stored = features === "f16" ? withValues(Float32Array.from(halvesOf(data.x.data), fromHalf)) : data;
        const model = await fitted(engines[device], data.x, { features, tolerance });
        // The solver's own gradient, and float32's error in it: one rounding for each row and feature, of the largest value.
        const largest = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
        const allowed = tolerance + (N + D) * largest * 2 ** -23;
        expect(judge(model, stored, { l2: 0.01 }).gradientNorm, `features ${features}`).toBeLessThanOrEqual(allowed);
      }
    }
  });

  test("f16 and u8 change what is learnt by no more than they change the data", async ({ engines }) => {
    const range =
      base.x.data.reduce((most, v) => Math.max(most, v), -9) - base.x.data.reduce((l, v) => Math.min(l, v), 9);
    const largest = base.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    for (const [features, moved] of [
      ["f16", largest * 2 ** -11],
      ["u8", range / 510],
    ] as const) {
      const model = await fitted(engines[device], base.x, { features, tolerance: 1e-5 });
      const { gradientNorm } = judge(model, base, { l2: 0.01 });
      // dJ = Xᵀ·(P − Y)/n + l2·W: an entry moves by `moved` through X itself, each |p − y| being 1 at most, and through P, which
      // moves by ½·|ΔX|·‖W‖₁ of a column at most, times the largest |x|.
      const sums = Array.from({ length: K }, (_, j) => {
        let sum = 0;
        for (let l = 0; l < D; l++) sum += Math.abs(model.coef.data[l * K + j]);
        return sum;
      });
      const allowed = 2e-5 + moved * (1 + (Math.max(...sums) / 2) * largest);
      expect(gradientNorm, features).toBeLessThanOrEqual(allowed);
      expect(gradientNorm, `${features} rounds something`).toBeGreaterThan(0);
    }
  });

  test("X and the rows to validate on are uploaded in the bytes that were asked for", async ({ engines }) => {
    const engine = engines[device];
    const big = clusters(400, 64, 2);
    const uploads: number[] = [];
    // Reports come by the clock, and each takes the weights to the rows to validate on: let there be as many in each fit.
    using clock = vi.spyOn(performance, "now").mockReturnValue(performance.now());
    for (const features of ["f32", "f16", "u8"] as const) {
      const { uploadBytes } = engine.stats();
      const model = new SoftmaxRegression({ engine, features, solver: "sgd", epochs: 1, shuffle: false });
      await model.fit(big.x, big.y, { validation: { x: big.x, y: big.y } });
      uploads.push(engine.stats().uploadBytes - uploadBytes);
    }
    expect(clock).toHaveBeenCalled();
    const values = 2 * 400 * 64;
    expect(uploads[0] - uploads[1]).toBe(2 * values);
    expect(uploads[0] - uploads[2]).toBe(3 * values);
  });

  test("validation in f16 is measured on the rounded rows", async ({ engines }) => {
    const options = { engine: engines[device], features: "f16", maxIterations: 5, l2: 0.01 } as const;
    const model = new SoftmaxRegression(options);
    const report = await model.fit(base.x, base.y, { validation: { x: base.x, y: base.y } });
    const rounded = withValues(Float32Array.from(halvesOf(base.x.data), fromHalf));
    const last = report.history.at(-1);
    expect(last?.validationAccuracy).toBeCloseTo(await model.score(rounded.x, base.y), 6);
    expect(last?.validationLoss).toBeCloseTo(judge(model, rounded, { l2: 0 }).loss, 4);
  });

  test("predictions: halves as the model has them, bytes never rounded to", async ({ engines }) => {
    const engine = engines[device];
    const json = (await fitted(engine, base.x, { maxIterations: 10 })).toJSON();
    const answer = async (features: FeatureStorage, x: Features): Promise<Float32Array> => {
      const model = SoftmaxRegression.fromJSON(json, { engine, features });
      expect((await model.predict(x)).length).toBe(N);
      expect(await model.score(x, base.y)).toBeGreaterThan(0.5);
      return (await model.decisionFunction(x)).data;
    };
    const exact = await answer("auto", base.x);
    const bits = halvesOf(base.x.data);
    const rounded = await answer("auto", { data: asHalfArray(bits), shape: [N, D] });
    expect(rounded).not.toEqual(exact);
    expectSameBits(await answer("f16", base.x), rounded);
    expectSameBits(await answer("f32", { data: bits, shape: [N, D], type: "f16" }), rounded);
    // Steps of bytes would depend on the rows that come together.
    expectSameBits(await answer("u8", base.x), exact);
  });

  test("what f16 cannot hold is refused by row and column, wherever it comes in, and changes nothing", async ({
    engines,
  }) => {
    const engine = engines[device];
    const large = base.x.data.slice();
    large[5 * D + 2] = -65505;
    const bad: Features = { data: large, shape: [N, D] };
    const parts = ["too large for float16 at row 5, column 2", "±65504", "got -65505", 'features: "f32"'];
    const model = await fitted(engine, base.x, { features: "f16", maxIterations: 3 });
    const before = weightsOf(model);
    await expectMemoryBack(engine, async () => {
      for (const call of [
        () => model.fit(bad, base.y),
        () => model.predict(bad),
        () => model.score(bad, base.y),
        () => model.fit(base.x, base.y, { validation: { x: bad, y: base.y } }),
      ]) {
        await expectRejection(call(), DataError, "NON_FINITE_INPUT", ...parts);
      }
    });
    expectSameBits(weightsOf(model), before);
  });

  test("halves that are no number are refused like floats that are none", async ({ engines }) => {
    const bits = halvesOf(new Float32Array(12 * 3).fill(1));
    bits[7 * 3 + 1] = 0x7e00;
    const x: Features = { data: asHalfArray(bits), shape: [12, 3] };
    const y = Array.from({ length: 12 }, (_, i) => i % 3);
    const parts = ["X contains NaN at row 7, column 1. Drop or impute it."];
    await expectRefusal(engines[device], (m) => m.fit(x, y), DataError, "NON_FINITE_INPUT", "fit: ", ...parts);
    await expectRefusal(engines[device], (m) => m.predict(x), DataError, "NON_FINITE_INPUT", "predict: ", ...parts);
  });

  test("what the caller does to the halves during a fit changes nothing", async ({ engines }) => {
    const bits = halvesOf(EIGHTHS.x.data);
    const train = async (spoil: boolean): Promise<Float32Array> => {
      const model = new SoftmaxRegression({ engine: engines[device], solver: "sgd", epochs: 2, batchSize: 8 });
      const done = model.fit({ data: asHalfArray(bits), shape: [N, D] }, base.y);
      if (spoil) bits.fill(0x7e00);
      await done;
      return weightsOf(model);
    };
    const expected = await train(false);
    expectSameBits(await train(true), expected);
  });

  test("extremes: one row and one feature, a constant column, halves too small for float32's taste", async ({
    engines,
  }) => {
    const engine = engines[device];
    for (const features of STORAGES) {
      const one = new SoftmaxRegression({ engine, features, classes: [0, 1] });
      await one.fit([[3]], [1]);
      expect(await one.predict([[3]])).toEqual([1]);
      const constant = new SoftmaxRegression({ engine, features });
      await constant.fit(
        base.y.map(() => [2.5, 2.5]),
        base.y,
      );
      expect(weightsOf(constant).every(Number.isFinite)).toBe(true);
    }
    const tiny = new SoftmaxRegression({ engine });
    await tiny.fit({ data: Uint16Array.from({ length: N }, (_, i) => i + 1), shape: [N, 1], type: "f16" }, base.y);
    expect(weightsOf(tiny).every(Number.isFinite)).toBe(true);
  });
});
