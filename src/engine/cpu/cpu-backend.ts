/**
 * The device that every page has: the page's own thread, in slices of a few milliseconds so that the page keeps answering. Ops are
 * queued when they are called and carried out by `read` and `pace`, as on a GPU: by WebAssembly SIMD where an op has a kernel and
 * the page allows it, else by plain TypeScript.
 */
import { DisposedError } from "../../errors.js";
import { hostMatrix } from "../../ops/host-matrix.js";
import { matmul } from "../../ops/matmul.js";
import type { ElementType, HostArray, HostMatrix, On, Op } from "../../ops/op.js";
import type { DeviceTraits } from "../../ops/step-plan.js";
import type { Backend, EngineStats, Storage, StoredMatrix, TrialSteps } from "../backend.js";
import { Tensor } from "../tensor.js";
import type { HostStorage } from "./host-memory.js";
import { HostMemory } from "./host-memory.js";
import { plainProduct } from "./matmul-rows.js";
import { simdWork } from "./simd/simd-work.js";
import type { SlicedWork } from "./sliced-work.js";
import { stepWork } from "./step-work.js";
import type { Build } from "./wasm/kernels.js";
import { fastestBuild } from "./wasm/kernels.js";
import { yieldToPage } from "./yield-to-page.js";

/** Work that says, when called, whether more is left; each call takes a slice. */
type Job = () => boolean;

/** A task longer than this makes scrolling and typing stutter. */
const SLICE_MS = 8;
/** Multiplications or elements a millisecond, before anything is measured: a slow phone's. */
const FIRST_GUESS = 1e4;
/** A few milliseconds of exponentials. */
const CHUNK_ELEMENTS = 1 << 16;

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
  readonly #memory: HostMemory;
  /** Multiplications or visits to an element that take about a millisecond, learnt for each op as it runs. */
  readonly #speed = new Map<string, number>();
  readonly #live = new Set<Storage>();
  /** Storages that something queued may read or write. */
  #awaited = new Set<Storage>();
  readonly #counts = { buffersCreated: 0, dispatches: 0, readbacks: 0, uploadBytes: 0 };

  /** `build`: the kernels to use, `"none"` for plain TypeScript throughout. */
  constructor(build: Build | "none" = fastestBuild()) {
    this.#memory = new HostMemory(build);
  }

  allocate(rows: number, columns: number, type: ElementType): Storage {
    const storage = this.#memory.allocate(rows, columns, type);
    this.#live.add(storage);
    this.#counts.buffersCreated++;
    return storage;
  }

  upload(storage: Storage, first: number, data: HostArray): void {
    const to = storage as HostStorage;
    this.#counts.uploadBytes += data.length * to.data.BYTES_PER_ELEMENT;
    // Nothing queued minds, as when features are brought in: no need of a copy that waits.
    if (!this.#awaited.has(storage)) {
      to.data.set(data, first);
      return;
    }
    const copy = data.slice();
    this.#enqueue([storage], () => {
      to.data.set(copy, first);
      return false;
    });
  }

  clear(storage: Storage): void {
    this.#enqueue([storage], () => {
      (storage as HostStorage).data.fill(0);
      return false;
    });
  }

  release(storage: Storage): void {
    if (!this.#live.delete(storage)) return;
    const give = (): boolean => {
      this.#memory.release(storage as HostStorage, this.#queue.length <= 1);
      return false;
    };
    // What is queued may still use it.
    if (this.#queue.length === 0) give();
    else this.#enqueue([], give);
  }

  #enqueue(storages: Iterable<Storage>, job: Job): void {
    for (const storage of storages) this.#awaited.add(storage);
    this.#queue.push(job);
  }

  run<A extends object>(op: Op<A>, args: A): void {
    this.#counts.dispatches++;
    let job: Job | undefined;
    const tensors = Object.values(args).filter((value) => value instanceof Tensor);
    this.#enqueue(
      tensors.map((t) => t.memory.storage),
      () => {
        job ??= this.#jobFor(op, this.#resolver(args));
        return job();
      },
    );
  }

  async read(matrices: readonly StoredMatrix[]): Promise<HostArray[]> {
    const copies: HostArray[] = [];
    this.#enqueue(
      matrices.map((t) => t.memory.storage),
      () => {
        for (const t of matrices) copies.push(viewOf(t).data.slice());
        return false;
      },
    );
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
    for (const storage of this.#live) bytes += (storage as HostStorage).data.byteLength;
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
    this.#awaited.clear();
    this.#live.clear();
    this.#memory.dispose();
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
      if (this.#queue.length === 0) this.#awaited.clear();
      this.#draining = undefined;
    }
  }

  /** The arguments in host memory, looked up again only where that may have moved. */
  #resolver<A extends object>(args: A): () => On<A, HostMatrix> {
    const { kernels } = this.#memory;
    let [found, buffer]: [On<A, HostMatrix> | undefined, ArrayBuffer | undefined] = [undefined, undefined];
    return () => {
      if (!found || buffer !== kernels?.buffer) [found, buffer] = [onHost(args), kernels?.buffer];
      return found;
    };
  }

  /** `resolve` is asked in every slice: memory that grew since has moved. */
  #jobFor<A>(op: Op<A>, resolve: () => On<A, HostMatrix>): Job {
    const { kernels } = this.#memory;
    const fast = stepWork(op, resolve, kernels) ?? (kernels && simdWork(op, resolve, kernels));
    if (fast) return this.#sliced(fast);
    if ((op as unknown) === matmul) {
      return this.#sliced(plainProduct(resolve as unknown as Parameters<typeof plainProduct>[0]));
    }
    const { slice } = op;
    if (!slice) {
      return () => {
        op.reference(resolve());
        return false;
      };
    }
    const args = resolve();
    const matrices = Object.values(args as object).filter(isHostMatrix);
    const rows = op.sliceRows?.(args) ?? Math.max(...matrices.map((m) => m.rows));
    const rowCost = matrices.reduce((sum, m) => sum + (m.rows === rows ? m.columns : 0), 0);
    if (op.accumulate) return summed(op, resolve, rows, rowCost);
    return this.#sliced({
      name: op.name,
      rows,
      rowCost,
      grain: 1,
      run: (first, count) => op.reference(slice(resolve(), first, count)),
      finish() {},
    });
  }

  /** Takes as many rows at a time as half a slice has time for. */
  #sliced({ name, rows, rowCost, grain, run, finish }: SlicedWork): Job {
    let next = 0;
    return () => {
      const speed = this.#speed.get(name) ?? FIRST_GUESS;
      const wanted = (speed * SLICE_MS) / 2 / rowCost;
      const count = Math.min(rows - next, Math.max(1, Math.ceil(wanted / grain)) * grain);
      const begun = performance.now();
      run(next, count);
      const elapsed = Math.max(0.05, performance.now() - begun);
      // Data differ from call to call: lean towards the slower speed.
      this.#speed.set(name, Math.min((count * rowCost) / elapsed, 4 * speed));
      next += count;
      if (next < rows) return true;
      finish();
      return false;
    };
  }
}

/** Chunks of rows one after the other. They are of a fixed size: where a sum is cut shows in its bits, and must not depend on time. */
function summed<A>(op: Op<A>, resolve: () => On<A, HostMatrix>, rows: number, rowCost: number): Job {
  const { slice, accumulate } = op as Required<Op<A>>;
  const length = (resolve() as { out: HostMatrix }).out.data.length;
  const total = new Float64Array(length);
  const chunk = Math.max(1, Math.floor(CHUNK_ELEMENTS / rowCost));
  let next = 0;
  return () => {
    const args = resolve();
    const { out } = args as { out: HostMatrix };
    const part = { ...out, data: new Float64Array(length) };
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
