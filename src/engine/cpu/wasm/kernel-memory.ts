/**
 * The memory that kernels work in: matrices are kept where kernels can reach them, so that no pass copies them. Freed ranges are
 * used again; when little of a large memory is left in use, what is left moves to a small one, since a WebAssembly.Memory can
 * only grow. Growing detaches all views, so an array is asked for anew whenever it is used.
 */
import type { HostMatrix } from "../../../ops/op.js";
import { PLACES, writePlaces } from "./filled-quads.js";
import type { Build } from "./kernels.js";
import { Kernels } from "./kernels.js";

const PAGE_BYTES = 65536;
/** All that 32 bits can address. */
const MOST_PAGES = 65536;
/** Ranges begin where a cache line does. */
const ALIGNMENT = 64;
/** Below it lies what kernels look up. */
const FIRST_ADDRESS = PLACES.address + PLACES.bytes;
/** What kernels may read past the end of a matrix. */
const SLACK_BYTES = 16;
/** A memory of fewer bytes is not worth moving out of. */
const SMALL_BYTES = 16 * 2 ** 20;

/** A run of bytes; the memory may move it between two jobs. */
export interface Range {
  address: number;
  readonly bytes: number;
}

export class KernelMemory {
  readonly #build: Build;
  #memory: WebAssembly.Memory | undefined;
  #kernels: Kernels | undefined;
  /** In the order of their addresses, without overlap. */
  #ranges: Range[] = [];
  #scratch: Range | undefined;
  #floats = new Float32Array(0);
  #integers = new Int32Array(0);

  constructor(build: Build) {
    this.#build = build;
  }

  get kernels(): Kernels {
    this.#kernels ??= new Kernels(this.#build, this.#open());
    return this.#kernels;
  }

  get buffer(): ArrayBuffer {
    return this.#open().buffer;
  }

  /** Bytes taken from the system. */
  get capacity(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  #open(): WebAssembly.Memory {
    if (!this.#memory) {
      this.#memory = new WebAssembly.Memory({ initial: 4 });
      writePlaces(this.#memory);
    }
    return this.#memory;
  }

  /** A range whose content is undefined, or undefined when there is no memory for it. */
  allocate(bytes: number): Range | undefined {
    const size = Math.ceil((bytes + SLACK_BYTES) / ALIGNMENT) * ALIGNMENT;
    if (size > MOST_PAGES * PAGE_BYTES) return undefined;
    // The first gap that is large enough, or the end.
    let address = FIRST_ADDRESS;
    let place = 0;
    while (place < this.#ranges.length && this.#ranges[place].address - address < size) {
      address = this.#ranges[place].address + this.#ranges[place].bytes;
      place++;
    }
    if (!this.#reach(address + size)) return undefined;
    const range = { address, bytes: size };
    this.#ranges.splice(place, 0, range);
    return range;
  }

  release(range: Range): void {
    const place = this.#ranges.indexOf(range);
    if (place >= 0) this.#ranges.splice(place, 1);
  }

  /** Grows so that addresses below `end` exist; false where the system refuses. */
  #reach(end: number): boolean {
    try {
      const missing = Math.ceil((end - this.#open().buffer.byteLength) / PAGE_BYTES);
      if (missing <= 0) return true;
      // Growing is dear where the memory moves with it: an eighth ahead, if it can be had.
      const ahead = Math.ceil(end / PAGE_BYTES / 8);
      return this.#grow(missing + ahead) || this.#grow(missing);
    } catch {
      return false;
    }
  }

  #grow(pages: number): boolean {
    try {
      this.#open().grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  /** The address of memory for a job's own use, the same until a job asks for more; jobs run one at a time. */
  scratch(bytes: number): number | undefined {
    if (!this.#scratch || this.#scratch.bytes < bytes + SLACK_BYTES) {
      if (this.#scratch) this.release(this.#scratch);
      this.#scratch = this.allocate(bytes);
    }
    return this.#scratch?.address;
  }

  /** Where an f32 matrix of plain values lies, or undefined when kernels cannot work on it in place. */
  addressOf({ data, scale, offset }: HostMatrix): number | undefined {
    const plain = data instanceof Float32Array && scale === 1 && offset === 0;
    return plain && this.holds(data) ? data.byteOffset : undefined;
  }

  holds(data: ArrayBufferView): boolean {
    return data.buffer === this.#memory?.buffer;
  }

  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.buffer, address, length);
  }

  /** All of the memory, the value at address a having index a / 4: loops over many small blocks would leave a view of each as garbage. */
  get allFloats(): Float32Array<ArrayBuffer> {
    const { buffer } = this;
    if (this.#floats.buffer !== buffer) this.#floats = new Float32Array(buffer);
    return this.#floats;
  }

  /** The same as i32. */
  get allIntegers(): Int32Array<ArrayBuffer> {
    const { buffer } = this;
    if (this.#integers.buffer !== buffer) this.#integers = new Int32Array(buffer);
    return this.#integers;
  }

  /** Between jobs: moves what is in use to a memory of its size, if most of this one is unused. */
  shrink(): void {
    if (this.capacity < SMALL_BYTES) return;
    if (this.#scratch) this.release(this.#scratch);
    this.#scratch = undefined;
    const used = this.#ranges.reduce((sum, { bytes }) => sum + bytes, FIRST_ADDRESS);
    const before = this.#memory;
    if (!before || used > this.capacity / 8) return;
    const ranges = this.#ranges;
    const addresses = ranges.map(({ address }) => address);
    this.#memory = undefined;
    this.#kernels = undefined;
    this.#ranges = [];
    this.#forgetViews();
    if (!this.#reach(used)) {
      this.#memory = before;
      this.#ranges = ranges;
      return;
    }
    const [from, to] = [new Uint8Array(before.buffer), new Uint8Array(this.buffer)];
    let end = FIRST_ADDRESS;
    ranges.forEach((range, r) => {
      to.set(from.subarray(addresses[r], addresses[r] + range.bytes), end);
      range.address = end;
      end += range.bytes;
    });
    this.#ranges = ranges;
  }

  dispose(): void {
    this.#memory = undefined;
    this.#kernels = undefined;
    this.#scratch = undefined;
    this.#ranges = [];
    this.#forgetViews();
  }

  /** A view keeps the memory that it is of. */
  #forgetViews(): void {
    this.#floats = new Float32Array(0);
    this.#integers = new Int32Array(0);
  }
}
