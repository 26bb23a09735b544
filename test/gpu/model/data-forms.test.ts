/** Unusual data that must simply work. */
import { describe, expect } from "vitest";
import {
  type Engine,
  type Features,
  type Label,
  type LabelsLike,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

const [N, D] = [14, 3];
/** Small integers, so that every form holds the same numbers. */
const integers = Array.from({ length: N * D }, (_, e) => (e * 7 + (e % 5) * 3) % 23);
const y = Array.from({ length: N }, (_, i) => (i * 5) % 3);
const shape = [N, D];
const rows = y.map((_, i) => integers.slice(i * D, (i + 1) * D));

async function weightsFrom(engine: Engine, x: Features, labels: LabelsLike = y): Promise<Float32Array> {
  const model = new SoftmaxRegression({ engine, maxIterations: 4, l2: 0.01 });
  await model.fit(x, labels);
  return Float32Array.of(...model.coef.data, ...model.intercept);
}

const fitted = async (
  options: SoftmaxRegressionOptions,
  x: Features,
  labels: LabelsLike,
): Promise<SoftmaxRegression> => {
  const model = new SoftmaxRegression(options);
  await model.fit(x, labels);
  return model;
};

/** Memory that several threads may share, also where the page may not construct it by name. */
function sharedFloats(values: readonly number[]): Float32Array {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const shared = new Float32Array(buffer, 0, values.length);
  shared.set(values);
  return shared;
}

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("every kind of array with the same numbers gives the same bits", async ({ engines }) => {
    const engine = engines[device];
    const expected = await weightsFrom(engine, { data: Float32Array.from(integers), shape });
    const padded = Float64Array.of(9, 9, ...integers, 9);
    const forms: Readonly<Record<string, Features>> = {
      Float64Array: { data: Float64Array.from(integers), shape },
      Int16Array: { data: Int16Array.from(integers), shape },
      Uint32Array: { data: Uint32Array.from(integers), shape },
      "a plain array": { data: integers, shape },
      "nested arrays": rows,
      "rows of Float32Array": rows.map((row) => Float32Array.from(row)),
      "dims as ONNX Runtime has them": { data: Float32Array.from(integers), dims: shape },
      "a view with a byte offset": { data: padded.subarray(2, 2 + N * D), shape },
      "shared memory": { data: sharedFloats(integers), shape },
    };
    for (const [name, x] of Object.entries(forms)) expectSameBits(await weightsFrom(engine, x), expected, name);
    for (const labels of [Int32Array.from(y), Float64Array.from(y), { data: y, shape: [N] }, Uint8Array.from(y)]) {
      expectSameBits(await weightsFrom(engine, rows, labels), expected, "labels");
    }
  });

  test("what the caller changes during a fit changes nothing, and a fit changes nothing of the caller's", async ({
    engines,
  }) => {
    const engine = engines[device];
    const x = Float32Array.from(integers);
    const [labels, weights] = [Int32Array.from(y), Float32Array.from(y, (c) => c + 1)];
    const train = async (spoil: boolean): Promise<Float32Array> => {
      const model = new SoftmaxRegression({ engine, solver: "sgd", epochs: 3, batchSize: 4 });
      const validation = { x: { data: x, shape }, y: labels };
      const done = model.fit({ data: x, shape }, labels, { sampleWeight: weights, validation });
      if (spoil) for (const array of [x, labels, weights]) array.fill(0);
      await done;
      return model.coef.data;
    };
    const expected = await train(false);
    expect(Array.from(x)).toEqual(integers);
    expect([Array.from(labels), Array.from(weights)]).toEqual([y, y.map((c) => c + 1)]);
    expectSameBits(await train(true), expected);
  });

  test("one row, one feature, two classes", async ({ engines }) => {
    const model = await fitted({ engine: engines[device], classes: [0, 1] }, [[3]], [1]);
    expect(await model.predict([[3], [-1]])).toEqual([1, 1]);
    expect(model.coef.shape).toEqual([1, 2]);
    expect(model.coef.data.every(Number.isFinite)).toBe(true);
  });

  test("a declared class without rows stays possible, and everything finite", async ({ engines }) => {
    const classes = ["a", "b", "never"];
    const letters = y.map((c) => ["a", "b"][c % 2]);
    const model = await fitted({ engine: engines[device], classes }, rows, letters);
    const { data } = await model.predictProba(rows);
    expect(model.classes).toEqual(classes);
    for (let i = 0; i < N; i++) {
      expect(data[3 * i + 2]).toBeLessThan(0.01);
      expect(data[3 * i] + data[3 * i + 1] + data[3 * i + 2]).toBeCloseTo(1, 5);
    }
    const logProba = await model.predictLogProba(rows);
    expect(logProba.data.every(Number.isFinite)).toBe(true);
  });

  test("classes named like parts of every object", async ({ engines }) => {
    const names = ["__proto__", "constructor", "hasOwnProperty"];
    const labels = y.map((c) => names[c]);
    const model = await fitted({ engine: engines[device], l2: 1e-3 }, rows, labels);
    expect(model.classes).toEqual(names);
    const predicted = await model.predict(rows);
    expect(predicted.every((label) => names.includes(label as string))).toBe(true);
    expect(await model.score(rows, labels)).toBe(predicted.filter((label, i) => label === labels[i]).length / N);
    const [[top]] = await model.predictTopK(rows, 1);
    expect(top.label).toBe(predicted[0]);
  });

  test.for<[string, Label[]]>([
    ["booleans", [false, true]],
    ["strings, sorted by code units", ["B", "a", "é"]],
    ["numbers with gaps", [-7, 0.5, 1000]],
  ])("labels come back as they were given: %s", async ([, names], { engines }) => {
    const labels = y.map((c) => names[c % names.length]);
    const model = await fitted({ engine: engines[device] }, rows, labels);
    expect(model.classes).toEqual(names);
    for (const label of await model.predict(rows)) expect(names).toContain(label);
  });

  test("of equally probable classes the first is predicted, in blocks of any width", async ({ engines }) => {
    for (const k of [2, 3, 5, 70]) {
      const classes = Array.from({ length: k }, (_, j) => j);
      const json = {
        format: "luce/softmax-regression",
        version: 1,
        classes,
        features: 1,
        coef: classes.map(() => 0),
        intercept: classes.map((j) => Number(j > 0)),
      };
      const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
      expect(await model.predict([[1], [-5]])).toEqual([1, 1]);
      const [best] = await model.predictTopK([[1]], 3);
      expect(best.map(({ label }) => label)).toEqual(k === 2 ? [1, 0] : [1, 2, k === 3 ? 0 : 3]);
    }
  });
});
