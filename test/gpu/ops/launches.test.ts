/** How many launches and uploads a loss and its gradient cost: what a browser pays for each is often more than the work. */
import { expect } from "vitest";
import type { CrossEntropyOptions, Engine } from "../../../src/index.js";
import { test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";

interface Cost {
  readonly dispatches: number;
  readonly uploadBytes: number;
  readonly buffersCreated: number;
}

/** What the second of two equal calls costs: the first one makes what is kept. */
function costOf(engine: Engine, call: () => readonly ({ dispose(): void } | undefined)[]): Cost {
  const once = (): void => {
    for (const result of call()) result?.dispose();
  };
  once();
  const before = engine.stats();
  once();
  const after = engine.stats();
  const since = (name: keyof Cost): number => after[name] - before[name];
  return {
    dispatches: since("dispatches"),
    uploadBytes: since("uploadBytes"),
    buffersCreated: since("buffersCreated"),
  };
}

const NOTHING_ELSE = { uploadBytes: 0, buffersCreated: 0 };

test.for([
  // The rows' weights, the loss of each row with its gradient, the total.
  [10, { reduction: "mean" }, 3],
  [10, { reduction: "sum" }, 2],
  [10, { reduction: "none" }, 1],
  [1000, { reduction: "mean", labelSmoothing: 0.1 }, 3],
] as const)("crossEntropy of %i classes, %j: %i launches", async ([classes, options, dispatches], { engines }) => {
  const engine = engines.webgpu;
  const logits = engine.tensor({ data: randomValues(65 * classes, 1), shape: [65, classes] });
  const labels = engine.tensor(Int32Array.from({ length: 65 }, (_, i) => i % classes));
  const cost = costOf(engine, () => {
    const { loss, gradient } = engine.crossEntropy(logits, labels, options);
    return [loss, gradient];
  });
  expect(cost).toEqual({ ...NOTHING_ELSE, dispatches });
  for (const t of [logits, labels]) t.dispose();
});

test("a mean over soft targets without weights divides by a number that the host knows", async ({ engines }) => {
  const engine = engines.webgpu;
  const logits = engine.tensor({ data: randomValues(65 * 7, 1), shape: [65, 7] });
  const soft = engine.tensor({ data: new Float32Array(65 * 7).fill(1 / 7), shape: [65, 7] });
  const cost = costOf(engine, () => {
    const { loss, gradient } = engine.crossEntropy(logits, soft);
    return [loss, gradient];
  });
  expect(cost).toEqual({ ...NOTHING_ELSE, dispatches: 2 });
  for (const t of [logits, soft]) t.dispose();
});

test.for<readonly [number, CrossEntropyOptions, boolean]>([
  [70, {}, true],
  [70, {}, false],
  [40, { labelSmoothing: 0.1 }, true],
  [300, { reduction: "sum" }, true],
])("linearCrossEntropy of %i classes, %j, bias %j", async ([classes, options, hasBias], { engines }) => {
  const engine = engines.webgpu;
  const [rows, features] = [65, 9];
  const x = engine.tensor({ data: randomValues(rows * features, 1), shape: [rows, features] });
  const w = engine.tensor({ data: randomValues(features * classes, 2), shape: [features, classes] });
  const b = hasBias ? engine.tensor(randomValues(classes, 3)) : undefined;
  const labels = engine.tensor(Int32Array.from({ length: rows }, (_, i) => i % classes));
  const cost = costOf(engine, () => {
    const { loss, dWeights, dBias } = engine.linearCrossEntropy(x, w, b, labels, options);
    return [loss, dWeights, dBias];
  });
  // The weights of a mean, then product, losses, product, total: dBias is a row of the second product.
  expect(cost).toEqual({ ...NOTHING_ELSE, dispatches: options.reduction === "sum" ? 4 : 5 });
  for (const t of [x, w, b, labels]) t?.dispose();
});
