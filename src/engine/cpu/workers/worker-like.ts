/** A web worker or one of Node's worker threads, spoken to in the same way. */
import type { Answer, Order } from "./protocol.js";
import type { NodeWorker } from "./threads.js";

export interface Listeners {
  answer(answer: Answer): void;
  /** The worker could not be loaded, threw, or was ended. */
  fault(reason: string): void;
}

export class WorkerLink {
  readonly #worker: Worker | NodeWorker;
  readonly #end: () => unknown;

  constructor(worker: Worker | NodeWorker, { answer, fault }: Listeners) {
    this.#worker = worker;
    this.#end = worker.terminate.bind(worker);
    if (isNodeWorker(worker)) {
      worker.on("message", (data) => answer(data as Answer));
      worker.on("error", (error) => fault(error instanceof Error ? error.message : String(error)));
      worker.on("messageerror", () => fault("a message could not be read"));
      worker.on("exit", () => fault("it has ended"));
      // A program may end while its engine has nothing to do.
      worker.unref();
      return;
    }
    // A web worker that is ended says nothing, and whoever made it may end it.
    worker.terminate = () => {
      this.#end();
      fault("it has been ended");
    };
    worker.onmessage = ({ data }: MessageEvent<Answer>) => answer(data);
    worker.onmessageerror = () => fault("a message could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      fault(event.message || "its script could not be loaded");
    };
  }

  post(order: Order, transfer: Transferable[]): void {
    this.#worker.postMessage(order, transfer);
  }

  /** Whether a program must not end while the worker lives. Pages need not be told. */
  hold(busy: boolean): void {
    if (!isNodeWorker(this.#worker)) return;
    if (busy) this.#worker.ref();
    else this.#worker.unref();
  }

  terminate(): void {
    this.#end();
  }
}

const isNodeWorker = (worker: object): worker is NodeWorker => "on" in worker && "unref" in worker;
