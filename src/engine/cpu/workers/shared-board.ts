/**
 * Sums that workers show each other in shared memory, where the page is isolated from others (or the program is Node): no message,
 * no copy for each reader, and a worker that waits is woken at once. Each worker writes to places of its own, two in turns: by the
 * time it comes to one again, all have read what it wrote there, since none writes its next sums before it has everybody's last ones.
 */
import type { PartialSum } from "../sum-tree.js";

/** Bytes of a place: the sums that a worker gives on of MNIST's gradient take 63 to 250 kB. What does not fit goes by messages. */
const PLACE_BYTES = 512 * 1024;
const PLACE_VALUES = PLACE_BYTES / 8;
/** First in a place stands the number of sums, or this. */
const BY_MESSAGE = -1;
/** Before its values stand a sum's level, its index and its length. */
const HEAD = 3;

/** Undefined where there is none to be had. */
export function sharedMemory(workers: number): SharedArrayBuffer | undefined {
  const { crossOriginIsolated = true } = globalThis as { readonly crossOriginIsolated?: boolean };
  if (typeof SharedArrayBuffer === "undefined" || !crossOriginIsolated || workers < 2) return undefined;
  try {
    return new SharedArrayBuffer(headBytes(workers) + 2 * workers * PLACE_BYTES);
  } catch {
    return undefined;
  }
}

/** How often each worker has written, in front of all places. */
const headBytes = (workers: number): number => Math.ceil((4 * workers) / 64) * 64;

export class SharedBoard {
  readonly #memory: SharedArrayBuffer;
  readonly #index: number;
  readonly #workers: number;
  readonly #counters: Int32Array;
  #rounds = 0;

  constructor(memory: SharedArrayBuffer, index: number, workers: number) {
    this.#memory = memory;
    this.#index = index;
    this.#workers = workers;
    this.#counters = new Int32Array(memory, 0, workers);
  }

  /**
   * Shows the own sums to all and waits for everybody's. Whose do not fit are undefined: they come by messages, and
   * `sendByMessage` is called for the own ones before anybody is waited for.
   */
  exchange(own: readonly PartialSum[], sendByMessage: () => void): (readonly PartialSum[] | undefined)[] {
    const round = this.#rounds++;
    const fits = own.reduce((sum, { data }) => sum + HEAD + data.length, 1) <= PLACE_VALUES;
    if (!fits) sendByMessage();
    this.#write(fits ? own : undefined, round);
    // Counting is what makes a place seen: nobody reads it before its writer has counted.
    Atomics.store(this.#counters, this.#index, round + 1);
    Atomics.notify(this.#counters, this.#index);
    return Array.from({ length: this.#workers }, (_, worker) => {
      if (worker === this.#index) return own;
      this.#await(worker, round);
      return this.#read(worker, round);
    });
  }

  #await(worker: number, round: number): void {
    for (let seen = Atomics.load(this.#counters, worker); seen <= round; ) {
      Atomics.wait(this.#counters, worker, seen);
      seen = Atomics.load(this.#counters, worker);
    }
  }

  #place(worker: number, round: number): Float64Array {
    const begin = headBytes(this.#workers) + (2 * worker + (round % 2)) * PLACE_BYTES;
    return new Float64Array(this.#memory, begin, PLACE_VALUES);
  }

  #write(sums: readonly PartialSum[] | undefined, round: number): void {
    const place = this.#place(this.#index, round);
    place[0] = sums ? sums.length : BY_MESSAGE;
    let at = 1;
    for (const { level, index, data } of sums ?? []) {
      place.set([level, index, data.length], at);
      place.set(data, at + HEAD);
      at += HEAD + data.length;
    }
  }

  #read(worker: number, round: number): PartialSum[] | undefined {
    const place = this.#place(worker, round);
    if (place[0] === BY_MESSAGE) return undefined;
    let at = 1;
    return Array.from({ length: place[0] }, () => {
      const [level, index, length] = place.subarray(at, at + HEAD);
      at += HEAD + length;
      // A copy: its reader adds to it. Of a view in shared memory, `slice` would be shared too.
      return { level, index, data: new Float64Array(place.subarray(at - length, at)) };
    });
  }
}
