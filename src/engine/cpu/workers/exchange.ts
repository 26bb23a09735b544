/** Messages between workers: arrays under a tag that both sides know, since all workers carry out the same sequence. */
import type { HostArray } from "../../../ops/op.js";

interface Parcel {
  readonly tag: number;
  readonly arrays: readonly HostArray[];
}

export class Exchange {
  readonly index: number;
  readonly #ports: readonly (MessagePort | undefined)[];
  /** What has come before it was asked for, and who waits for what has not come. */
  readonly #arrived = new Map<string, readonly HostArray[]>();
  readonly #awaited = new Map<string, (arrays: readonly HostArray[]) => void>();

  constructor(index: number, ports: readonly (MessagePort | undefined)[]) {
    this.index = index;
    this.#ports = ports;
    ports.forEach((port, peer) => {
      if (port) port.onmessage = ({ data }: MessageEvent<Parcel>) => this.#take(`${peer} ${data.tag}`, data.arrays);
    });
  }

  get workers(): number {
    return this.#ports.length;
  }

  #take(key: string, arrays: readonly HostArray[]): void {
    const waiting = this.#awaited.get(key);
    if (!waiting) {
      this.#arrived.set(key, arrays);
      return;
    }
    this.#awaited.delete(key);
    waiting(arrays);
  }

  /** The arrays are given away. */
  send(peer: number, tag: number, arrays: readonly HostArray[]): void {
    const parcel: Parcel = { tag, arrays };
    this.#ports[peer]?.postMessage(
      parcel,
      arrays.map(({ buffer }) => buffer as ArrayBuffer),
    );
  }

  receive(peer: number, tag: number): Promise<readonly HostArray[]> {
    const key = `${peer} ${tag}`;
    const arrived = this.#arrived.get(key);
    this.#arrived.delete(key);
    if (arrived) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#awaited.set(key, resolve));
  }

  /** Everybody's arrays, one worker's after the other's, after they have been given to all. */
  async shareAll(tag: number, own: readonly Float64Array[]): Promise<Float64Array[]> {
    for (let peer = 0; peer < this.workers; peer++) {
      if (peer !== this.index)
        this.send(
          peer,
          tag,
          own.map((array) => array.slice()),
        );
    }
    const all = await Promise.all(this.#ports.map((_, peer) => (peer === this.index ? own : this.receive(peer, tag))));
    return all.flat() as Float64Array[];
  }
}
