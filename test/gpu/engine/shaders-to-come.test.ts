/**
 * An engine of the library's own making loads most shaders with the first op that needs them. What is recorded meanwhile keeps its order,
 * and what it was recorded with.
 */
import { expect } from "vitest";
import { TensorEngine } from "../../../src/engine/tensor-engine.js";
import { tensorOperations } from "../../../src/engine/tensor-operations.js";
import { WebGpuBackend } from "../../../src/engine/webgpu/webgpu-backend.js";
import { addScaled } from "../../../src/ops/add-scaled.js";
import { gatherValues } from "../../../src/ops/gather-values.js";
import { test } from "../../support/device.js";

/** An engine as models have it. */
const incomplete = (device: GPUDevice): TensorEngine =>
  new TensorEngine(new WebGpuBackend(device, { owned: false, software: true }), "for the test", tensorOperations);

test("an engine that is disposed of while a shader is on its way tells so, and stays silent after", async ({
  gpuDevice,
}) => {
  const engine = incomplete(gpuDevice);
  const [x, out] = [engine.tensor([1]), engine.zeros([1])];
  engine.addScaled(out, 1, x);
  expect(engine.stats().dispatches).toBe(0);
  const reading = out.read();
  const pacing = engine.pace();
  engine.dispose();
  await expect(reading).rejects.toMatchObject({ code: "DISPOSED" });
  await expect(pacing).rejects.toMatchObject({ code: "DISPOSED" });
});

test("writes, ops and reads keep their order while a shader is on its way", async ({ gpuDevice }) => {
  using engine = incomplete(gpuDevice);
  const x = engine.tensor([1, 2, 3]);
  const indices = engine.tensor(Int32Array.of(2, 0, 1, 2));
  const picked = engine.zeros([4]);
  const args = { source: x, indices, first: 0, out: picked };
  engine.run(gatherValues, args);
  expect(engine.stats().dispatches).toBe(0);
  const before = picked.read();
  const changed = Float32Array.of(10, 20, 30);
  engine.write(x, changed);
  changed.fill(-1);
  engine.run(gatherValues, args);
  const after = picked.read();
  // Given back while the work on it waits: the next tensor has its memory after that work.
  x.dispose();
  const sum = engine.zeros([3]);
  for (let i = 1; i <= 3; i++) {
    const other = engine.tensor([i, i, i]);
    engine.run(addScaled, { x: other, alpha: 1, y: undefined, beta: 0, out: sum, keep: 1 });
    other.dispose();
  }
  picked.dispose();
  const last = sum.read();
  await engine.pace();
  expect(engine.stats().dispatches).toBe(5);
  expect([...(await before)]).toEqual([3, 1, 2, 3]);
  expect([...(await after)]).toEqual([30, 10, 20, 30]);
  expect([...(await last)]).toEqual([6, 6, 6]);
});

test("once it is complete, an engine records at once", async ({ gpuDevice }) => {
  using engine = incomplete(gpuDevice);
  await engine.complete();
  const sum = engine.zeros([4]);
  engine.addScaled(sum, 1, engine.tensor([1, 2, 3, 4]));
  engine.summarize(sum);
  expect(engine.stats().dispatches).toBe(2);
  expect([...(await sum.read())]).toEqual([1, 2, 3, 4]);
});
