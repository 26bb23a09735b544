/**
 * The device that every page has: plain TypeScript on the page's own thread, in slices of a few milliseconds so that the
 * page keeps answering. Ops are queued when they are called and carried out by `read` and `pace`, as on a GPU.
 */
import { DeviceError, DisposedError } from "../../errors.js";
import { hostMatrix } from "../../ops/host-matrix.js";
import { matmul } from "../../ops/matmul.js";
import type { ElementType, HostArray, HostMatrix, On, Op } from "../../ops/op.js";
import type { DeviceTraits } from "../../ops/step-plan.js";
import type { Backend, EngineStats, Storage, StoredMatrix, TrialSteps } from "../backend.js";
import { Tensor } from "../tensor.js";
import { slicedProduct } from "./matmul-rows.js";
import { yieldToPage } from "./yield-to-page.js";

interface HostStorage extends Storage {
  data: HostArray;
}

/** Work that says, when called, whether more is left; each call takes a slice. */
type Job = () => boolean;

/** A task longer than this makes scrolling and typing stutter. */
const SLICE_MS = 8;
/** Multiplications or elements a millisecond, before anything is measured: a slow phone's. */
const FIRST_GUESS = 1e4;
/** A few milliseconds of exponentials. */
const CHUNK_ELEMENTS = 1 << 16;

const ARRAY = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i32: Int32Array } as const;

export class CpuBackend implements Backend {
  readonly device = "cpu";
  readonly traits: DeviceTraits = {
    device: "cpu",
    software: true,
    bindingBytes: Number.POSITIVE_INFINITY,
    workPerDispatch: Number.POSITIVE_INFINITY,
  };
  readonly overlaps = false;
  // One after the other: a launch that finds the search over costs nothing.
  readonly trialSteps: TrialSteps = { perLaunch: 1, launches: 12 };
  readonly slices = 1;
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  #lastYield = 0;
  #disposed = false;
  /** Multiplications or visits to an element that take about a millisecond, learnt for each op as it runs. */
  readonly #speed = new Map<string, number>();
  readonly #live = new Set<HostStorage>();
  readonly #counts = { buffersCreated: 0, dispatches: 0, readbacks: 0, uploadBytes: 0 };

  allocate(rows: number, columns: number, type: ElementType): Storage {
    const storage: HostStorage = { rows, columns, type, data: newArray(rows, columns, type) };
    this.#live.add(storage);
    this.#counts.buffersCreated++;
    return storage;
  }

  upload(storage: Storage, first: number, data: HostArray): void {
    const to = storage as HostStorage;
    const copy = new ARRAY[to.type](data);
    this.#counts.uploadBytes += copy.byteLength;
    this.#queue.push(() => {
      if (copy.length === to.data.length) to.data = copy;
      else to.data.set(copy, first);
      return false;
    });
  }

  clear(storage: Storage): void {
    this.#queue.push(() => {
      (storage as HostStorage).data.fill(0);
      return false;
    });
  }

  release(storage: Storage): void {
    this.#live.delete(storage as HostStorage);
  }

  run<A extends object>(op: Op<A>, args: A): void {
    this.#counts.dispatches++;
    let job: Job | undefined;
    this.#queue.push(() => {
      // Resolved when its turn comes: an upload queued before may have replaced an operand's array.
      job ??= this.#jobFor(op, onHost(args));
      return job();
    });
  }

  async read(matrices: readonly StoredMatrix[]): Promise<HostArray[]> {
    const copies: HostArray[] = [];
    this.#queue.push(() => {
      for (const t of matrices) copies.push(viewOf(t).data.slice());
      return false;
    });
    this.#counts.readbacks++;
    await this.#drain();
    if (this.#disposed) throw disposedMeanwhile();
    return copies;
  }

  pace(): Promise<void> {
    return this.#drain();
  }

  stats(): EngineStats {
    let bytes = 0;
    for (const storage of this.#live) bytes += storage.data.byteLength;
    return {
      buffers: this.#live.size,
      bytes,
      pooledBytes: 0,
      pipelines: 0,
      bindGroups: 0,
      submits: 0,
      featureBytes: 0,
      ...this.#counts,
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.#queue = [];
    this.#live.clear();
  }

  /** Carries out all that is queued, also what is queued meanwhile; one drain at a time. */
  #drain(): Promise<void> {
    this.#draining ??= this.#work();
    return this.#draining;
  }

  async #work(): Promise<void> {
    // Not before `#draining` is set: a drain ends in the same breath as it finds the queue empty, or a later one would be missed.
    await undefined;
    try {
      for (let job = this.#queue[0]; job; job = this.#queue[0]) {
        if (performance.now() - this.#lastYield > SLICE_MS) {
          await yieldToPage();
          this.#lastYield = performance.now();
          if (this.#disposed) throw disposedMeanwhile();
        }
        if (!job()) this.#queue.shift();
      }
    } catch (error) {
      // The job that failed is over; those behind it have their turn at the next read.
      this.#queue.shift();
      throw error;
    } finally {
      this.#draining = undefined;
    }
  }

  #jobFor<A>(op: Op<A>, args: On<A, HostMatrix>): Job {
    if ((op as unknown) === matmul) {
      const product = slicedProduct(args as unknown as Parameters<typeof slicedProduct>[0]);
      return this.#sliced(op.name, product.rows, product.rowCost, product.run, product.finish);
    }
    const { slice } = op;
    if (!slice) {
      return () => {
        op.reference(args);
        return false;
      };
    }
    const matrices = Object.values(args as object).filter(isHostMatrix);
    const rows = op.sliceRows?.(args) ?? Math.max(...matrices.map((m) => m.rows));
    const rowCost = matrices.reduce((sum, m) => sum + (m.rows === rows ? m.columns : 0), 0);
    if (op.accumulate) return summed(op, args, rows, rowCost);
    return this.#sliced(op.name, rows, rowCost, (first, count) => op.reference(slice(args, first, count)));
  }

  /** Takes as many rows at a time as half a slice has time for; `rowCost` counts multiplications or elements. */
  #sliced(
    name: string,
    rows: number,
    rowCost: number,
    run: (first: number, count: number) => void,
    finish?: () => void,
  ): Job {
    let next = 0;
    return () => {
      const speed = this.#speed.get(name) ?? FIRST_GUESS;
      const count = Math.min(rows - next, Math.max(1, Math.ceil((speed * SLICE_MS) / 2 / rowCost)));
      const begun = performance.now();
      run(next, count);
      const elapsed = Math.max(0.05, performance.now() - begun);
      // Data differ from call to call: lean towards the slower speed.
      this.#speed.set(name, Math.min((count * rowCost) / elapsed, 4 * speed));
      next += count;
      if (next < rows) return true;
      finish?.();
      return false;
    };
  }
}

/** Chunks of rows one after the other. They are of a fixed size: where a sum is cut shows in its bits, and must not depend on time. */
function summed<A>(op: Op<A>, args: On<A, HostMatrix>, rows: number, rowCost: number): Job {
  const { slice, accumulate } = op as Required<Op<A>>;
  const { out } = args as { out: HostMatrix };
  const total = new Float64Array(out.data.length);
  const part = { ...out, data: new Float64Array(out.data.length) };
  const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / rowCost));
  let next = 0;
  return () => {
    op.reference({ ...slice(args, next, Math.min(chunk, rows - next)), out: part });
    accumulate(total, part.data);
    next += chunk;
    if (next < rows) return true;
    out.data.set(total);
    return false;
  };
}

const disposedMeanwhile = (): DisposedError =>
  new DisposedError("DISPOSED", "engine: it was disposed of while work was waiting. Create a new one.");

function newArray(rows: number, columns: number, type: ElementType): HostArray {
  try {
    return new ARRAY[type](rows * columns);
  } catch (cause) {
    throw new DeviceError(
      "OUT_OF_MEMORY",
      `engine: the page has no memory for a matrix of ${rows} × ${columns} (${type}). Use fewer rows at a time, or u8 features.`,
      cause,
    );
  }
}

const isHostMatrix = (value: unknown): value is HostMatrix =>
  typeof value === "object" && value !== null && "data" in value;

function viewOf(t: StoredMatrix): HostMatrix {
  const { data, columns } = t.memory.storage as HostStorage;
  const from = t.firstRow * columns + t.firstColumn;
  return hostMatrix(data.subarray(from, from + t.rows * t.columns), t.rows, t.columns, t.scale, t.offset);
}

function onHost<A extends object>(args: A): On<A, HostMatrix> {
  const entries = Object.entries(args).map(([key, value]) => [key, value instanceof Tensor ? viewOf(value) : value]);
  return Object.fromEntries(entries) as On<A, HostMatrix>;
}
