/** Checks what is asked for, then loads what opens a device and makes an engine on it. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import type { Engine } from "./engine.js";
import { copyEngineOptions, type EngineOptions, MOST_WORKERS } from "./engine-options.js";

const OPTIONS = ["device", "gpuDevice", "gpu", "powerPreference", "halfPrecision", "workers", "createWorker"];

/**
 * An engine on the device asked for; `engine.device` and `engine.reason` say what was chosen and why. `"auto"` takes a
 * hardware GPU, or the CPU where there is none: a software adapter is slower than the CPU path. `"webgpu"` takes any adapter.
 * @throws DeviceError GPU_UNAVAILABLE when `"webgpu"` was asked for and there is none, LIMIT_EXCEEDED, DEVICE_DESTROYED or
 *   DEVICE_LOST for a `gpuDevice` that cannot be used; OptionError
 */
export const createEngine = (options: EngineOptions = {}): Promise<Engine> => openEngine(options, true);

/** The same, and for work of ours without all that is not needed yet: whoever hands such an engine out completes it. */
export async function openEngine(options: EngineOptions, isComplete?: boolean): Promise<Engine> {
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
  const copy = copyEngineOptions(options);
  // Loaded here: a page pays for what engines do when it makes one.
  const { openOn } = await import("./open-engine.js");
  return openOn(device, copy, isComplete);
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
