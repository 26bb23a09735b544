/** Finds an adapter and a device, and says in words why there is none. */
import { DeviceError } from "../../errors.js";
import type { AdapterTraits } from "../../ops/op.js";
import { deviceRequest, multipliesMatrices, SUBGROUPS } from "./device-request.js";
import { lossOf } from "./fault-log.js";

/** Where to look for a GPU; all of it optional. */
export interface GpuSource {
  /** A device of the caller's own, to share memory with other work on it. It is never destroyed here. */
  readonly gpuDevice?: GPUDevice;
  /** A WebGPU entry point other than `navigator.gpu`, such as Dawn's under Node. */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /**
   * Ask the adapter for what multiplies halves fastest, for products with `precision: "f16"`: its half floats and Chromium's
   * experimental subgroup matrices, where it has both. Off unless asked for, since an experiment may change.
   */
  readonly halfPrecision?: boolean;
}

export type Acquired =
  | {
      readonly device: GPUDevice;
      readonly owned: boolean;
      readonly software: boolean;
      readonly name: string;
      readonly adapter: AdapterTraits;
      /** What the device came from. */
      readonly entryPoint: GPU | undefined;
    }
  | { readonly failure: string };

/** Some drivers never answer; the page must not wait for them. */
const TIMEOUT_MS = 10_000;
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|microsoft basic render/i;

/**
 * What the kernels need of a device, at most: 256 threads of a workgroup sharing 16 KiB, 8 storage buffers, a slot of uniforms.
 * Every device made with WebGPU's default limits has it; one of a compatibility adapter may not.
 */
const NEEDED_LIMITS: Readonly<Partial<Record<keyof GPUSupportedLimits, number>>> = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 256,
};

/** Browsers before 2025 lack some of this, and test doubles all of it. */
type Info = Partial<GPUAdapterInfo> | undefined;

const nameOf = (info: Info): string =>
  info?.description || [info?.vendor, info?.architecture, info?.device].filter(Boolean).join(" ") || "unnamed adapter";

/** What the kernels may count on: a feature that the adapter has and the device was not made with is not there. */
function traitsOf(info: Info, features: GPUSupportedFeatures | undefined): AdapterTraits {
  const { vendor = "", architecture = "", subgroupMinSize: min, subgroupMaxSize: max } = info ?? {};
  const sized = features?.has(SUBGROUPS) && min && max;
  const matrices = multipliesMatrices(features, info);
  return { vendor, architecture, subgroups: sized ? { min, max } : undefined, ...(matrices && { matrices }) };
}

const isSoftware = (info: Info): boolean =>
  info?.isFallbackAdapter === true ||
  SOFTWARE.test(`${info?.description} ${info?.architecture} ${info?.device} ${info?.vendor}`);

class Timeout extends Error {}

/** `promise`, or a Timeout; what comes after that is handed to `late`. */
function within<T>(promise: Promise<T>, what: string, late?: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Timeout(`${what} did not answer within ${TIMEOUT_MS / 1000} s`));
      if (late) promise.then(late, () => undefined);
    }, TIMEOUT_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** How the device was lost, if it is lost already: `lost` is then settled, also of a device lost at birth. */
const lossSoFar = (device: GPUDevice): Promise<GPUDeviceLostInfo | undefined> =>
  Promise.race([device.lost, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 0))]);

async function tryOnce(gpu: GPU, source: GpuSource, takeSoftware: boolean): Promise<Acquired> {
  const { powerPreference, halfPrecision = false } = source;
  const adapter = await within(gpu.requestAdapter(powerPreference ? { powerPreference } : {}), "requestAdapter");
  if (!adapter) return { failure: "the browser has WebGPU but offers no adapter" };
  const info: Info = adapter.info;
  const name = nameOf(info);
  const software = isSoftware(info);
  if (software && !takeSoftware) {
    return { failure: `the only adapter is software (${name}), which is slower than the CPU path` };
  }
  const asked = adapter.requestDevice(deviceRequest(adapter, software, halfPrecision));
  const device = await within(asked, "requestDevice", (late) => late.destroy());
  const loss = await lossSoFar(device);
  if (loss) return { failure: `the device was lost at once (${loss.message || loss.reason})` };
  return { device, owned: true, software, name, adapter: traitsOf(info, device.features), entryPoint: gpu };
}

/** Throws a DeviceError unless the caller's device is alive and has what the kernels need. */
async function checked(device: GPUDevice): Promise<Acquired> {
  for (const [limit, needed] of Object.entries(NEEDED_LIMITS)) {
    const got = device.limits[limit as keyof GPUSupportedLimits] as number;
    if (got >= needed) continue;
    throw new DeviceError(
      "LIMIT_EXCEEDED",
      `createEngine: gpuDevice is too small: expected ${limit} of at least ${needed}, got ${got}. ` +
        "Make it of a core adapter, or ask for the limit in requiredLimits.",
    );
  }
  const loss = await lossSoFar(device);
  if (loss) throw lossOf(loss);
  const info: Info = device.adapterInfo;
  const software = isSoftware(info);
  const adapter = traitsOf(info, device.features);
  return { device, owned: false, software, name: nameOf(info), adapter, entryPoint: undefined };
}

/**
 * The caller's device, or one of an adapter; a software adapter only if `takeSoftware`.
 * @throws DeviceError LIMIT_EXCEEDED, DEVICE_DESTROYED or DEVICE_LOST for a caller's device that cannot be used
 */
export async function acquireDevice(source: GpuSource, takeSoftware: boolean): Promise<Acquired> {
  if (source.gpuDevice) return checked(source.gpuDevice);
  const gpu = source.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu)
    return { failure: "there is no WebGPU here (navigator.gpu is missing; browsers want a secure context for it)" };
  let failure = "";
  // A second, fresh adapter: the first may have been used up, or its device lost at birth.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const found = await tryOnce(gpu, source, takeSoftware);
      if ("device" in found) return found;
      failure = found.failure;
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      // Who has kept the page waiting once is not waited for again.
      if (error instanceof Timeout) break;
    }
  }
  return { failure };
}
