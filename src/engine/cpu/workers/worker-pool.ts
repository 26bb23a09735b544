/** Workers that know each other: opened all together, or not at all. */
import type { OpenWorker } from "./open-worker.js";
import { waysToOpen } from "./open-worker.js";
import type { Answer, Order } from "./protocol.js";
import { sharedMemory } from "./shared-board.js";
import { WorkerLink } from "./worker-like.js";

/** A worker that says nothing for so long will not come. */
const PATIENCE_MS = 8000;

export class WorkerPool {
  /** Told of what workers say once all are ready. */
  onAnswer: (worker: number, answer: Answer) => void = () => undefined;
  /** Told once, when one of them is no more: the others are ended then. */
  onFault: (reason: string) => void = () => undefined;
  /** Whether workers give each other sums through memory, not by messages. */
  sharesMemory = false;
  readonly #links: WorkerLink[] = [];
  #ready = 0;
  #ended = false;
  #settle: ((refusal: string | undefined) => void) | undefined;

  private constructor() {}

  /** @returns a pool, or why there is none */
  static async open(count: number, createWorker: (() => Worker) | undefined): Promise<WorkerPool | string> {
    let refusal = "there are no workers here";
    for (const way of waysToOpen(createWorker)) {
      const pool = new WorkerPool();
      const refused = await pool.#open(count, way);
      if (refused === undefined) return pool;
      refusal = refused;
    }
    return refusal;
  }

  get size(): number {
    return this.#links.length;
  }

  #open(count: number, open: OpenWorker): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#fault("they did not answer in time"), PATIENCE_MS);
      this.#settle = (refusal) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(refusal);
      };
      try {
        for (let index = 0; index < count; index++) this.#links.push(this.#link(open(), index));
        this.#introduce();
      } catch (error) {
        this.#fault(error instanceof Error ? error.message : String(error));
      }
    });
  }

  #link(worker: ReturnType<OpenWorker>, index: number): WorkerLink {
    const link = new WorkerLink(worker, {
      answer: (answer) => this.#take(index, answer),
      fault: (reason) => this.#fault(reason),
    });
    link.hold(true);
    return link;
  }

  /** Gives every two workers a channel. */
  #introduce(): void {
    const ports: (MessagePort | undefined)[][] = this.#links.map(() => this.#links.map(() => undefined));
    for (let a = 0; a < this.size; a++) {
      for (let b = 0; b < a; b++) {
        const { port1, port2 } = new MessageChannel();
        ports[a][b] = port1;
        ports[b][a] = port2;
      }
    }
    const shared = sharedMemory(this.size);
    this.sharesMemory = shared !== undefined;
    ports.forEach((own, index) => {
      const given = own.filter((port) => port !== undefined);
      this.post(index, { kind: "start", index, ports: own, shared }, given);
    });
  }

  #take(worker: number, answer: Answer): void {
    if (this.#ended) return;
    // What a worker of somebody else's says is none of it.
    switch (answer?.kind) {
      case "failed":
        this.#fault(answer.message);
        break;
      case "done":
        this.onAnswer(worker, answer);
        break;
      case "ready":
        this.#ready++;
        if (this.#ready < this.size) return;
        this.hold(false);
        this.#settle?.(undefined);
        break;
    }
  }

  #fault(reason: string): void {
    if (this.#ended) return;
    this.terminate();
    if (this.#settle) this.#settle(reason);
    else this.onFault(reason);
  }

  post(worker: number, order: Order, transfer: Transferable[]): void {
    this.#links[worker].post(order, transfer);
  }

  hold(busy: boolean): void {
    for (const link of this.#links) link.hold(busy);
  }

  terminate(): void {
    this.#ended = true;
    for (const link of this.#links) link.terminate();
  }
}
