/** The way of SGD and Adam, step by step, against the same steps in float64 written out plainly. */
import { describe, expect } from "vitest";
import { SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "../model/clusters.js";
import { adam, batchGradient, sgd, type Update, walk } from "./plain-steps.js";

const [N, D, K, BATCH, EPOCHS, L2] = [22, 3, 3, 7, 2, 0.05];
const data = clusters(N, D, K);
const STEPS = EPOCHS * Math.ceil(N / BATCH);

const theWay = (update: Update, weights: readonly number[]): Float64Array =>
  walk({ data, weights, batchSize: BATCH, epochs: EPOCHS, l2: L2, update }).theta;

const even = new Array<number>(N).fill(1);
/** The whole second batch, and one row of each other, count for nothing. */
const uneven = even.map((_, i) => (Math.floor(i / BATCH) === 1 ? 0 : i % 4));

interface Way {
  readonly name: string;
  readonly options: SoftmaxRegressionOptions;
  readonly update: () => Update;
  readonly weights?: readonly number[];
  /** How much an error of the gradient may grow on its way into θ. */
  readonly magnified: number;
}

const WAYS: readonly Way[] = [
  { name: "sgd", options: { solver: "sgd", learningRate: 0.5 }, update: () => sgd(0.5, 0, false), magnified: 0.5 },
  { name: "sgd at its own rate", options: { solver: "sgd" }, update: () => sgd(0.1, 0, false), magnified: 0.1 },
  {
    name: "momentum",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.9 },
    update: () => sgd(0.1, 0.9, false),
    magnified: 0.1 / (1 - 0.9),
  },
  {
    name: "nesterov",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
    update: () => sgd(0.1, 0.9, true),
    magnified: (0.1 * (1 + 0.9)) / (1 - 0.9),
  },
  {
    name: "sgd with weights, one batch without any",
    options: { solver: "sgd", learningRate: 0.5 },
    update: () => sgd(0.5, 0, false),
    weights: uneven,
    magnified: 0.5,
  },
  // Adam divides by the gradients, which are a hundredth and more: no batch holds as many rows of one class as of another.
  { name: "adam", options: { solver: "adam", learningRate: 0.05 }, update: () => adam(0.05), magnified: 0.05 * 100 },
  { name: "adam at its own rate", options: { solver: "adam" }, update: () => adam(0.01), magnified: 0.01 * 100 },
];

const LARGEST = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
/** Sums over features, classes and rows of the batch, exp and a division: each within some 2⁻²², of values up to |x|. */
const GRADIENT_ERROR = (D + K + BATCH) * LARGEST * 2 ** -22;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(WAYS)("$name", async ({ options, update, weights = even, magnified }, { engines }) => {
    const model = new SoftmaxRegression({
      engine: engines[device],
      l2: L2,
      batchSize: BATCH,
      epochs: EPOCHS,
      shuffle: false,
      ...options,
    });
    const report = await model.fit(data.x, data.y, weights === even ? {} : { sampleWeight: weights });
    expect(report).toMatchObject({
      stopReason: "max-iterations",
      iterations: STEPS,
      passes: 2 * EPOCHS,
      converged: false,
    });
    const expected = theWay(update(), weights);
    expectClose([...model.coef.data, ...model.intercept], expected, { floor: STEPS * magnified * GRADIENT_ERROR });
  });

  test("the reported loss is the mean over all batches, penalty included", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], solver: "sgd", epochs: 1, batchSize: N, l2: L2 });
    const report = await model.fit(data.x, data.y);
    const penalty = (L2 / 2) * model.coef.data.reduce((sum, w) => sum + w * w, 0);
    // The one batch was seen at W = 0.
    expect(report.loss).toBeCloseTo(Math.log(K) + penalty, 5);
  });

  test("the order of an epoch holds each row once", async ({ engines }) => {
    const ordered = new SoftmaxRegression({ engine: engines[device], solver: "sgd", epochs: 1, batchSize: N, l2: L2 });
    await ordered.fit(data.x, data.y);
    const expected = new Float64Array((D + 1) * K);
    sgd(0.1, 0, false)(expected, batchGradient(data, even, expected, L2), 1);
    expectClose([...ordered.coef.data, ...ordered.intercept], expected, {
      floor: 0.1 * (D + K + N) * LARGEST * 2 ** -22,
    });
  });
});
