/** Opens a device and makes an engine on it. Loaded with a page's first engine, and with it what models need of one. */
import { DeviceError } from "../errors.js";
import { cpuBackend } from "./cpu/cpu-device.js";
import { Engine } from "./engine.js";
import type { DeviceChoice, EngineOptions } from "./engine-options.js";
import { type TensorOperations, tensorOperations } from "./tensor-operations.js";
import { acquireDevice } from "./webgpu/acquire-device.js";

/** What callers alone ask for is loaded for them. */
const operations: TensorOperations = {
  ...tensorOperations,
  all: async () => (await import("./operations.js")).operations,
};

/** @throws DeviceError as `createEngine` does, KernelError when it is to be complete and cannot be */
export async function openOn(device: DeviceChoice, options: EngineOptions, isComplete?: boolean): Promise<Engine> {
  const engine = await engineOn(device, options);
  if (!isComplete) return engine;
  return engine.complete().catch((error: unknown) => {
    engine.dispose();
    throw error;
  });
}

async function engineOn(device: DeviceChoice, options: EngineOptions): Promise<Engine> {
  if (device === "cpu") return cpuEngine("the CPU was asked for", options);
  const found = await acquireDevice(options, device === "webgpu");
  if ("failure" in found) {
    if (device === "auto") return cpuEngine(`CPU, since ${found.failure}`, options);
    throw new DeviceError("GPU_UNAVAILABLE", `createEngine: no GPU: ${found.failure}. Use device: "auto" or "cpu".`);
  }
  const reason = found.owned ? `GPU: ${found.name}` : `GPU of the caller: ${found.name}`;
  // Loaded here: a page without a GPU needs neither this nor the shaders.
  const { WebGpuBackend } = await import("./webgpu/webgpu-backend.js");
  return new Engine(new WebGpuBackend(found.device, found), reason, operations);
}

async function cpuEngine(why: string, options: EngineOptions): Promise<Engine> {
  const { backend, note } = await cpuBackend(options);
  return new Engine(backend, `${why}; ${note}`, operations);
}
