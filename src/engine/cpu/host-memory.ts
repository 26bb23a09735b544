/**
 * Memory of the CPU's tensors: in reach of the kernels where there are any, else, or when that memory is full, arrays of
 * their own.
 */
import { requireRoom } from "../../data/memory.js";
import { DeviceError } from "../../errors.js";
import type { ElementType, HostArray } from "../../ops/op.js";
import type { Storage } from "../backend.js";
import type { Range } from "./wasm/kernel-memory.js";
import { KernelMemory } from "./wasm/kernel-memory.js";
import type { Build } from "./wasm/kernels.js";

const ARRAY = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i32: Int32Array } as const;

export interface HostStorage extends Storage {
  /** Good until more memory is taken: ask anew after every wait. */
  readonly data: HostArray;
}

class KernelStorage implements HostStorage {
  readonly rows: number;
  readonly columns: number;
  readonly type: ElementType;
  readonly range: Range;
  readonly #memory: KernelMemory;
  #view: HostArray | undefined;

  constructor(rows: number, columns: number, type: ElementType, range: Range, memory: KernelMemory) {
    this.rows = rows;
    this.columns = columns;
    this.type = type;
    this.range = range;
    this.#memory = memory;
  }

  get data(): HostArray {
    const { buffer } = this.#memory;
    if (this.#view?.buffer !== buffer) {
      this.#view = new ARRAY[this.type](buffer, this.range.address, this.rows * this.columns);
    }
    return this.#view as HostArray;
  }
}

export class HostMemory {
  /** Undefined where there are no kernels. */
  readonly kernels: KernelMemory | undefined;

  constructor(build: Build | "none") {
    this.kernels = build === "none" ? undefined : new KernelMemory(build);
  }

  /** Throws a DeviceError when there is no memory. */
  allocate(rows: number, columns: number, type: ElementType): HostStorage {
    const range = this.kernels?.allocate(rows * columns * ARRAY[type].BYTES_PER_ELEMENT);
    if (range && this.kernels) return new KernelStorage(rows, columns, type, range, this.kernels);
    return { rows, columns, type, data: newArray(rows, columns, type) };
  }

  /** `idle`: no job is under way, so memory may move. */
  release(storage: HostStorage, idle: boolean): void {
    if (!(storage instanceof KernelStorage)) return;
    this.kernels?.release(storage.range);
    if (idle) this.kernels?.shrink();
  }

  dispose(): void {
    this.kernels?.dispose();
  }
}

function newArray(rows: number, columns: number, type: ElementType): HostArray {
  requireRoom(rows * columns * ARRAY[type].BYTES_PER_ELEMENT, `a matrix of ${rows} × ${columns} (${type})`, "engine");
  try {
    return new ARRAY[type](rows * columns);
  } catch (cause) {
    throw new DeviceError(
      "OUT_OF_MEMORY",
      `engine: the page has no memory for a matrix of ${rows} × ${columns} (${type}). Use fewer rows at a time, or u8 features.`,
      cause,
    );
  }
}
