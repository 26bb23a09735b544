/** GPU buffers by size, given out and taken back, so that steady work creates none. The pool is bounded. */
import type { FaultLog } from "./fault-log.js";

/** A buffer with the identity by which bind groups are cached. */
export interface PooledBuffer {
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly sizeBytes: number;
  /** Set when the device could not make it; it never returns to the pool. */
  broken: boolean;
}

const MOST_POOLED_BYTES = 128 * 1024 * 1024;

/** Sizes in steps of an eighth of a power of two: at most 12.5 % is wasted, and sizes repeat. */
export function sizeClass(bytes: number): number {
  const least = Math.max(256, bytes);
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(least)) - 3));
  return Math.ceil(least / step) * step;
}

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #faults: FaultLog;
  readonly #onDestroy: (buffer: PooledBuffer) => void;
  /** Oldest first. */
  #free: PooledBuffer[] = [];
  readonly #live = new Set<PooledBuffer>();
  #created = 0;

  constructor(device: GPUDevice, faults: FaultLog, onDestroy: (buffer: PooledBuffer) => void) {
    this.#device = device;
    this.#faults = faults;
    this.#onDestroy = onDestroy;
  }

  acquire(bytes: number, label: string): PooledBuffer {
    // Never above the device's own limit for the sake of a round size.
    const sizeBytes =
      bytes > this.#device.limits.maxStorageBufferBindingSize * 0.875 ? Math.ceil(bytes / 256) * 256 : sizeClass(bytes);
    const index = this.#free.findLastIndex((b) => b.sizeBytes === sizeBytes);
    const buffer = index >= 0 ? (this.#free.splice(index, 1)[0] as PooledBuffer) : this.#create(sizeBytes, label);
    this.#live.add(buffer);
    return buffer;
  }

  #create(sizeBytes: number, label: string): PooledBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const id = ++this.#created;
    const gpu = this.#faults.watch(
      label,
      () => this.#device.createBuffer({ size: sizeBytes, usage, label }),
      () => {
        buffer.broken = true;
      },
    );
    const buffer: PooledBuffer = { id, gpu, sizeBytes, broken: false };
    return buffer;
  }

  release(buffer: PooledBuffer): void {
    if (!this.#live.delete(buffer)) return;
    if (buffer.broken) {
      this.#destroy(buffer);
      return;
    }
    this.#free.push(buffer);
    let pooledBytes = this.#free.reduce((bytes, b) => bytes + b.sizeBytes, 0);
    while (pooledBytes > MOST_POOLED_BYTES) {
      const oldest = this.#free.shift() as PooledBuffer;
      pooledBytes -= oldest.sizeBytes;
      this.#destroy(oldest);
    }
  }

  #destroy(buffer: PooledBuffer): void {
    this.#onDestroy(buffer);
    buffer.gpu.destroy();
  }

  stats(): { buffers: number; bytes: number; pooledBytes: number; buffersCreated: number } {
    const sum = (buffers: Iterable<PooledBuffer>): number => [...buffers].reduce((bytes, b) => bytes + b.sizeBytes, 0);
    return {
      buffers: this.#live.size,
      bytes: sum(this.#live),
      pooledBytes: sum(this.#free),
      buffersCreated: this.#created,
    };
  }

  dispose(): void {
    for (const buffer of [...this.#live, ...this.#free]) this.#destroy(buffer);
    this.#live.clear();
    this.#free = [];
  }
}
