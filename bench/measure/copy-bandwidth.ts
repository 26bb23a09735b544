/** The roof of work that is all memory: how fast the device copies, by its own command and by a kernel. */
import { median } from "./median.js";

export interface Roof {
  /** All that the device says of itself. */
  readonly adapter: string;
  readonly software: boolean;
  /** Bytes read and written in a second, of the faster way. */
  readonly copyBytesPerSecond: number;
  /** Of float32, where it is known: given, or by the adapter's number. */
  readonly peakFlops?: number;
}

const BYTES = 128 * 1024 * 1024;
const REPETITION_MS = 100;
const COPY_KERNEL = `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> copy: array<vec4f>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = id.y * count.x * 256u + id.x;
  if (i < arrayLength(&copy)) { copy[i] = source[i]; }
}`;

/**
 * Peaks of float32 without tensor cores, from the makers' data sheets, by the PCI numbers that Dawn gives as `device`; its
 * descriptions name the driver only.
 */
const KNOWN: ReadonlyMap<string, readonly [name: string, peakFlops: number]> = new Map([
  ["nvidia 0x2330", ["NVIDIA H100 SXM5 80 GB", 66.9e12]],
  ["nvidia 0x2331", ["NVIDIA H100 PCIe", 51.2e12]],
  ["nvidia 0x2335", ["NVIDIA H200 SXM", 66.9e12]],
  ["nvidia 0x20b2", ["NVIDIA A100 SXM 80 GB", 19.5e12]],
  ["nvidia 0x27b8", ["NVIDIA L4", 30.3e12]],
  ["nvidia 0x1eb8", ["NVIDIA T4", 8.1e12]],
]);

export async function roofOf(gpu: GPU, givenPeak: number | undefined): Promise<Roof> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("bench: there is no WebGPU adapter here. Under Node, name one with VK_ICD_FILENAMES.");
  const { vendor, architecture, device: model, description } = adapter.info;
  const known = KNOWN.get(`${vendor} ${model}`);
  const name = [known?.[0], vendor, architecture, model, description].filter(Boolean).join(" ");
  const software = adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(name);
  const peakFlops = givenPeak ?? known?.[1];
  const device = await adapter.requestDevice();
  const copyBytesPerSecond = Math.max(await commandBandwidth(device), await kernelBandwidth(device));
  device.destroy();
  return { adapter: name, software, copyBytesPerSecond, ...(peakFlops !== undefined && { peakFlops }) };
}

function buffers(device: GPUDevice): [source: GPUBuffer, copy: GPUBuffer] {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  return [device.createBuffer({ size: BYTES, usage }), device.createBuffer({ size: BYTES, usage })];
}

async function commandBandwidth(device: GPUDevice): Promise<number> {
  const [source, copy] = buffers(device);
  const rate = await bandwidth(device, (encoder, times) => {
    for (let i = 0; i < times; i++) encoder.copyBufferToBuffer(source, 0, copy, 0, BYTES);
  });
  source.destroy();
  copy.destroy();
  return rate;
}

async function kernelBandwidth(device: GPUDevice): Promise<number> {
  const [source, copy] = buffers(device);
  const module = device.createShaderModule({ code: COPY_KERNEL });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const entries = [source, copy].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const workgroups = BYTES / 16 / 256;
  const rate = await bandwidth(device, (encoder, times) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(32_768, workgroups / 32_768);
    pass.end();
  });
  source.destroy();
  copy.destroy();
  return rate;
}

async function bandwidth(
  device: GPUDevice,
  record: (encoder: GPUCommandEncoder, times: number) => void,
): Promise<number> {
  const run = async (times: number): Promise<number> => {
    const start = performance.now();
    const encoder = device.createCommandEncoder();
    record(encoder, times);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  await run(1);
  const once = await run(1);
  const times = Math.max(1, Math.min(500, Math.round(REPETITION_MS / once)));
  const rates: number[] = [];
  for (let i = 0; i < 5; i++) rates.push((2 * BYTES * times) / ((await run(times)) / 1000));
  return median(rates);
}
