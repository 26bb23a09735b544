import { expect } from "vitest";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

test.for(ENGINE_DEVICES)("the gradient is divided by a row of a larger tensor on %s", async (device, { engines }) => {
  const engine = engines[device];
  const sums = engine.tensor([
    [100, 0, 0, 0],
    [4, 0, 0, 0],
  ]);
  const logits = engine.tensor([[40, 0, 0]]);
  const labels = engine.tensor(new Int32Array([1]));
  const [loss, gradient] = [engine.empty([1]), engine.empty([1, 3])];
  const plain = { soft: undefined, classWeight: undefined, rowWeight: undefined, labelSmoothing: 0, ignoreIndex: -100 };
  engine.run(crossEntropy, { ...plain, logits, labels, loss, gradient, scale: 1, denominator: sums.row(1) });
  expect(Array.from(await loss.read())).toEqual([40]);
  const [first, second, third] = await gradient.read();
  expect([first, second]).toEqual([0.25, -0.25]);
  // softmax(40, 0, 0)₂ = e⁻⁴⁰
  expect(Math.abs((third as number) - Math.exp(-40) / 4)).toBeLessThanOrEqual(1e-5 * Math.exp(-40));
  for (const t of [sums, logits, labels, loss, gradient]) t.dispose();
});

test.for(ENGINE_DEVICES)("the denominator's parts add up on %s", async (device, { engines }) => {
  const engine = engines[device];
  const parts = engine.tensor([
    [1, 50, 0, 0],
    [2.5, 60, 0, 0],
    [0.5, 70, 0, 0],
  ]);
  const logits = engine.tensor([[40, 0, 0]]);
  const labels = engine.tensor(new Int32Array([1]));
  const [loss, gradient] = [engine.empty([1]), engine.empty([1, 3])];
  const plain = { soft: undefined, classWeight: undefined, rowWeight: undefined, labelSmoothing: 0, ignoreIndex: -100 };
  engine.run(crossEntropy, { ...plain, logits, labels, loss, gradient, scale: 1, denominator: parts });
  expect(Array.from(await gradient.read()).slice(0, 2)).toEqual([0.25, -0.25]);
  for (const t of [parts, logits, labels, loss, gradient]) t.dispose();
});
