import { expect } from "vitest";
import type { Engine } from "../../../src/index.js";
import { createEngine } from "../../../src/index.js";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import { gatherRows } from "../../../src/ops/gather-rows.js";
import { sgdStep } from "../../../src/ops/sgd-step.js";
import { test } from "../../support/device.js";

const [rows, features, classes, batch] = [300, 20, 3, 64];

/** Tensors of a small training run, and one step of it: gather, forward, loss, a sum with scratch memory, update. */
function trainingRun(engine: Engine): { step: () => void; settle: () => Promise<void>; dispose: () => void } {
  const x = engine.tensor({ data: new Uint8Array(rows * features).fill(3), shape: [rows, features], scale: 1 / 255 });
  const indices = engine.tensor(Int32Array.from({ length: batch }, (_, i) => i));
  const labels = engine.tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const part = engine.empty([batch, features], "u8", 1 / 255);
  const weights = engine.zeros([batch, classes]);
  const velocity = engine.zeros([batch, classes]);
  const gradient = engine.zeros([batch, classes]);
  const loss = engine.zeros([batch]);
  const long = engine.zeros([5000, 4]);
  const summary = engine.zeros([4]);
  const targets = { labels, soft: undefined, classWeight: undefined, rowWeight: undefined, labelSmoothing: 0 };
  const rates = { learningRate: 0.1, momentum: 0.9, nesterov: false, l2: 0, weightDecay: 0, penalisedRows: 0 };
  const all = [x, indices, labels, part, weights, velocity, gradient, loss, long, summary];
  return {
    step() {
      engine.run(gatherRows, { source: x, indices, first: 0, out: part });
      engine.run(crossEntropy, {
        ...targets,
        ...{ logits: weights, gradient, loss, scale: 1 / batch, denominator: undefined, ignoreIndex: -100 },
      });
      engine.run(sgdStep, { gradient, velocity, weights, ...rates });
      engine.summarize(long, { out: summary });
      using temporary = engine.softmax(weights);
      engine.addScaled(velocity, 1e-3, temporary);
    },
    async settle() {
      await loss.read();
    },
    dispose() {
      for (const t of all) t.dispose();
    },
  };
}

test("steps create nothing, read nothing back and share submits", async ({ engines }) => {
  const engine = engines.webgpu;
  const start = engine.stats();
  const run = trainingRun(engine);
  for (let i = 0; i < 3; i++) run.step();
  await run.settle();
  const before = engine.stats();
  const steps = 200;
  for (let i = 0; i < steps; i++) {
    run.step();
    await engine.pace();
  }
  const after = engine.stats();
  for (const count of [
    "buffers",
    "bytes",
    "buffersCreated",
    "pipelines",
    "bindGroups",
    "readbacks",
    "uploadBytes",
  ] as const) {
    expect(after[count], count).toBe(before[count]);
  }
  const dispatches = after.dispatches - before.dispatches;
  expect(dispatches).toBe(7 * steps);
  expect(after.submits - before.submits).toBeLessThanOrEqual(dispatches / 100);
  run.dispose();
  expect(engine.stats().buffers).toBe(start.buffers);
});

test("reads in a loop create nothing either", async ({ engines }) => {
  const engine = engines.webgpu;
  using a = engine.zeros([10]);
  using b = engine.zeros([3, 70]);
  const both = () => Promise.all([engine.read(a, b), a.read()]);
  await both();
  const before = engine.stats();
  for (let i = 0; i < 50; i++) await both();
  const after = engine.stats();
  expect(after.readbacks - before.readbacks).toBe(100);
  expect(after.buffersCreated).toBe(before.buffersCreated);
  expect([after.buffers, after.bytes, after.pooledBytes]).toEqual([before.buffers, before.bytes, before.pooledBytes]);
});

test("the pool holds at most 128 MiB, gives up its oldest, and keeps small buffers when a huge one comes back", async ({
  gpuDevice,
}) => {
  using engine = await createEngine({ gpuDevice });
  const mebibytes = (count: number) => engine.empty([count * 1024, 256]);
  const pooled = () => engine.stats().pooledBytes / 2 ** 20;
  mebibytes(16).dispose();
  expect(pooled()).toBe(16);
  // More than the pool may hold: one of two blocks is kept, since it fits.
  const held = [20, 24, 28, 32].map(mebibytes);
  for (const t of held) t.dispose();
  expect(pooled()).toBe(120);
  mebibytes(10).dispose();
  // 16 MiB, the oldest, had to go.
  expect(pooled()).toBe(114);
  const { buffersCreated } = engine.stats();
  mebibytes(24).dispose();
  expect(engine.stats().buffersCreated).toBe(buffersCreated);
  mebibytes(16).dispose();
  expect(engine.stats().buffersCreated).toBe(buffersCreated + 1);
  for (let i = 0; i < 300; i++) engine.zeros([i + 1, 1000]).dispose();
  expect(pooled()).toBeLessThanOrEqual(128);
  expect(engine.stats().buffers).toBe(0);
});
