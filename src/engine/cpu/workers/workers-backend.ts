/**
 * The CPU on several threads, the page's not among them: calls are recorded here and carried out by workers, each of which has
 * some rows of what is large. Workers meet where rows are added up, and exchange no more than the sums; results have the same
 * bits however many there are.
 */
import { DeviceError, DisposedError } from "../../../errors.js";
import type { ElementType, HostArray, Op } from "../../../ops/op.js";
import type { DeviceTraits } from "../../../ops/step-plan.js";
import type { Backend, EngineStats, Storage, StoredMatrix, TrialSteps } from "../../backend.js";
import { Tensor } from "../../tensor.js";
import { CPU_TRAITS, CPU_TRIAL_STEPS } from "../cpu-traits.js";
import { common, lengthOf } from "../row-blocks.js";
import { CommandStream } from "./command-stream.js";
import type { Layout } from "./layout.js";
import { atHome, covers, sameLayout } from "./layout.js";
import { OPS } from "./op-registry.js";
import { PlacedStorage } from "./placed-storage.js";
import type { Want } from "./placement.js";
import { planRun } from "./placement.js";
import type { Argument, Operand } from "./protocol.js";
import { WorkerPool } from "./worker-pool.js";

/** The longest array that JavaScript has. */
const MOST_BYTES = 2 ** 33;

/** @returns why there are no workers, where there are none */
export async function openWorkersBackend(
  count: number,
  createWorker: (() => Worker) | undefined,
): Promise<WorkersBackend | string> {
  const pool = await WorkerPool.open(count, createWorker);
  return typeof pool === "string" ? pool : new WorkersBackend(pool);
}

export class WorkersBackend implements Backend {
  readonly device = "cpu";
  readonly traits: DeviceTraits = CPU_TRAITS;
  readonly overlaps = true;
  readonly adopts = true;
  readonly trialSteps: TrialSteps = CPU_TRIAL_STEPS;
  readonly slices = 1;
  readonly #pool: WorkerPool;
  readonly #stream: CommandStream;
  readonly #live = new Set<PlacedStorage>();
  #nextId = 0;
  #nextTag = 0;
  readonly #counts = { buffersCreated: 0, dispatches: 0, readbacks: 0, uploadBytes: 0 };

  constructor(pool: WorkerPool) {
    this.#pool = pool;
    this.#stream = new CommandStream(pool);
    pool.onFault = (reason) => {
      const message = `engine: a worker is gone: ${reason}. Create a new engine.`;
      this.#stream.end(new DeviceError("DEVICE_LOST", message));
    };
  }

  /** Whether workers give each other sums through memory, not by messages. */
  get sharesMemory(): boolean {
    return this.#pool.sharesMemory;
  }

  get workers(): number {
    return this.#pool.size;
  }

  allocate(rows: number, columns: number, type: ElementType): Storage {
    const storage = new PlacedStorage(this.#nextId++, rows, columns, type);
    if (storage.bytes > MOST_BYTES) {
      throw new DeviceError(
        "OUT_OF_MEMORY",
        `engine: the page has no memory for a matrix of ${rows} × ${columns} (${type}). Use fewer rows at a time, or u8 features.`,
      );
    }
    this.#live.add(storage);
    this.#counts.buffersCreated++;
    return storage;
  }

  upload(target: Storage, first: number, data: HostArray, owned = false): void {
    const storage = target as PlacedStorage;
    this.#counts.uploadBytes += (data.length / storage.elements) * storage.bytes;
    const { content } = storage;
    if (data.length === storage.elements) {
      storage.content = { kind: "given", data: owned ? data : storage.array(data) };
      storage.fromCaller = true;
    } else if (content.kind === "placed") {
      this.#send(storage, first, storage.array(data), content.layout);
    } else {
      const all = content.kind === "given" ? content.data : storage.array();
      all.set(data, first);
      storage.content = { kind: "given", data: all };
    }
  }

  #send(storage: PlacedStorage, first: number, data: HostArray, layout: Layout): void {
    const { id, unit } = storage;
    const elements = layout.map(({ begin, end }) => ({ begin: begin * unit, end: end * unit }));
    this.#stream.addUpload({ id, first, data, layout: elements });
  }

  clear(storage: Storage): void {
    (storage as PlacedStorage).content = { kind: "zeros" };
  }

  release(target: Storage): void {
    const storage = target as PlacedStorage;
    if (!this.#live.delete(storage)) return;
    if (storage.known) this.#stream.add(() => ({ kind: "release", id: storage.id }));
    storage.content = { kind: "undefined" };
  }

  run<A extends object>(op: Op<A>, args: A): void {
    if (OPS.get(op.name) !== (op as unknown)) throw new TypeError(`engine: no op of Luce's own is called ${op.name}.`);
    this.#counts.dispatches++;
    const { mode, wants, shares, blocks } = planRun(op, args, this.workers);
    for (const want of wants) this.#bring(want);
    const entries = Object.entries(args).map(([key, value]) => [
      key,
      value instanceof Tensor ? operandOf(value) : (value as Argument),
    ]);
    const described = Object.fromEntries(entries) as Record<string, Argument>;
    const tag = this.#nextTag++;
    this.#stream.add((worker) => {
      if (mode === "home" && worker > 0) return undefined;
      return { kind: "run", op: op.name, args: described, share: shares?.[worker], blocks, tag };
    });
  }

  /** Sees to it that workers have of a storage what they need. */
  #bring({ storage, layout, overwritten }: Want): void {
    const { content, id, rows, columns, type } = storage;
    if (content.kind === "placed") {
      if (sameLayout(content.layout, layout)) return;
      if (!overwritten) {
        if (!covers(content.layout, layout) && covers(layout, atHome(storage.length, this.workers))) {
          storage.timesGathered++;
        }
        const tag = this.#nextTag++;
        this.#stream.add(() => ({ kind: "move", id, before: content.layout, after: layout, tag }));
        storage.content = { kind: "placed", layout };
        return;
      }
    }
    const zeros = content.kind === "zeros" && !overwritten;
    this.#stream.add((worker) => ({ kind: "allocate", id, rows, columns, type, span: layout[worker], zeros }));
    if (content.kind === "given" && !overwritten) this.#send(storage, 0, content.data, layout);
    storage.content = { kind: "placed", layout };
    storage.known = true;
    if (overwritten) storage.fromCaller = false;
  }

  async read(matrices: readonly StoredMatrix[]): Promise<HostArray[]> {
    this.#counts.readbacks++;
    const parts = matrices.map((t) => this.#recordRead(t));
    const reads = (await this.#stream.send()).map((own) => [...own]);
    return parts.map((part) => {
      if (!Array.isArray(part)) return part as HostArray;
      const arrays = (part as number[]).map((worker) => reads[worker].shift() as HostArray);
      return arrays.length === 1 ? arrays[0] : joined(arrays);
    });
  }

  /** The elements, or the workers that have them, one after the other. */
  #recordRead(t: StoredMatrix): HostArray | number[] {
    const storage = t.memory.storage as PlacedStorage;
    const { content, unit } = storage;
    const first = t.firstRow * storage.columns + t.firstColumn;
    const elements = { begin: first, end: first + t.rows * t.columns };
    if (content.kind !== "placed") {
      const data = content.kind === "given" ? content.data : storage.array();
      return data.slice(elements.begin, elements.end);
    }
    const has = content.layout.map(({ begin, end }) => ({ begin: begin * unit, end: end * unit }));
    const owners = has[0].begin <= elements.begin && has[0].end >= elements.end ? [0] : [...has.keys()];
    const asked = owners.filter((worker) => lengthOf(common(has[worker], elements)) > 0);
    const operand = operandOf(t);
    this.#stream.add((worker) => (asked.includes(worker) ? { kind: "read", operand } : undefined));
    return asked;
  }

  pace(): Promise<void> {
    return this.#stream.pace();
  }

  stats(): EngineStats {
    let bytes = 0;
    for (const storage of this.#live) bytes += storage.bytes;
    return {
      ...{ buffers: this.#live.size, bytes, pooledBytes: 0, pipelines: 0, bindGroups: 0, featureBytes: 0 },
      submits: this.#stream.batches,
      ...this.#counts,
    };
  }

  dispose(): void {
    const message = "engine: it was disposed of while work was waiting. Create a new one.";
    this.#stream.end(new DisposedError("DISPOSED", message));
    this.#live.clear();
    this.#pool.terminate();
  }
}

function operandOf(t: StoredMatrix): Operand {
  const { rows, columns, firstRow, firstColumn, scale, offset } = t;
  return { id: (t.memory.storage as PlacedStorage).id, rows, columns, firstRow, firstColumn, scale, offset };
}

function joined(arrays: readonly HostArray[]): HostArray {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new (arrays[0].constructor as Float32ArrayConstructor)(length);
  let to = 0;
  for (const array of arrays) {
    all.set(array, to);
    to += array.length;
  }
  return all;
}
