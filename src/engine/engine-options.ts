/** Which device an engine is asked to work on. */
import type { GpuSource } from "./webgpu/acquire-device.js";

/** `"auto"`: a hardware GPU when there is one, else the CPU. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/** As many workers as rows are cut in blocks. */
export const MOST_WORKERS = 16;

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

/** The engine's part of some options, in a copy: what the caller does to the object afterwards must not decide on the device. */
export function copyEngineOptions(options: EngineOptions): EngineOptions {
  const { device, gpuDevice, gpu, powerPreference, halfPrecision, workers, createWorker } = options;
  return {
    ...(device && { device }),
    ...(gpuDevice && { gpuDevice }),
    ...(gpu && { gpu }),
    ...(powerPreference && { powerPreference }),
    ...(halfPrecision && { halfPrecision }),
    ...(workers !== undefined && { workers }),
    ...(createWorker && { createWorker }),
  };
}
