import { describe, expect } from "vitest";
import { SoftmaxRegression } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "../model/clusters.js";
import { expectMemoryBack } from "../model/live-memory.js";

const USAGE = { copySrc: 0x4, copyDst: 0x8, storage: 0x80 };
const [ROWS, FEATURES] = [70, 8];
const data = clusters(ROWS, FEATURES, 3);

function bufferOf(
  device: GPUDevice,
  values: Float32Array | Uint8Array | Uint16Array,
  usage = USAGE.storage | USAGE.copySrc | USAGE.copyDst,
): GPUBuffer {
  const size = Math.ceil(values.byteLength / 16) * 16;
  const buffer = device.createBuffer({ size, usage: usage | USAGE.copyDst, label: "test/encoder" });
  device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
  return buffer;
}

test("a fit on an encoder's buffer gives the bits of a fit on the rows, without a copy", async ({
  gpuDevice,
  engines,
}) => {
  const engine = engines.webgpu;
  for (const solver of ["lbfgs", "adam"] as const) {
    const options = usable({ engine, solver, epochs: 2, batchSize: 16, l2: 0.01 });
    using model = new SoftmaxRegression(options);
    await model.fit(data.x, data.y);
    const buffer = bufferOf(gpuDevice, data.x.data);
    await expectMemoryBack(engine, async () => {
      const before = engine.stats();
      using x = engine.fromGpuBuffer(buffer, { shape: [ROWS, FEATURES] });
      expect(engine.stats()).toMatchObject({ buffers: before.buffers, uploadBytes: before.uploadBytes });
      using other = new SoftmaxRegression(options);
      await other.fit(x, data.y);
      expectSameBits(other.coef.data, model.coef.data, solver);
      expect(await other.predict(x)).toEqual(await model.predict(data.x));
      expect(engine.stats().uploadBytes - before.uploadBytes).toBeLessThan(2 * data.x.data.byteLength);
    });
    buffer.destroy();
  }
});

test("bytes and halves with scale and offset, a vector, and what is written afterwards", async ({
  gpuDevice,
  engines,
}) => {
  const engine = engines.webgpu;
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i * 9);
  const held = bufferOf(gpuDevice, bytes);
  using x = engine.fromGpuBuffer(held, { shape: [3, 8], type: "u8", scale: 0.5, offset: -1 });
  expect(await x.read()).toEqual(bytes);
  using ones = engine.tensor({ data: new Float32Array(8).fill(1), shape: [8, 1] });
  using sums = engine.matmul(x, ones);
  const expected = [0, 1, 2].map((i) => bytes.subarray(8 * i, 8 * i + 8).reduce((sum, v) => sum + v * 0.5 - 1, 0));
  expect([...(await sums.read())]).toEqual(expected);
  const halves = bufferOf(gpuDevice, Uint16Array.of(0x3c00, 0x4000, 0x3800, 0));
  using h = engine.fromGpuBuffer(halves, { shape: [1, 4], type: "f16" });
  using four = engine.tensor({ data: new Float32Array(4).fill(1), shape: [4, 1] });
  using total = engine.matmul(h, four);
  expect([...(await total.read())]).toEqual([3.5]);
  const plain = bufferOf(gpuDevice, Float32Array.of(1, 2, 3, 4));
  using v = engine.fromGpuBuffer(plain, { shape: [4] });
  expect([...(await v.read())]).toEqual([1, 2, 3, 4]);
  engine.write(v, Float32Array.of(5, 6, 7, 8));
  expect([...(await v.read())]).toEqual([5, 6, 7, 8]);
  gpuDevice.queue.writeBuffer(plain, 0, Float32Array.of(9, 9, 9, 9));
  expect([...(await v.read())]).toEqual([9, 9, 9, 9]);
});

test("let go of, the buffer is the caller's, and may be destroyed while work is on its way", async ({
  gpuDevice,
  engines,
}) => {
  const engine = engines.webgpu;
  const buffer = bufferOf(gpuDevice, Float32Array.of(1, 2, 3, 4));
  const x = engine.fromGpuBuffer(buffer, { shape: [1, 4] });
  using two = engine.tensor({ data: new Float32Array(4).fill(2), shape: [4, 1] });
  using product = engine.matmul(x, two);
  x.dispose();
  buffer.destroy();
  expect([...(await product.read())]).toEqual([20]);
  expect(() => engine.matmul(x, two)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
});

test.for([
  ["f32", 3, 5],
  ["i32", 2, 7],
  ["f16", 5, 3],
  ["u8", 3, 7],
  ["u8", 1, 1],
  ["f16", 70, 34],
  ["f32", 6, 1],
] as const)(
  "%s: %d rows of %d, no multiple of 4, are copied",
  async ([type, rows, columns], { gpuDevice, engines }) => {
    const engine = engines.webgpu;
    const length = rows * columns;
    const KIND = { f32: Float32Array, i32: Int32Array, f16: Uint16Array, u8: Uint8Array };
    const values = new KIND[type](Array.from({ length }, (_, i) => (i * 37) % 251));
    const size = Math.ceil(values.byteLength / 4) * 4;
    const buffer = gpuDevice.createBuffer({ size, usage: USAGE.storage | USAGE.copyDst });
    const padded = new Uint8Array(size).fill(0xff);
    padded.set(new Uint8Array(values.buffer));
    gpuDevice.queue.writeBuffer(buffer, 0, padded);
    await expectMemoryBack(engine, async () => {
      using x = engine.fromGpuBuffer(buffer, { shape: [rows, columns], type });
      gpuDevice.queue.writeBuffer(buffer, 0, new Uint8Array(size));
      buffer.destroy();
      expect(await x.read()).toEqual(values);
      if (type === "i32" || type === "f16") return;
      // What pads a row adds nothing to a sum.
      using ones = engine.tensor({ data: new Float32Array(columns).fill(1), shape: [columns, 1] });
      using sums = engine.matmul(x, ones);
      const expected = Array.from({ length: rows }, (_, i) =>
        Array.from(values.subarray(i * columns, (i + 1) * columns)).reduce((sum, v) => sum + v, 0),
      );
      expect([...(await sums.read())]).toEqual(expected);
    });
  },
);

test("a fit on rows of 7 in a buffer gives the bits of a fit on the rows; a vector of 7 is read too", async ({
  gpuDevice,
  engines,
}) => {
  const engine = engines.webgpu;
  const { x, y } = clusters(ROWS, 7, 3);
  using model = new SoftmaxRegression({ engine, l2: 0.01 });
  await model.fit(x, y);
  const buffer = bufferOf(gpuDevice, x.data);
  using rows = engine.fromGpuBuffer(buffer, { shape: [ROWS, 7] });
  using other = new SoftmaxRegression({ engine, l2: 0.01 });
  await other.fit(rows, y);
  expectSameBits(other.coef.data, model.coef.data);
  using vector = engine.fromGpuBuffer(buffer, { shape: [7] });
  expect(await vector.read()).toEqual(x.data.slice(0, 7));
  buffer.destroy();
});

describe("what cannot be used is refused", () => {
  test("by what it is", ({ gpuDevice, engines }) => {
    const engine = engines.webgpu;
    const good = bufferOf(gpuDevice, new Float32Array(64));
    const refused = (buffer: object, options: object, expected: object): void => {
      expect(() => engine.fromGpuBuffer(buffer, options as never)).toThrow(expect.objectContaining(expected));
    };
    refused({}, { shape: [1, 4] }, { code: "UNSUPPORTED_TYPE" });
    const uniform = gpuDevice.createBuffer({ size: 64, usage: 0x40 });
    refused(uniform, { shape: [1, 4] }, { code: "UNSUPPORTED_TYPE", message: expect.stringContaining("STORAGE") });
    const mapped = gpuDevice.createBuffer({ size: 64, usage: USAGE.storage, mappedAtCreation: true });
    refused(mapped, { shape: [1, 4] }, { message: expect.stringContaining("mapped") });
    refused(good, { shape: [13, 5] }, { code: "SHAPE_MISMATCH", message: expect.stringContaining("260 bytes") });
    const odd = gpuDevice.createBuffer({ size: 62, usage: USAGE.storage });
    refused(odd, { shape: [3, 5] }, { code: "SHAPE_MISMATCH", message: expect.stringContaining("whole words") });
    odd.destroy();
    refused(good, { shape: [17, 4] }, { code: "SHAPE_MISMATCH", message: expect.stringContaining("272 bytes") });
    refused(good, { shape: [0, 4] }, { code: "SHAPE_MISMATCH" });
    refused(good, { shape: [1, 4], type: "f64" }, { code: "UNSUPPORTED_TYPE" });
    refused(good, { shape: [1, 4], scale: 2 }, { code: "BAD_OPTION" });
    refused(good, { shape: [1, 4], size: 2 }, { code: "UNKNOWN_OPTION" });
    expect(() => engines.cpu.fromGpuBuffer(good, { shape: [1, 4] })).toThrow(
      expect.objectContaining({ name: "DeviceError", code: "GPU_UNAVAILABLE" }),
    );
    for (const buffer of [good, uniform, mapped]) buffer.destroy();
  });
});
