/** What the engine asks of a device beyond WebGPU's defaults, and only where the adapter has it: nothing here is required. */

/** Kernels have a form that uses them, and another that does not. */
export const SUBGROUPS = "subgroups";

/**
 * The largest matrix that shall lie in one binding: the features of 60,000 images of 28 × 28 in f32 take 188 MB, and blocks of
 * the default 128 MiB cost a launch more for each. A larger one is cut into blocks of rows.
 */
const WANTED_BINDING_BYTES = 2 ** 30;

/** WebGPU's defaults. */
const DEFAULT_BINDING_BYTES = 2 ** 27;
const DEFAULT_BUFFER_BYTES = 2 ** 28;

/** Software adapters promise larger buffers than they can make. */
export function deviceRequest({ features, limits }: GPUAdapter, software: boolean): GPUDeviceDescriptor {
  const bindingBytes = Math.min(
    WANTED_BINDING_BYTES,
    limits?.maxStorageBufferBindingSize ?? 0,
    limits?.maxBufferSize ?? 0,
  );
  return {
    label: "luce",
    requiredFeatures: features?.has(SUBGROUPS) ? [SUBGROUPS] : [],
    requiredLimits:
      software || bindingBytes <= DEFAULT_BINDING_BYTES
        ? {}
        : {
            maxStorageBufferBindingSize: bindingBytes,
            maxBufferSize: Math.max(bindingBytes, DEFAULT_BUFFER_BYTES),
          },
  };
}
