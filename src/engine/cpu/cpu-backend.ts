/**
 * The device that every page has: the page's own thread, in slices of a few milliseconds so that the page keeps answering. Ops are
 * queued when they are called and carried out by `read` and `pace`, as on a GPU: by WebAssembly SIMD where an op has a kernel and
 * the page allows it, else by plain TypeScript.
 */
import { DisposedError } from "../../errors.js";
import { hostMatrix } from "../../ops/host-matrix.js";
import type { ElementType, HostArray, HostMatrix, On, Op } from "../../ops/op.js";
import type { DeviceTraits } from "../../ops/step-plan.js";
import type { Backend, EngineStats, Storage, StoredMatrix, TrialSteps } from "../backend.js";
import { Tensor } from "../tensor.js";
import { yieldToPage } from "../yield-to-page.js";
import { CPU_TRAITS, CPU_TRIAL_STEPS } from "./cpu-traits.js";
import type { HostStorage } from "./host-memory.js";
import { HostMemory } from "./host-memory.js";
import type { Job } from "./op-jobs.js";
import { OpJobs, SLICE_MS } from "./op-jobs.js";
import { blockSumOf } from "./tensor-rows.js";
import type { Build } from "./wasm/kernels.js";
import { fastestBuild } from "./wasm/kernels.js";

export class CpuBackend implements Backend {
  readonly device = "cpu";
  readonly traits: DeviceTraits = CPU_TRAITS;
  readonly overlaps = false;
  readonly trialSteps: TrialSteps = CPU_TRIAL_STEPS;
  readonly slices = 1;
  #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  #lastYield = 0;
  #disposed = false;
  readonly #memory: HostMemory;
  readonly #jobs: OpJobs;
  readonly #live = new Set<Storage>();
  /** Storages that something queued may read or write. */
  #awaited = new Set<Storage>();
  readonly #counts = { buffersCreated: 0, dispatches: 0, readbacks: 0, uploadBytes: 0 };

  /** `build`: the kernels to use, `"none"` for plain TypeScript throughout. */
  constructor(build: Build | "none" = fastestBuild()) {
    this.#memory = new HostMemory(build);
    this.#jobs = new OpJobs(this.#memory.kernels);
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
        job ??= this.#jobFor(op, args);
        return job();
      },
    );
  }

  #jobFor<A extends object>(op: Op<A>, args: A): Job {
    const resolve = this.#resolver(args);
    const blockSum = blockSumOf(op, args);
    return blockSum ? this.#jobs.sumJob(op, resolve, blockSum) : this.#jobs.jobFor(op, resolve);
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
}

const disposedMeanwhile = (): DisposedError =>
  new DisposedError("DISPOSED", "engine: it was disposed of while work was waiting. Create a new one.");

function viewOf(t: StoredMatrix): HostMatrix {
  const { data, columns } = t.memory.storage as HostStorage;
  const from = t.firstRow * columns + t.firstColumn;
  return hostMatrix(data.subarray(from, from + t.rows * t.columns), t.rows, t.columns, t.scale, t.offset);
}

function onHost<A extends object>(args: A): On<A, HostMatrix> {
  const entries = Object.entries(args).map(([key, value]) => [key, value instanceof Tensor ? viewOf(value) : value]);
  return Object.fromEntries(entries) as On<A, HostMatrix>;
}
