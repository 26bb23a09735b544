/** What the engine asks of a device beyond WebGPU's defaults, and only where the adapter has it: nothing here is required. */

/** Kernels have a form that uses them, and another that does not. */
export const SUBGROUPS = "subgroups";

/** What products with `precision: "f16"` use: all of it, or nothing. */
const HALVES: readonly GPUFeatureName[] = [
  SUBGROUPS,
  "shader-f16",
  // Not in WebGPU's types: Chromium's experiment.
  "chromium-experimental-subgroup-matrix" as GPUFeatureName,
];

/** The threads that multiply matrices together in `matmul_matrices`, and the side of those. */
const THREADS = 32;
const SIDE = 16;

interface MatrixConfig {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** Whether a device multiplies 16 × 16 halves at once and sums them in f32. */
export function multipliesMatrices(
  features: ReadonlySet<string> | undefined,
  info: Partial<GPUAdapterInfo> | undefined,
): boolean {
  if (!HALVES.every((feature) => features?.has(feature))) return false;
  if (info?.subgroupMinSize !== THREADS || info.subgroupMaxSize !== THREADS) return false;
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  return [...subgroupMatrixConfigs].some(
    ({ M, N, K, componentType, resultComponentType }) =>
      [M, N, K].every((side) => side === SIDE) && componentType === "f16" && resultComponentType === "f32",
  );
}

/**
 * The largest matrix that shall lie in one binding: the features of 60,000 images of 28 × 28 in f32 take 188 MB, and blocks of
 * the default 128 MiB cost a launch more for each. A larger one is cut into blocks of rows.
 */
const WANTED_BINDING_BYTES = 2 ** 30;

/** WebGPU's defaults. */
const DEFAULT_BINDING_BYTES = 2 ** 27;
const DEFAULT_BUFFER_BYTES = 2 ** 28;

/** Software adapters promise larger buffers than they can make. */
export function deviceRequest(adapter: GPUAdapter, software: boolean, halfPrecision: boolean): GPUDeviceDescriptor {
  const { features, info, limits } = adapter;
  const bindingBytes = Math.min(
    WANTED_BINDING_BYTES,
    limits?.maxStorageBufferBindingSize ?? 0,
    limits?.maxBufferSize ?? 0,
  );
  return {
    label: "luce",
    requiredFeatures:
      halfPrecision && multipliesMatrices(features, info) ? [...HALVES] : features?.has(SUBGROUPS) ? [SUBGROUPS] : [],
    requiredLimits:
      software || bindingBytes <= DEFAULT_BINDING_BYTES
        ? {}
        : {
            maxStorageBufferBindingSize: bindingBytes,
            maxBufferSize: Math.max(bindingBytes, DEFAULT_BUFFER_BYTES),
          },
  };
}
