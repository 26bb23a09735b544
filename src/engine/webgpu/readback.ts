/** Copies of device memory for the host, through staging buffers that are kept for the next time. */
import { sizeClass } from "./buffer-pool.js";
import type { FaultLog } from "./fault-log.js";
import { needsNudging, nudgeUntil } from "./firefox-nudge.js";
import { BUFFER_USAGE, MAP_MODE_READ } from "./gpu-flags.js";
import type { GpuBlock } from "./gpu-storage.js";
import type { Scheduler } from "./scheduler.js";

/** Bytes of one buffer to fetch; multiples of 4. */
export interface Fetch {
  readonly buffer: GpuBlock["buffer"];
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** A staging buffer and what will stand in it. */
interface Batch {
  readonly fetches: Fetch[];
  sizeBytes: number;
}

interface Copies extends Batch {
  readonly staging: GPUBuffer;
}

/** Small staging buffers are kept; a large one is made for its purpose and destroyed. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;
const MOST_KEPT = 4;

export class Readback {
  readonly #device: GPUDevice;
  readonly #scheduler: Scheduler;
  readonly #faults: FaultLog;
  readonly #free: GPUBuffer[] = [];
  #disposed = false;
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
    // A round size may be used again; one that will not be kept is as large as it must be.
    const size = sizeBytes <= MOST_KEPT_BYTES ? sizeClass(sizeBytes) : sizeBytes;
    const usage = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
    return this.#faults.watch(label, () => this.#device.createBuffer({ label, size, usage }));
  }

  #giveBack(staging: GPUBuffer): void {
    if (!this.#disposed && staging.size <= MOST_KEPT_BYTES && this.#free.length < MOST_KEPT) this.#free.push(staging);
    else staging.destroy();
  }

  /** All fetches with one submit and one wait, each in an ArrayBuffer of its own. Raises the device's recorded faults. */
  async fetch(fetches: readonly Fetch[]): Promise<ArrayBuffer[]> {
    this.count++;
    const { mark } = this.#faults;
    const { inOrder } = this.#scheduler;
    let recorded: Copies[] | undefined;
    inOrder.do(() => {
      recorded = this.#record(fetches);
    });
    if (inOrder.caughtUp) await this.#faults.orGone(inOrder.caughtUp);
    // Without any, the device is gone.
    const batches = recorded ?? [];
    const mapping = Promise.all(
      batches.map(({ staging, sizeBytes }) =>
        // Mapping what could not be made is an error too, and must not reach the owner of a shared device.
        this.#faults.watch("luce/readback", () => staging.mapAsync(MAP_MODE_READ, 0, sizeBytes)),
      ),
    );
    if (needsNudging()) void nudgeUntil(mapping, this.#device.queue);
    let copies: ArrayBuffer[] | undefined;
    try {
      if (await this.#faults.orGone(mapping)) copies = batches.flatMap(copiesOf);
    } catch (cause) {
      for (const { staging } of batches) staging.destroy();
      return this.#faults.explain(cause, mark);
    }
    for (const { staging } of batches) this.#giveBack(staging);
    await this.#faults.settled();
    this.#faults.raise(mark);
    // Undefined when the engine has let go of the device; who asked knows of it.
    return copies ?? [];
  }

  #record(fetches: readonly Fetch[]): Copies[] {
    this.#scheduler.isolate(fetches.map((f) => f.buffer));
    const encoder = this.#scheduler.encoder();
    // Recorded together and now: what is recorded later must not show in any of them.
    const batches = this.#batches(fetches).map((batch) => {
      const staging = this.#acquire(batch.sizeBytes);
      let at = 0;
      for (const f of batch.fetches) {
        encoder.copyBufferToBuffer(f.buffer.gpu, f.offsetBytes, staging, at, f.sizeBytes);
        at += f.sizeBytes;
      }
      return { ...batch, staging };
    });
    this.#scheduler.submit();
    return batches;
  }

  /** Each as much as one buffer may hold. */
  #batches(fetches: readonly Fetch[]): Batch[] {
    const batches: Batch[] = [];
    for (const fetch of fetches) {
      const last = batches.at(-1);
      if (last && last.sizeBytes + fetch.sizeBytes <= this.#device.limits.maxBufferSize) {
        last.fetches.push(fetch);
        last.sizeBytes += fetch.sizeBytes;
      } else {
        batches.push({ fetches: [fetch], sizeBytes: fetch.sizeBytes });
      }
    }
    return batches;
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }
}

function copiesOf({ staging, fetches, sizeBytes }: Copies): ArrayBuffer[] {
  const bytes = staging.getMappedRange(0, sizeBytes);
  let from = 0;
  const copies = fetches.map((f) => {
    const copy = bytes.slice(from, from + f.sizeBytes);
    from += f.sizeBytes;
    return copy;
  });
  staging.unmap();
  return copies;
}
