/** Chooses a device and makes an engine on it. */
import { describeValue } from "../data/describe-value.js";
import { DeviceError, OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { Engine } from "./engine.js";
import type { GpuSource } from "./webgpu/acquire-device.js";
import { acquireDevice } from "./webgpu/acquire-device.js";

/** `"auto"`: a hardware GPU when there is one, else the CPU. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

export interface EngineOptions extends GpuSource {
  readonly device?: DeviceChoice;
}

/**
 * An engine on the device asked for; `engine.device` and `engine.reason` say what was chosen and why. `"auto"` takes a
 * hardware GPU, or the CPU where there is none: a software adapter is slower than the CPU path. `"webgpu"` takes any adapter.
 * @throws DeviceError GPU_UNAVAILABLE when `"webgpu"` was asked for and there is none, LIMIT_EXCEEDED, DEVICE_DESTROYED or
 *   DEVICE_LOST for a `gpuDevice` that cannot be used; OptionError
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  requireKnownOptions(options, ["device", "gpuDevice", "gpu", "powerPreference", "halfPrecision"], "createEngine");
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
  if (device === "cpu") return cpuEngine("the CPU was asked for");
  const found = await acquireDevice(options, device === "webgpu");
  if ("failure" in found) {
    if (device === "auto") return cpuEngine(`CPU, since ${found.failure}`);
    throw new DeviceError("GPU_UNAVAILABLE", `createEngine: no GPU: ${found.failure}. Use device: "auto" or "cpu".`);
  }
  const reason = found.owned ? `GPU: ${found.name}` : `GPU of the caller: ${found.name}`;
  // Loaded here: a page without a GPU needs neither this nor the shaders.
  const { WebGpuBackend } = await import("./webgpu/webgpu-backend.js");
  return new Engine(new WebGpuBackend(found.device, found), reason);
}

/** Loaded here: a page with a GPU needs neither this nor the kernels. */
async function cpuEngine(reason: string): Promise<Engine> {
  const { CpuBackend } = await import("./cpu/cpu-backend.js");
  return new Engine(new CpuBackend(), reason);
}
