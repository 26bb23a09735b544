/** Copies of device memory for the host, through staging buffers that are kept for the next time. */

import { sizeClass } from "./buffer-pool.js";
import type { FaultLog } from "./fault-log.js";
import type { GpuBlock } from "./gpu-storage.js";
import type { Scheduler } from "./scheduler.js";

/** Bytes of one buffer to fetch; multiples of 4. */
export interface Fetch {
  readonly buffer: GpuBlock["buffer"];
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** Small staging buffers are kept; a large one is made for its purpose and destroyed. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

export class Readback {
  readonly #device: GPUDevice;
  readonly #scheduler: Scheduler;
  readonly #faults: FaultLog;
  readonly #free: GPUBuffer[] = [];
  count = 0;

  constructor(device: GPUDevice, scheduler: Scheduler, faults: FaultLog) {
    this.#device = device;
    this.#scheduler = scheduler;
    this.#faults = faults;
  }

  #acquire(sizeBytes: number): GPUBuffer {
    const index = this.#free.findIndex((b) => b.size >= sizeBytes);
    if (index >= 0) return this.#free.splice(index, 1)[0] as GPUBuffer;
    const label = "luce/readback";
    const size = sizeClass(sizeBytes);
    return this.#faults.watch(label, () =>
      this.#device.createBuffer({ label, size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
    );
  }

  /** All fetches with one submit and one wait, each in an ArrayBuffer of its own. Raises the device's recorded faults. */
  async fetch(fetches: readonly Fetch[]): Promise<ArrayBuffer[]> {
    this.count++;
    const sizeBytes = fetches.reduce((sum, f) => sum + f.sizeBytes, 0);
    const staging = this.#acquire(sizeBytes);
    const encoder = this.#scheduler.encoder();
    let at = 0;
    for (const f of fetches) {
      encoder.copyBufferToBuffer(f.buffer.gpu, f.offsetBytes, staging, at, f.sizeBytes);
      at += f.sizeBytes;
    }
    this.#scheduler.submit();
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, at);
    } catch (cause) {
      staging.destroy();
      return this.#faults.explain(cause);
    }
    const bytes = staging.getMappedRange(0, at);
    let from = 0;
    const copies = fetches.map((f) => {
      const copy = bytes.slice(from, from + f.sizeBytes);
      from += f.sizeBytes;
      return copy;
    });
    staging.unmap();
    if (staging.size <= MOST_KEPT_BYTES && this.#free.length < 4) this.#free.push(staging);
    else staging.destroy();
    await this.#faults.settled();
    this.#faults.raise();
    return copies;
  }

  dispose(): void {
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }
}
