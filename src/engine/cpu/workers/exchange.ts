/**
 * What workers give each other: arrays in messages, under a tag that both sides know, since all workers carry out the same sequence;
 * and sums, through shared memory where there is some.
 */
import type { HostArray } from "../../../ops/op.js";
import type { PartialSum } from "../sum-tree.js";
import { SharedBoard } from "./shared-board.js";

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

  readonly #board: SharedBoard | undefined;

  constructor(index: number, ports: readonly (MessagePort | undefined)[], shared?: SharedArrayBuffer) {
    this.index = index;
    this.#ports = ports;
    this.#board = shared && new SharedBoard(shared, index, ports.length);
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

  /** Everybody's sums, one worker's after the other's, after the own ones have been given to all; a promise where messages must come. */
  shareAll(tag: number, own: readonly PartialSum[]): readonly PartialSum[] | Promise<readonly PartialSum[]> {
    const send = (): void => this.#sendToAll(tag, own);
    if (!this.#board) {
      send();
      return this.#receiveFromAll(
        tag,
        this.#ports.map((_, peer) => (peer === this.index ? own : undefined)),
      );
    }
    const shown = this.#board.exchange(own, send);
    const here = shown.filter((sums) => sums !== undefined);
    return here.length === shown.length ? here.flat() : this.#receiveFromAll(tag, shown);
  }

  /** In front of the sums' data goes an array of their levels and indices. */
  #sendToAll(tag: number, own: readonly PartialSum[]): void {
    for (let peer = 0; peer < this.workers; peer++) {
      if (peer === this.index) continue;
      const places = Float64Array.from(own.flatMap(({ level, index }) => [level, index]));
      this.send(peer, tag, [places, ...own.map(({ data }) => data.slice())]);
    }
  }

  /** `here`: the sums that need not be waited for. */
  async #receiveFromAll(tag: number, here: readonly (readonly PartialSum[] | undefined)[]): Promise<PartialSum[]> {
    const all = await Promise.all(here.map((sums, peer) => sums ?? this.#receiveSums(peer, tag)));
    return all.flat();
  }

  async #receiveSums(peer: number, tag: number): Promise<PartialSum[]> {
    const [places, ...data] = (await this.receive(peer, tag)) as readonly Float64Array[];
    return data.map((values, i) => ({ level: places[2 * i], index: places[2 * i + 1], data: values }));
  }
}
