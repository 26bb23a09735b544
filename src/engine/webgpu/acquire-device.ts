/** Finds an adapter and a device, and says in words why there is none. */

/** Where to look for a GPU; all of it optional. */
export interface GpuSource {
  /** A device of the caller's own, to share memory with other work on it. It is never destroyed here. */
  readonly gpuDevice?: GPUDevice;
  /** A WebGPU entry point other than `navigator.gpu`, such as Dawn's under Node. */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
}

export type Acquired =
  | { readonly device: GPUDevice; readonly owned: boolean; readonly software: boolean; readonly name: string }
  | { readonly failure: string };

/** Some drivers never answer; the page must not wait for them. */
const TIMEOUT_MS = 10_000;
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|microsoft basic render/i;

const nameOf = (info: GPUAdapterInfo): string =>
  info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(" ") || "unnamed adapter";

const isSoftware = (info: GPUAdapterInfo): boolean =>
  info.isFallbackAdapter === true ||
  SOFTWARE.test(`${info.description} ${info.architecture} ${info.device} ${info.vendor}`);

function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Asks for WebGPU's default limits: no kernel needs more. */
async function tryOnce(gpu: GPU, powerPreference: GPUPowerPreference | undefined): Promise<Acquired> {
  const adapter = await within(gpu.requestAdapter(powerPreference ? { powerPreference } : {}), "requestAdapter");
  if (!adapter) return { failure: "the browser has WebGPU but offers no adapter" };
  const device = await within(adapter.requestDevice({ label: "luce" }), "requestDevice");
  // A device may be lost from birth: its `lost` is then settled already.
  const born = await Promise.race([
    device.lost,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 0)),
  ]);
  if (born) return { failure: `the device was lost at once (${born.message || born.reason})` };
  return { device, owned: true, software: isSoftware(adapter.info), name: nameOf(adapter.info) };
}

export async function acquireDevice(source: GpuSource): Promise<Acquired> {
  if (source.gpuDevice) {
    const info = source.gpuDevice.adapterInfo;
    return { device: source.gpuDevice, owned: false, software: isSoftware(info), name: nameOf(info) };
  }
  const gpu = source.gpu ?? (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) return { failure: "this browser has no WebGPU (navigator.gpu is missing; it needs a secure context)" };
  let failure = "";
  // A second, fresh adapter: the first may have been used up, or its device lost at birth.
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const found = await tryOnce(gpu, source.powerPreference);
      if ("device" in found) return found;
      failure = found.failure;
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
  }
  return { failure };
}
