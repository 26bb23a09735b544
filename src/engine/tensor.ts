/// <reference lib="esnext.disposable" preserve="true" />
/** A matrix or vector in the memory of one engine's device. */
import { DisposedError, ShapeError } from "../errors.js";
import type { ElementType, HostArray, Matrix } from "../ops/op.js";
import type { Backend, Storage } from "./backend.js";

/** How a tensor's memory is shared out; made by the engine. */
export interface TensorMemory {
  readonly backend: Backend;
  readonly storage: Storage;
  /** Called once when the owner is disposed of; undefined for a view, which owns nothing. */
  readonly release: (() => void) | undefined;
  readonly isDisposed: () => boolean;
}

/**
 * A vector `[n]` or matrix `[n, d]` on the device. Values of type `u8` and `f16` stand for `element · scale + offset`.
 * Calls that compute return tensors at once; {@link Tensor.read} is the only one that waits for the device.
 */
export class Tensor implements Matrix {
  /** `[n]` or `[n, d]`. */
  readonly shape: readonly number[];
  /** 1 for a vector. */
  readonly rows: number;
  /** Elements of a row; of a vector all it has. */
  readonly columns: number;
  /** What an element is stored as. */
  readonly type: ElementType;
  /** 1 unless `type` is `u8` or `f16`. */
  readonly scale: number;
  /** Added to `scale` times the stored number: the element's value. */
  readonly offset: number;
  /** First row of this tensor in its memory. @internal */
  readonly firstRow: number;
  /** First column of this tensor in its memory: 0 but for a slice of a vector. @internal */
  readonly firstColumn: number;
  /** @internal */
  readonly memory: TensorMemory;
  #disposed = false;

  /** @internal */
  constructor(memory: TensorMemory, shape: readonly number[], scale = 1, offset = 0, firstRow = 0, firstColumn = 0) {
    this.memory = memory;
    this.shape = shape;
    this.rows = shape.length === 1 ? 1 : (shape[0] as number);
    this.columns = shape[shape.length - 1] as number;
    this.type = memory.storage.type;
    this.scale = scale;
    this.offset = offset;
    this.firstRow = firstRow;
    this.firstColumn = firstColumn;
  }

  /** Whether its memory has been given back; it cannot be used any more then. */
  get disposed(): boolean {
    return this.#disposed || this.memory.isDisposed();
  }

  /** @internal Throws unless the tensor can be used by this backend. */
  requireUsable(where: string, backend: Backend): void {
    if (this.disposed) {
      throw new DisposedError(
        "DISPOSED",
        `${where}: a tensor of shape [${this.shape.join(", ")}] was used after dispose().`,
      );
    }
    if (this.memory.backend !== backend) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `${where}: a tensor belongs to another engine. Read it and upload it to this one.`,
      );
    }
  }

  /**
   * Rows `first … first + count − 1` of a matrix, or values of a vector, as a tensor that shares this one's memory and lives no
   * longer. Devices handle a vector's values four at a time: there `first` is a multiple of 4, and so is `count` unless the
   * slice reaches the end.
   */
  slice(first: number, count: number): Tensor {
    this.requireUsable("slice", this.memory.backend);
    const vector = this.shape.length === 1;
    const length = vector ? this.columns : this.rows;
    if (!(Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count > 0 && first + count <= length)) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `slice: out of range: expected within 0 … ${length}, got ${first} … ${first + count}.`,
      );
    }
    if (vector && (first % 4 !== 0 || (count % 4 !== 0 && first + count < length))) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `slice: a vector is cut at multiples of 4: expected ends that are, got ${first} … ${first + count} of ${length}.`,
      );
    }
    const memory: TensorMemory = { ...this.memory, release: undefined, isDisposed: () => this.disposed };
    return vector
      ? new Tensor(memory, [count], this.scale, this.offset, this.firstRow, this.firstColumn + first)
      : new Tensor(memory, [count, this.columns], this.scale, this.offset, this.firstRow + first);
  }

  /** One row as a vector that shares this tensor's memory and lives no longer. */
  row(index: number): Tensor {
    const view = this.slice(index, 1);
    return new Tensor(view.memory, [this.columns], this.scale, this.offset, view.firstRow);
  }

  /** The elements, row by row, in an array of the caller's own: Float32Array, Uint8Array (bytes as they are), Uint16Array (the bits of
   * f16) or Int32Array. */
  async read(): Promise<Float32Array | Uint8Array | Uint16Array | Int32Array> {
    this.requireUsable("read", this.memory.backend);
    const [data] = await this.memory.backend.read([this]);
    return data as Exclude<HostArray, Float64Array>;
  }

  /** Gives the memory back. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.memory.release?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A tag of its own, by which frameworks tell that this is no plain object to be wrapped in a proxy. */
  get [Symbol.toStringTag](): string {
    return "Tensor";
  }
}
