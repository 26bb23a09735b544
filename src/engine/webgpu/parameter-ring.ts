/**
 * Uniform parameters of the recorded dispatches: slots of 256 bytes in one buffer, addressed by dynamic offset.
 * The slots of one submit are uploaded together just before it; the queue runs uploads and submits in order, so the
 * next submit may use the same slots again without waiting.
 */
import type { Word } from "../../ops/op.js";
import type { FaultLog } from "./fault-log.js";
import { BUFFER_USAGE } from "./gpu-flags.js";

const SLOT_BYTES = 256;
const SLOTS = 512;

export class ParameterRing {
  readonly #device: GPUDevice;
  readonly #buffer: GPUBuffer;
  readonly #bytes = new ArrayBuffer(SLOT_BYTES * SLOTS);
  readonly #view = new DataView(this.#bytes);
  #used = 0;

  constructor(device: GPUDevice, faults: FaultLog) {
    this.#device = device;
    const usage = BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST;
    const label = "luce/parameters";
    this.#buffer = faults.watch(label, () => device.createBuffer({ label, size: SLOT_BYTES * SLOTS, usage }));
  }

  get binding(): GPUBufferBinding {
    return { buffer: this.#buffer, size: SLOT_BYTES };
  }

  get full(): boolean {
    return this.#used === SLOTS;
  }

  /** Takes a slot and returns its dynamic offset. */
  put(words: readonly Word[]): number {
    const offset = this.#used++ * SLOT_BYTES;
    words.forEach(({ type, value }, i) => {
      if (type === "u32") this.#view.setUint32(offset + 4 * i, value, true);
      else this.#view.setFloat32(offset + 4 * i, value, true);
    });
    return offset;
  }

  /** Sends the slots taken so far; the next ones begin anew. */
  flush(): void {
    if (this.#used > 0) this.#device.queue.writeBuffer(this.#buffer, 0, this.#bytes, 0, this.#used * SLOT_BYTES);
    this.#used = 0;
  }

  dispose(): void {
    this.#buffer.destroy();
  }
}
