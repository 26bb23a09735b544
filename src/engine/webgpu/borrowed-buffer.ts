/** A matrix in a GPU buffer of the caller's: used where it lies, never destroyed or pooled. */
import { describeValue } from "../../data/describe-value.js";
import { DataError, DeviceError, ShapeError } from "../../errors.js";
import { QUAD_BYTES } from "../../ops/element-size.js";
import type { ElementType } from "../../ops/op.js";
import { BUFFER_USAGE } from "./gpu-flags.js";
import type { GpuStorage } from "./gpu-storage.js";

const WHERE = "fromGpuBuffer";

/** Ids of its own, apart from those of the pool, which count up from 1. */
let borrowed = 0;

/**
 * The buffer as such a matrix; where its rows do not fill quads, as the vector of all its values.
 * Throws DataError, ShapeError or DeviceError unless shaders can read it.
 */
export function borrowedStorage(
  given: unknown,
  rows: number,
  columns: number,
  type: ElementType,
  bindingBytes: number,
): GpuStorage {
  const gpu = requireBuffer(given);
  const isWhole = columns % 4 === 0;
  // Shaders read sixteen bytes at a time, but for rows that are copied first: those are read by words.
  const grain = isWhole ? 16 : 4;
  const neededBytes = Math.ceil((rows * columns * QUAD_BYTES[type]) / 4 / grain) * grain;
  if (gpu.size < neededBytes) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${WHERE}: the buffer is too small: expected ${neededBytes} bytes for ${rows} × ${columns} values of ${type}, got ${gpu.size}.`,
    );
  }
  if (gpu.size % 4 !== 0) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${WHERE}: the buffer cannot be bound: expected a size of whole words of 4 bytes, got ${gpu.size}. Create it with a multiple of 4.`,
    );
  }
  if (gpu.size > bindingBytes) {
    throw new DeviceError(
      "LIMIT_EXCEEDED",
      `${WHERE}: the buffer is larger than the device's limit maxStorageBufferBindingSize: expected at most ${bindingBytes} bytes, ` +
        `got ${gpu.size}. Ask for a higher limit with the device, or use several buffers as batches.`,
    );
  }
  const buffer = { id: --borrowed, gpu, sizeBytes: gpu.size, state: "sound" } as const;
  const shape = isWhole ? { rows, columns } : { rows: 1, columns: rows * columns };
  const stride = Math.ceil(shape.columns / 4);
  return { ...shape, type, stride, blocks: [{ firstRow: 0, rows: shape.rows, buffer: { ...buffer } }], borrowed: true };
}

function requireBuffer(given: unknown): GPUBuffer {
  const isBuffer =
    typeof given === "object" && given !== null && "usage" in given && "size" in given && "mapState" in given;
  if (!isBuffer) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${WHERE}: this is no GPU buffer: expected one of the engine's own device, got ${describeValue(given)}.`,
    );
  }
  const gpu = given as GPUBuffer;
  if ((gpu.usage & BUFFER_USAGE.STORAGE) === 0) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${WHERE}: shaders cannot read the buffer: expected usage STORAGE, got ${gpu.usage}. Create it with GPUBufferUsage.STORAGE.`,
    );
  }
  if (gpu.mapState === "unmapped") return gpu;
  throw new DataError("UNSUPPORTED_TYPE", `${WHERE}: the buffer is mapped: expected it unmapped. Call unmap() first.`);
}
