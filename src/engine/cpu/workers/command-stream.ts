/**
 * Commands on their way to the workers: recorded at once, sent in batches of about ten milliseconds of work, a few at a time.
 * Large matrices go in slices, between which the page has its turn.
 */
import type { HostArray } from "../../../ops/op.js";
import { yieldToPage } from "../../yield-to-page.js";
import { common } from "../row-blocks.js";
import type { Layout } from "./layout.js";
import type { Answer, Command } from "./protocol.js";
import type { WorkerPool } from "./worker-pool.js";

/** What a worker read, or each of them. */
export type Reads = readonly (readonly HostArray[])[];

interface Upload {
  readonly id: number;
  /** Where the data begin, in elements of the whole storage. */
  readonly first: number;
  readonly data: HostArray;
  /** Who needs what, in elements. */
  readonly layout: Layout;
}

type Item = { readonly commands: readonly (Command | undefined)[] } | { readonly upload: Upload };

interface Batch {
  readonly number: number;
  readonly commands: number;
  readonly waiting: Set<number>;
  readonly reads: HostArray[][];
  readonly done: Promise<Reads>;
  resolve(reads: Reads): void;
  reject(error: Error): void;
  sent: boolean;
  busyMs: number;
}

/** Work that a batch should hold. */
const BATCH_MS = 10;
const MOST_COMMANDS = 512;
/** A batch so long lets no other one wait behind it, or an abort would be slow to be answered. */
const LONG_MS = 20;
/** Bytes that are copied at once, about a millisecond's worth. */
const SLICE_BYTES = 2 * 2 ** 20;
/** The page gets its turn after so long. */
const TURN_MS = 6;

export class CommandStream {
  batches = 0;
  readonly #pool: WorkerPool;
  #queue: Item[] = [];
  readonly #unfinished: Batch[] = [];
  #sending: Promise<void> = Promise.resolve();
  #target = 16;
  #lastMs = 0;
  #lastTurn = performance.now();
  #fault: Error | undefined;

  constructor(pool: WorkerPool) {
    this.#pool = pool;
    pool.onAnswer = (worker, answer) => this.#take(worker, answer);
  }

  /** What has ended the workers. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** A command for each worker, or none. */
  add(commandFor: (worker: number) => Command | undefined): void {
    if (this.#fault) return;
    const commands = Array.from({ length: this.#pool.size }, (_, worker) => commandFor(worker));
    this.#queue.push({ commands });
  }

  addUpload(upload: Upload): void {
    if (!this.#fault) this.#queue.push({ upload });
  }

  /** Sends all that is recorded. @returns what was read, once it is done; rejects with the fault */
  send(): Promise<Reads> {
    if (this.#fault) return Promise.reject(this.#fault);
    const items = this.#queue;
    this.#queue = [];
    const batch = this.#newBatch(items.length);
    this.#sending = this.#sending.then(() => this.#post(items, batch));
    return batch.done;
  }

  /** Lets recorded work begin, and waits while workers have enough to do; gives the page its turn. */
  async pace(): Promise<void> {
    if (this.#queue.length > 0 && (this.#unfinished.length === 0 || this.#queue.length >= this.#target)) {
      void this.send();
      const most = this.#lastMs > LONG_MS ? 1 : 2;
      while (this.#unfinished.length > most) await this.#unfinished[0]?.done.catch(() => undefined);
    }
    if (performance.now() - this.#lastTurn > TURN_MS) await this.#takeTurn();
  }

  async #takeTurn(): Promise<void> {
    await yieldToPage();
    this.#lastTurn = performance.now();
  }

  #newBatch(commands: number): Batch {
    let resolve: Batch["resolve"] = () => undefined;
    let reject: Batch["reject"] = () => undefined;
    const done = new Promise<Reads>((onDone, onFault) => {
      resolve = onDone;
      reject = onFault;
    });
    // Whoever waits hears of it; what nobody waits for is told at the next read.
    done.catch(() => undefined);
    const number = this.batches++;
    const batch: Batch = {
      ...{ number, commands, waiting: new Set(), reads: [], done, resolve, reject, sent: false, busyMs: 0 },
    };
    if (this.#unfinished.length === 0) this.#pool.hold(true);
    this.#unfinished.push(batch);
    return batch;
  }

  async #post(items: readonly Item[], batch: Batch): Promise<void> {
    const { size } = this.#pool;
    let commands: Command[][] = Array.from({ length: size }, () => []);
    let turn = performance.now();
    const post = (last: boolean): void => {
      commands.forEach((own, worker) => {
        if (own.length > 0) batch.waiting.add(worker);
        if (own.length === 0 && !(last && batch.waiting.has(worker))) return;
        const arrays = own.flatMap((command) => (command.kind === "write" ? [command.data.buffer as ArrayBuffer] : []));
        this.#pool.post(worker, { kind: "work", commands: own, batch: batch.number, last }, arrays);
      });
      commands = Array.from({ length: size }, () => []);
    };
    for (const item of items) {
      if ("commands" in item) {
        item.commands.forEach((command, worker) => {
          if (command) commands[worker].push(command);
        });
        continue;
      }
      for (const { worker, write } of slicesOf(item.upload)) {
        commands[worker].push(write());
        if (performance.now() - turn < TURN_MS) continue;
        post(false);
        await this.#takeTurn();
        if (this.#fault) return;
        turn = performance.now();
      }
    }
    if (this.#fault) return;
    batch.sent = true;
    post(true);
    if (batch.waiting.size === 0) this.#finish(batch);
  }

  #take(worker: number, answer: Answer): void {
    if (answer.kind !== "done") return;
    const batch = this.#unfinished.find(({ number }) => number === answer.batch);
    if (!batch) return;
    batch.waiting.delete(worker);
    batch.reads[worker] = [...answer.reads];
    batch.busyMs = Math.max(batch.busyMs, answer.busyMs);
    if (batch.sent && batch.waiting.size === 0) this.#finish(batch);
  }

  #finish(batch: Batch): void {
    this.#unfinished.splice(this.#unfinished.indexOf(batch), 1);
    if (this.#unfinished.length === 0) this.#pool.hold(false);
    if (batch.commands > 0) {
      const fitting = (BATCH_MS * batch.commands) / Math.max(0.01, batch.busyMs);
      this.#target = Math.max(1, Math.min(MOST_COMMANDS, (this.#target + fitting) / 2));
      this.#lastMs = batch.busyMs;
    }
    batch.resolve(batch.reads);
  }

  /** Nothing is sent any more, and whoever waits is told why. */
  end(fault: Error): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#queue = [];
    for (const batch of this.#unfinished.splice(0)) batch.reject(fault);
  }
}

/** The copies that workers are sent, made one after the other. */
function* slicesOf({ id, first, data, layout }: Upload): Generator<{ worker: number; write: () => Command }> {
  const step = Math.max(1, Math.floor(SLICE_BYTES / data.BYTES_PER_ELEMENT));
  for (const [worker, span] of layout.entries()) {
    const { begin, end } = common(span, { begin: first, end: first + data.length });
    for (let from = begin; from < end; from += step) {
      const to = Math.min(end, from + step);
      const write = (): Command => ({ kind: "write", id, first: from, data: data.slice(from - first, to - first) });
      yield { worker, write };
    }
  }
}
