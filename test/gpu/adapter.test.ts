import { expect, test } from "vitest";
import { requireAdapter, requireDevice } from "../support/adapter.js";

test("the browser has a WebGPU adapter", async () => {
  const adapter = await requireAdapter();
  expect(adapter.info.vendor).not.toBe("");
  expect(adapter.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 1024 * 1024);
});

test("its device computes: 3 · 14 = 42", async () => {
  const device = await requireDevice();
  try {
    expect(await multiplyOnDevice(device, 3, 14)).toBe(42);
  } finally {
    device.destroy();
  }
});

/** One dispatch of one invocation: the smallest proof that shaders run and that their results come back. */
async function multiplyOnDevice(device: GPUDevice, a: number, b: number): Promise<number> {
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> values: array<u32, 3>;
      @compute @workgroup_size(1) fn main() { values[2] = values[0] * values[1]; }`,
  });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const values = device.createBuffer({ size: 12, usage });
  const staging = device.createBuffer({ size: 12, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(values, 0, new Uint32Array([a, b, 0]));
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(values, 0, staging, 0, 12);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Uint32Array(staging.getMappedRange())[2] ?? Number.NaN;
}
