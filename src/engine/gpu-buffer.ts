/** A tensor over a GPU buffer of the caller's: its options, checked. */
import { DeviceError, OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import type { ElementType } from "../ops/op.js";
import { checkShape } from "./check-tensor.js";
import type { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";

/** What the numbers in a GPU buffer are. */
export interface GpuBufferOptions {
  /** `[n]` or `[n, d]`; where the last is no multiple of 4, the tensor is a copy. */
  readonly shape: readonly number[];
  /** Default `"f32"`. */
  readonly type?: ElementType;
  /** What each number is multiplied by, of types u8 and f16. Default 1. */
  readonly scale?: number;
  /** What is added to that. Default 0. */
  readonly offset?: number;
}

export function tensorOfBuffer(engine: TensorEngine, buffer: object, options: GpuBufferOptions): Tensor {
  requireKnownOptions(options, ["shape", "type", "scale", "offset"], "fromGpuBuffer");
  const { shape, type = "f32", scale = 1, offset = 0 } = options;
  checkShape(shape, type);
  const isPlain = scale === 1 && offset === 0;
  if (!(Number.isFinite(scale) && Number.isFinite(offset) && (isPlain || type === "u8" || type === "f16"))) {
    throw new OptionError(
      "BAD_OPTION",
      `fromGpuBuffer: options \`scale\` and \`offset\` cannot be used: expected finite numbers for type u8 or f16, got ${scale} and ${offset} for ${type}.`,
    );
  }
  return engine.tensorIn(
    (backend, rows, columns) => {
      if (backend.borrow) return backend.borrow(buffer, rows, columns, type);
      throw new DeviceError(
        "GPU_UNAVAILABLE",
        "fromGpuBuffer: this engine computes on the CPU: expected one of the buffer's own GPU device. Use createEngine({ gpuDevice }).",
      );
    },
    shape,
    Math.fround(scale),
    Math.fround(offset),
  );
}
