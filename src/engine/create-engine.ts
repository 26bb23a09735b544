/** Chooses a device and makes an engine on it. */
import { describeValue } from "../data/describe-value.js";
import { DeviceError, OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { cpuBackend, MOST_WORKERS } from "./cpu/cpu-device.js";
import { Engine } from "./engine.js";
import type { GpuSource } from "./webgpu/acquire-device.js";
import { acquireDevice } from "./webgpu/acquire-device.js";

/** `"auto"`: a hardware GPU when there is one, else the CPU. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/** Which device an engine works on. */
export interface EngineOptions extends GpuSource {
  /**
   * `"webgpu"` or `"cpu"` or an error; `"auto"`, the default, takes a hardware GPU where there is one, else the CPU.
   */
  readonly device?: DeviceChoice;
  /**
   * Threads that carry out the CPU's work, 0 … 16: the page's own thread stays free. 0 works on the page's thread, a few
   * milliseconds at a time. Default: as many as the processor runs at once, 1 where that is not told. Changes no bit of a result.
   */
  readonly workers?: number;
  /**
   * Makes a module worker that runs Luce's `worker.js`, for pages whose policy or build needs a way of their own. Called once for
   * each of `workers`.
   */
  readonly createWorker?: () => Worker;
}

const OPTIONS = ["device", "gpuDevice", "gpu", "powerPreference", "halfPrecision", "workers", "createWorker"];

/**
 * An engine on the device asked for; `engine.device` and `engine.reason` say what was chosen and why. `"auto"` takes a
 * hardware GPU, or the CPU where there is none: a software adapter is slower than the CPU path. `"webgpu"` takes any adapter.
 * @throws DeviceError GPU_UNAVAILABLE when `"webgpu"` was asked for and there is none, LIMIT_EXCEEDED, DEVICE_DESTROYED or
 *   DEVICE_LOST for a `gpuDevice` that cannot be used; OptionError
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  requireKnownOptions(options, OPTIONS, "createEngine");
  const { device = options.gpuDevice ? "webgpu" : "auto" } = options;
  if (device !== "auto" && device !== "webgpu" && device !== "cpu") {
    throw new OptionError(
      "BAD_OPTION",
      `createEngine: unknown device: expected "auto", "webgpu" or "cpu", got ${describeValue(device)}.`,
    );
  }
  if (typeof (options.halfPrecision ?? false) !== "boolean") {
    throw new OptionError(
      "BAD_OPTION",
      `createEngine: halfPrecision is no boolean: expected true or false, got ${describeValue(options.halfPrecision)}.`,
    );
  }
  checkWorkers(options);
  if (device === "cpu") return cpuEngine("the CPU was asked for", options);
  const found = await acquireDevice(options, device === "webgpu");
  if ("failure" in found) {
    if (device === "auto") return cpuEngine(`CPU, since ${found.failure}`, options);
    throw new DeviceError("GPU_UNAVAILABLE", `createEngine: no GPU: ${found.failure}. Use device: "auto" or "cpu".`);
  }
  const reason = found.owned ? `GPU: ${found.name}` : `GPU of the caller: ${found.name}`;
  // Loaded here: a page without a GPU needs neither this nor the shaders.
  const { WebGpuBackend } = await import("./webgpu/webgpu-backend.js");
  return new Engine(new WebGpuBackend(found.device, found), reason);
}

async function cpuEngine(why: string, options: EngineOptions): Promise<Engine> {
  const { backend, note } = await cpuBackend(options);
  return new Engine(backend, `${why}; ${note}`);
}

function checkWorkers({ workers, createWorker }: EngineOptions): void {
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0 && workers <= MOST_WORKERS)) {
    throw new OptionError(
      "BAD_OPTION",
      `createEngine: option \`workers\` is out of range: expected an integer in 0 … ${MOST_WORKERS}, got ${describeValue(workers)}.`,
    );
  }
  if (createWorker !== undefined && typeof createWorker !== "function") {
    throw new OptionError(
      "BAD_OPTION",
      `createEngine: option \`createWorker\` cannot be used: expected a function that makes a worker, got ${describeValue(createWorker)}.`,
    );
  }
}
