/** Weight decay, clipping and averaging on every plan of a step, against the same steps in float64 written out plainly. */
import { describe, expect } from "vitest";
import { type Features, type RowBatch, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import { clusters, type Dataset, rowsOf } from "../model/clusters.js";
import { adam, sgd, type Update, walk } from "./plain-steps.js";

const [BATCH, EPOCHS, L2] = [7, 4, 0.05];

interface Plan {
  readonly name: string;
  readonly data: Dataset;
  /** The rows as the model gets them. */
  readonly x?: Features;
  /** Rows of a piece, where they come in batches: no minibatch is cut. */
  readonly piece?: number;
}

const few = clusters(22, 3, 3);
const wide = clusters(72, 3, 66);
const manyFeatures = clusters(22, 1300, 10);
const large = { ...manyFeatures, x: { ...manyFeatures.x, data: manyFeatures.x.data.map((v) => v / 32) } };
const stored = sparseOf(clusters(22, 5, 3).x.data, [22, 5], 0.5);
const filled = { ...clusters(22, 5, 3), x: { data: denseOf(stored), shape: [22, 5] as const } };
/** On a GPU: many steps to a launch; two launches each; separate ops; the rows' stored values; batches. */
const PLANS: readonly Plan[] = [
  { name: "small", data: few },
  { name: "1,300 features", data: large },
  { name: "66 classes", data: wide },
  { name: "sparse rows", data: filled, x: csrOf(stored) },
  { name: "batches", data: few, piece: 2 * BATCH },
];

interface Way {
  readonly name: string;
  readonly options: SoftmaxRegressionOptions;
  readonly update: () => Update;
  readonly decay?: number;
  readonly clipNorm?: number;
  readonly averageFrom?: number;
  /** How much an error of the gradient may grow on its way into θ. */
  readonly magnified: number;
}

const WAYS: readonly Way[] = [
  {
    name: "SGD with all three",
    options: { solver: "sgd", learningRate: 0.25, weightDecay: 0.5, clipNorm: 0.3, averageWeights: true },
    update: () => sgd(0.25, 0, false),
    ...{ decay: 0.125, clipNorm: 0.3, averageFrom: 2, magnified: 0.25 },
  },
  {
    name: "Nesterov, averaged from the third epoch",
    options: {
      solver: "sgd",
      learningRate: 0.1,
      momentum: 0.5,
      nesterov: true,
      averageWeights: { from: 0.74 },
      weightDecay: 1,
    },
    update: () => sgd(0.1, 0.5, true),
    ...{ decay: 0.1, averageFrom: 2, magnified: (0.1 * (1 + 0.5)) / (1 - 0.5) },
  },
  {
    name: "momentum, clipped",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.5, clipNorm: 0.2 },
    update: () => sgd(0.1, 0.5, false),
    ...{ clipNorm: 0.2, magnified: 0.1 / (1 - 0.5) },
  },
  {
    name: "a mean of all steps",
    options: { solver: "sgd", learningRate: 0.25, averageWeights: { from: 0 } },
    update: () => sgd(0.25, 0, false),
    ...{ averageFrom: 0, magnified: 0.25 },
  },
  {
    name: "AdamW, averaged",
    options: { solver: "adamw", l2: L2, learningRate: 0.05, averageWeights: true },
    update: () => adam(0.05),
    // Adam divides by the gradients, which are a hundredth and more where they matter.
    ...{ decay: 0.05 * 0.01, averageFrom: 2, magnified: 0.05 * 100 },
  },
  {
    name: "Adam, clipped",
    options: { solver: "adam", learningRate: 0.05, clipNorm: 0.3, weightDecay: 0.1 },
    update: () => adam(0.05),
    ...{ decay: 0.05 * 0.1, clipNorm: 0.3, magnified: 0.05 * 100 },
  },
];

function* inPieces(data: Dataset, rows: number): Generator<RowBatch> {
  for (let first = 0; first < data.y.length; first += rows) {
    const count = Math.min(rows, data.y.length - first);
    const { x, y } = rowsOf(
      data,
      Array.from({ length: count }, (_, i) => first + i),
    );
    yield { x, y };
  }
}

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  for (const { name: planName, data, x = data.x, piece } of PLANS) {
    test.for(WAYS)(`${planName}: $name`, async ({ options, update, ...rest }, { engines }) => {
      const [n, d] = data.x.shape;
      const model = new SoftmaxRegression({
        ...{ engine: engines[device], l2: L2, batchSize: BATCH, epochs: EPOCHS, shuffle: false },
        ...{ classes: Array.from({ length: data.classes }, (_, j) => j), ...options },
      });
      const report = piece ? await model.fit(() => inPieces(data, piece)) : await model.fit(x, data.y);
      expect(report).toMatchObject({ stopReason: "max-iterations", iterations: EPOCHS * Math.ceil(n / BATCH) });
      const weights = new Array<number>(n).fill(1);
      const { theta, norms } = walk({
        data,
        weights,
        batchSize: BATCH,
        epochs: EPOCHS,
        l2: L2,
        update: update(),
        ...rest,
      });
      // Some are longer than the limit, and some need not be cut.
      if (rest.clipNorm !== undefined) expect(Math.max(...norms)).toBeGreaterThan(rest.clipNorm);
      const largest = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      // Sums over features, classes and rows of the batch, exp and a division: each within some 2⁻²², of values up to |x|.
      const error = (d + data.classes + BATCH) * largest * 2 ** -22;
      const floor = report.iterations * rest.magnified * error;
      expectClose([...model.coef.data, ...model.intercept], theta, { floor });
    });
  }
});
