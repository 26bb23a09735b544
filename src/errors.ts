/**
 * Every error that Luce throws. Imports nothing, so that every other folder may import it.
 *
 * A message reads `where: what is wrong: expected X, got Y. Remedy.` The class tells the kind of fault,
 * `code` is stable and meant for programs, `cause` holds the error underneath where there is one.
 */

/** Stable, machine-readable name of one fault. */
export type ErrorCode =
  | "SHAPE_MISMATCH"
  | "RAGGED_ROWS"
  | "EMPTY_INPUT"
  | "NON_FINITE_INPUT"
  | "UNSUPPORTED_TYPE"
  | "DETACHED_BUFFER"
  | "BAD_WEIGHTS"
  | "BAD_PROBABILITY"
  | "BAD_LABEL"
  | "ONE_CLASS"
  | "BAD_OPTION"
  | "UNKNOWN_OPTION"
  | "NOT_FITTED"
  | "BUSY"
  | "CALLBACK_FAILED"
  | "DISPOSED"
  | "GPU_UNAVAILABLE"
  | "DEVICE_LOST"
  | "DEVICE_DESTROYED"
  | "OUT_OF_MEMORY"
  | "LIMIT_EXCEEDED"
  | "GPU_VALIDATION"
  | "SHADER_INVALID"
  | "SHADER_UNAVAILABLE"
  | "BAD_MAGIC"
  | "TRUNCATED"
  | "TOO_LARGE"
  | "BAD_JSON"
  | "BAD_VERSION"
  | "BAD_FIELD"
  | "HEADER_PAST_END"
  | "HEADER_TOO_LARGE"
  | "HEADER_OVERFLOW"
  | "BAD_UTF8"
  | "DUPLICATE_KEY"
  | "UNKNOWN_TYPE"
  | "BAD_RANGE"
  | "SIZE_OVERFLOW"
  | "SPAN_MISMATCH"
  | "OVERLAP"
  | "HOLE"
  | "TRAILING_BYTES"
  | "NON_FINITE_WEIGHTS"
  | "DAMAGED"
  | "STORAGE_UNAVAILABLE"
  | "STORAGE_FAILED"
  | "QUOTA_EXCEEDED"
  | "CHECKPOINT_MISMATCH";

/** The base of all of them: `error instanceof LuceError` tells ours from everybody else's. */
export class LuceError extends Error {
  override readonly name: string = "LuceError";
  /** Stable, machine-readable name of the fault. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Sizes that do not fit together. Codes: SHAPE_MISMATCH, RAGGED_ROWS. */
export class ShapeError extends LuceError {
  override readonly name = "ShapeError";
}

/** Numbers that cannot be used. Codes: EMPTY_INPUT, NON_FINITE_INPUT, UNSUPPORTED_TYPE, DETACHED_BUFFER, BAD_WEIGHTS, BAD_PROBABILITY. */
export class DataError extends LuceError {
  override readonly name = "DataError";
}

/** Labels that name no class, or too few classes. Codes: BAD_LABEL, ONE_CLASS. */
export class LabelError extends LuceError {
  override readonly name = "LabelError";
}

/** An option out of its range, or one that does not exist. Codes: BAD_OPTION, UNKNOWN_OPTION. */
export class OptionError extends LuceError {
  override readonly name = "OptionError";
}

/** A prediction was asked of a model that has not been fitted. Code: NOT_FITTED. */
export class NotFittedError extends LuceError {
  override readonly name = "NotFittedError";
}

/** `fit` was called while the same model was being fitted. Code: BUSY. */
export class BusyError extends LuceError {
  override readonly name = "BusyError";
}

/** A function given by the caller threw; `cause` is what it threw. Code: CALLBACK_FAILED. */
export class CallbackError extends LuceError {
  override readonly name = "CallbackError";
}

/** Something was used after `dispose()`. Code: DISPOSED. */
export class DisposedError extends LuceError {
  override readonly name = "DisposedError";
}

/** The device is missing, gone, full or too small. Codes: GPU_UNAVAILABLE, DEVICE_LOST, DEVICE_DESTROYED, OUT_OF_MEMORY, LIMIT_EXCEEDED. */
export class DeviceError extends LuceError {
  override readonly name = "DeviceError";
}

/**
 * A shader or a dispatch was refused by the GPU; the message names file, line and object. Or the shader's file could not be loaded.
 * Codes: SHADER_INVALID, GPU_VALIDATION, SHADER_UNAVAILABLE.
 */
export class KernelError extends LuceError {
  override readonly name = "KernelError";
}

/**
 * A file that is not what it should be. Codes: BAD_MAGIC, TRUNCATED, TOO_LARGE, BAD_JSON, BAD_VERSION, BAD_FIELD; of safetensors also
 * HEADER_PAST_END, HEADER_TOO_LARGE, HEADER_OVERFLOW, BAD_UTF8, DUPLICATE_KEY, UNKNOWN_TYPE, BAD_RANGE, SIZE_OVERFLOW, SPAN_MISMATCH,
 * OVERLAP, HOLE, TRAILING_BYTES, NON_FINITE_WEIGHTS; of checkpoints DAMAGED.
 */
export class FormatError extends LuceError {
  override readonly name = "FormatError";
}

/**
 * A store that cannot keep or give what it is asked for; what it kept before stays. Codes: STORAGE_UNAVAILABLE, STORAGE_FAILED,
 * QUOTA_EXCEEDED; CHECKPOINT_MISMATCH when it has a checkpoint of another fit under the name.
 */
export class StorageError extends LuceError {
  override readonly name = "StorageError";
}
