import { expect, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
import { requireDevice } from "../../support/adapter.js";
import { faultOf, watchedDevice } from "./watched-device.js";

const rejections: unknown[] = [];
addEventListener("unhandledrejection", (event) => {
  rejections.push(event.reason);
});

const noMemory = { buffers: 0, bytes: 0 };

/** A little of everything that is quickly compiled: upload, ops, read. Gives 2 + 4 + 6 + 3 · 1. */
async function work(engine: Engine): Promise<number> {
  using x = engine.tensor([1, 2, 3]);
  using sum = engine.zeros([3]);
  using bytes = engine.tensor({ data: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] });
  using ones = engine.tensor({ data: [1, 1, 1], shape: [1, 3] });
  engine.addScaled(sum, 2, x);
  engine.addScaled(sum, 1, ones.row(0));
  const [result, same] = await engine.read(sum, bytes);
  expect([...same]).toEqual([1, 2, 3, 4, 5, 6]);
  return result[0] + result[1] + result[2];
}

test.each([
  ["the page's thread", { device: "cpu", workers: 0 }, 1000],
  ["workers", { device: "cpu", workers: 2 }, 20],
  ["webgpu", { device: "webgpu" }, 50],
] as const)("engines on %s come and go and leave nothing", async (_, options, times) => {
  for (let i = 0; i < times; i++) {
    const engine = await createEngine(options);
    expect(await work(engine)).toBe(15);
    expect(engine.stats()).toMatchObject(noMemory);
    engine.dispose();
    engine.dispose();
    expect(engine.stats()).toMatchObject({ ...noMemory, pooledBytes: 0 });
  }
});

test("50 engines on one device of the caller's leave it as it was", async () => {
  const { device, uncaptured } = await watchedDevice();
  for (let i = 0; i < 50; i++) {
    using engine = await createEngine({ gpuDevice: device });
    expect(await work(engine)).toBe(15);
  }
  const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  await buffer.mapAsync(GPUMapMode.READ);
  expect(uncaptured).toEqual([]);
  device.destroy();
});

test("two engines on one device do not disturb each other", async () => {
  const device = await requireDevice();
  const [first, second] = [await createEngine({ gpuDevice: device }), await createEngine({ gpuDevice: device })];
  const totals = await Promise.all(Array.from({ length: 20 }, (_, i) => work(i % 2 ? first : second)));
  for (const total of totals) expect(total).toBe(15);
  const t = second.tensor([1, 2, 3]);
  first.dispose();
  expect([...(await t.read())]).toEqual([1, 2, 3]);
  second.dispose();
  device.destroy();
});

test.each(["cpu", "webgpu"] as const)("tensors of another engine are refused on %s", async (device) => {
  using engine = await createEngine({ device });
  using other = await createEngine({ device });
  const [a, b] = [engine.zeros([2, 2]), other.zeros([2, 2])];
  const refusal = { name: "ShapeError", message: expect.stringContaining("another engine") };
  expect(() => engine.addScaled(a, 1, b)).toThrow(expect.objectContaining(refusal));
  expect(() => engine.write(b, new Float32Array(4))).toThrow(expect.objectContaining(refusal));
  expect(() => engine.softmax(a, { out: b })).toThrow(expect.objectContaining(refusal));
  expect(await faultOf(engine.read(a, b))).toMatchObject({ name: "ShapeError" });
  expect(engine.stats().buffers).toBe(1);
});

test.each(["cpu", "webgpu"] as const)("what was disposed of is refused on %s", async (device) => {
  const engine = await createEngine({ device });
  const t = engine.zeros([8]);
  const part = t.slice(0, 4);
  const alive = engine.zeros([8]);
  t.dispose();
  t.dispose();
  const disposed = { name: "DisposedError", code: "DISPOSED" };
  expect(part.disposed).toBe(true);
  expect(await faultOf(t.read())).toMatchObject(disposed);
  expect(await faultOf(part.read())).toMatchObject(disposed);
  expect(() => t.slice(0, 4)).toThrow(expect.objectContaining(disposed));
  expect(() => engine.addScaled(alive, 1, t)).toThrow(expect.objectContaining(disposed));

  const reads = Promise.allSettled([alive.read(), alive.read(), engine.pace()]);
  engine.dispose();
  const [first, second] = await reads;
  expect(first).toMatchObject({ status: "rejected", reason: disposed });
  expect(second).toMatchObject({ status: "rejected", reason: disposed });
  for (const call of [() => engine.zeros([1]), () => engine.tensor([1]), () => engine.softmax(alive)]) {
    expect(call).toThrow(expect.objectContaining(disposed));
  }
  expect(await faultOf(engine.pace())).toMatchObject(disposed);
  expect(await faultOf(engine.selfCheck())).toMatchObject(disposed);
  expect(await faultOf(alive.read())).toMatchObject(disposed);
  alive.dispose();
  expect(engine.stats()).toMatchObject(noMemory);
});

test("a read that nobody awaits before dispose leaves no unhandled rejection behind but its own", async () => {
  const device = await requireDevice();
  const engine = await createEngine({ gpuDevice: device });
  const read = engine.zeros([1000]).read();
  read.catch(() => undefined);
  engine.dispose();
  device.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(rejections).toEqual([]);
});
