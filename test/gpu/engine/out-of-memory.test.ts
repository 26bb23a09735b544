/** Buffers that a device offers and cannot make. In a browser only: llvmpipe's adapter offers no binding that large. */
import { expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";
import { faultOf, watchedDevice } from "./watched-device.js";

/** Exactly as much as SwiftShader's adapter allows in one buffer, and more than it can make. */
const GIB = 1024 ** 3;
const HUGE = [1024 * 1024, 256];
const large = { requiredLimits: { maxBufferSize: GIB, maxStorageBufferBindingSize: GIB } };

test("out of memory is raised once, and costs nobody else's work or memory", async () => {
  const { device, uncaptured } = await watchedDevice(large);
  const engine = await createEngine({ gpuDevice: device });
  const small = engine.tensor([1, 2, 3]);
  const sum = engine.zeros([3]);
  engine.addScaled(sum, 2, small);
  await engine.read(sum);
  const before = engine.stats();

  engine.addScaled(sum, 1, small);
  const huge = engine.zeros(HUGE);
  const other = engine.empty(HUGE);
  engine.addScaled(other, 1, huge, { keep: 0 });
  engine.addScaled(sum, 1, small);
  const first = engine.read(huge);
  const fault = await faultOf(first);
  expect(fault).toMatchObject({ name: "DeviceError", code: "OUT_OF_MEMORY" });
  expect(fault.message).toContain("1048576x256");

  // Work before, after and between the faulty commands was done.
  expect([...(await sum.read())]).toEqual([4, 8, 12]);
  huge.dispose();
  other.dispose();
  engine.addScaled(sum, -4, small);
  expect([...(await sum.read())]).toEqual([0, 0, 0]);
  const after = engine.stats();
  expect([after.buffers, after.bytes, after.pooledBytes]).toEqual([before.buffers, before.bytes, before.pooledBytes]);
  engine.dispose();
  expect(uncaptured).toEqual([]);
  device.destroy();
});

test("a buffer that could not be made and was given back at once is never handed out", async () => {
  const { device, uncaptured } = await watchedDevice(large);
  const engine = await createEngine({ gpuDevice: device });
  const huge = engine.empty(HUGE);
  huge.dispose();
  await faultOf(engine.zeros([1]).read());
  const again = engine.empty(HUGE);
  expect(engine.stats().buffersCreated).toBe(3);
  again.dispose();
  await faultOf(engine.zeros([1]).read());
  expect(engine.stats().pooledBytes).toBe(0);
  engine.dispose();
  expect(uncaptured).toEqual([]);
  device.destroy();
});

test("an upload into a buffer that could not be made is told to the engine, not to the device's owner", async () => {
  const { device, uncaptured } = await watchedDevice(large);
  const engine = await createEngine({ gpuDevice: device });
  const huge = engine.empty(HUGE);
  engine.write(huge.slice(0, 1), new Float32Array(256));
  expect(await faultOf(huge.slice(0, 1).read())).toMatchObject({ code: "OUT_OF_MEMORY" });
  // Still no tensor, whoever asks and however often.
  engine.write(huge.slice(0, 1), new Float32Array(256));
  expect(await faultOf(huge.slice(0, 1).read())).toMatchObject({ code: "GPU_VALIDATION" });
  engine.dispose();
  expect(uncaptured).toEqual([]);
  device.destroy();
});
