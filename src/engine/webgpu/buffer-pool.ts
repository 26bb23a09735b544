/** GPU buffers by size, given out and taken back, so that steady work creates none. The pool is bounded. */
import type { FaultLog } from "./fault-log.js";
import { BUFFER_USAGE } from "./gpu-flags.js";

/** A buffer with the identity by which bind groups are cached. */
export interface PooledBuffer {
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly sizeBytes: number;
  /** Whether the device could make it; of a new one that is not known yet. A broken one never returns to the pool. */
  state: "new" | "sound" | "broken";
}

/** New buffers smaller than this are taken to be sound. */
const LARGE_BYTES = 32 * 1024 * 1024;

/** Whether commands that name the buffer may turn out invalid, which would take down all work of their submit. */
export const isDoubtful = ({ state, sizeBytes }: PooledBuffer): boolean =>
  state === "broken" || (state === "new" && sizeBytes >= LARGE_BYTES);

const MOST_POOLED_BYTES = 128 * 1024 * 1024;
/** Buffers are a multiple of this. */
export const BUFFER_GRAIN_BYTES = 256;

/** Sizes in steps of an eighth of a power of two: at most 12.5 % is wasted, and sizes repeat. */
export function sizeClass(bytes: number): number {
  const least = Math.max(BUFFER_GRAIN_BYTES, bytes);
  const step = Math.max(BUFFER_GRAIN_BYTES, 2 ** (Math.floor(Math.log2(least)) - 3));
  return Math.ceil(least / step) * step;
}

const sum = (buffers: Iterable<PooledBuffer>): number => [...buffers].reduce((bytes, b) => bytes + b.sizeBytes, 0);

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #faults: FaultLog;
  readonly #destroy: (buffer: PooledBuffer) => void;
  /** Oldest first. */
  readonly #free: PooledBuffer[] = [];
  readonly #live = new Set<PooledBuffer>();
  #created = 0;

  /** `destroy` is given buffers that nobody has any more. */
  constructor(device: GPUDevice, faults: FaultLog, destroy: (buffer: PooledBuffer) => void) {
    this.#device = device;
    this.#faults = faults;
    this.#destroy = destroy;
  }

  acquire(bytes: number, label: string): PooledBuffer {
    // Never above the device's own limit for the sake of a round size.
    const sizeBytes =
      bytes > this.#device.limits.maxStorageBufferBindingSize * 0.875
        ? Math.ceil(bytes / BUFFER_GRAIN_BYTES) * BUFFER_GRAIN_BYTES
        : sizeClass(bytes);
    const index = this.#free.findLastIndex((b) => b.sizeBytes === sizeBytes);
    const buffer = index >= 0 ? (this.#free.splice(index, 1)[0] as PooledBuffer) : this.#create(sizeBytes, label);
    this.#live.add(buffer);
    return buffer;
  }

  #create(sizeBytes: number, label: string): PooledBuffer {
    const usage = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;
    const id = ++this.#created;
    const gpu = this.#faults.watch(
      label,
      () => this.#device.createBuffer({ size: sizeBytes, usage, label }),
      (sound) => {
        buffer.state = sound ? "sound" : "broken";
        // It may have come back before this was known.
        const index = sound ? -1 : this.#free.indexOf(buffer);
        if (index >= 0) this.#destroy(this.#free.splice(index, 1)[0] as PooledBuffer);
      },
    );
    const buffer: PooledBuffer = { id, gpu, sizeBytes, state: "new" };
    return buffer;
  }

  release(buffer: PooledBuffer): void {
    if (!this.#live.delete(buffer)) return;
    if (buffer.state === "broken" || buffer.sizeBytes > MOST_POOLED_BYTES) {
      this.#destroy(buffer);
      return;
    }
    this.#free.push(buffer);
    let pooledBytes = sum(this.#free);
    while (pooledBytes > MOST_POOLED_BYTES) {
      const oldest = this.#free.shift() as PooledBuffer;
      pooledBytes -= oldest.sizeBytes;
      this.#destroy(oldest);
    }
  }

  stats(): { buffers: number; bytes: number; pooledBytes: number; buffersCreated: number } {
    return {
      buffers: this.#live.size,
      bytes: sum(this.#live),
      pooledBytes: sum(this.#free),
      buffersCreated: this.#created,
    };
  }

  dispose(): void {
    for (const buffer of [...this.#live, ...this.#free.splice(0)]) this.#destroy(buffer);
    this.#live.clear();
  }
}
