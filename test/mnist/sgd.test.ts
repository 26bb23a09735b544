/**
 * Two epochs of plain SGD on MNIST: batch 256, learning rate 0.5, from zero weights, rows in their order. The usual
 * hand-written loop takes 234 whole batches an epoch and leaves the last 96 digits out; TensorFlow.js and jax-js end at 0.9116
 * on the test digits with it, on every one of their devices. So do we on those 59,904 digits.
 */
import { expect, test } from "vitest";
import { SoftmaxRegression } from "../../src/index.js";
import { loadMnist } from "./load-mnist.js";

test.each(["cpu", "webgpu"] as const)("two epochs of SGD on %s reach 0.911 – 0.912", async (device) => {
  const { train, test: held } = await loadMnist();
  using model = new SoftmaxRegression({
    device,
    solver: "sgd",
    l2: 0,
    epochs: 2,
    batchSize: 256,
    learningRate: 0.5,
    shuffle: false,
  });
  const whole = 234 * 256;
  const pixels = { ...train.x, data: train.x.data.slice(0, whole * 784), shape: [whole, 784] };
  const report = await model.fit(pixels, train.y.subarray(0, whole));
  expect(report.iterations).toBe(2 * 234);
  const accuracy = await model.score(held.x, held.y);
  expect(accuracy).toBeGreaterThanOrEqual(0.911);
  expect(accuracy).toBeLessThanOrEqual(0.912);
});
