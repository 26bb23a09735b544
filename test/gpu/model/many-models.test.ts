import { expect } from "vitest";
import { SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { unhandledRejections } from "./unhandled.js";

const { x, y } = clusters(6, 2, 2);

async function comeAndGo(options: SoftmaxRegressionOptions): Promise<void> {
  const model = new SoftmaxRegression(usable({ maxIterations: 2, ...options }));
  await model.fit(x, y);
  const engine = await model.engine;
  expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  model.dispose();
  // The engine is let go of in a microtask.
  await Promise.resolve();
  expect(engine.disposed).toBe(true);
  expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0, pooledBytes: 0 });
}

test("a thousand models on the CPU come, fit and go, and leave nothing", async () => {
  const options = { device: "cpu", workers: 0, epochs: 1 } as const;
  for (let i = 0; i < 1000; i++) await comeAndGo({ ...options, solver: i % 2 ? "sgd" : "lbfgs" });
  expect(await unhandledRejections()).toEqual([]);
});

test("twenty models with workers of their own come, fit and go, and leave nothing", async () => {
  const options = { device: "cpu", workers: 2, epochs: 1 } as const;
  for (let i = 0; i < 20; i++) await comeAndGo({ ...options, solver: i % 2 ? "sgd" : "lbfgs" });
  expect(await unhandledRejections()).toEqual([]);
});

test("thirty models on one GPU device come, fit and go, and leave the device to its owner", async ({
  gpuDevice,
  engines,
}) => {
  for (let i = 0; i < 30; i++) await comeAndGo({ gpuDevice, solver: i % 2 ? "adam" : "lbfgs", epochs: 1 });
  expect(await engines.webgpu.tensor([1, 2, 3, 4]).read()).toEqual(Float32Array.of(1, 2, 3, 4));
  expect(await unhandledRejections()).toEqual([]);
});

test("two hundred models share one engine, which outlives them", async ({ engines }) => {
  const before = engines.cpu.stats();
  for (let i = 0; i < 200; i++) {
    using model = new SoftmaxRegression({ engine: engines.cpu, maxIterations: 2 });
    await model.fit(x, y);
  }
  expect(engines.cpu.disposed).toBe(false);
  const { buffers, bytes } = engines.cpu.stats();
  expect([buffers, bytes]).toEqual([before.buffers, before.bytes]);
});
