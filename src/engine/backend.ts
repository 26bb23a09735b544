/** What a device must be able to do to carry the engine. Two exist: `webgpu/` and `cpu/`. */
import type { ElementType, HostArray, Matrix, Op } from "../ops/op.js";
import type { DeviceTraits } from "../ops/step-plan.js";

/** Memory for one matrix on some device; only the device that made it looks inside. */
export interface Storage {
  readonly rows: number;
  readonly columns: number;
  readonly type: ElementType;
}

/** A matrix or vector in some storage, or in a part of it: what a backend needs to know of a tensor. */
export interface StoredMatrix extends Matrix {
  readonly memory: { readonly storage: Storage };
  readonly type: ElementType;
  readonly scale: number;
  readonly offset: number;
  readonly firstRow: number;
  /** 0 but for a slice of a vector. */
  readonly firstColumn: number;
}

/** What an engine holds and has done. The counters grow only; `buffers`, `bytes` and `pooledBytes` say what is held now. */
export interface EngineStats {
  /** Tensors' buffers alive now, those in the pool not counted. */
  buffers: number;
  /** Bytes in those buffers. */
  bytes: number;
  /** Bytes kept for later use. */
  pooledBytes: number;
  /** Buffers made since the engine was, of which the pool may have given each out several times. */
  buffersCreated: number;
  /** Compiled kernels: a shader with one choice of constants each. */
  pipelines: number;
  /** Bind groups made since the engine was. */
  bindGroups: number;
  /** Launches of kernels. */
  dispatches: number;
  /** Bytes of features that fused steps have read on a GPU, as their plans count them. */
  featureBytes: number;
  /** Command buffers sent to the device's queue. */
  submits: number;
  /** Times that data was waited for. */
  readbacks: number;
  /** Bytes written from the host to the device. */
  uploadBytes: number;
}

/** How the trial steps of a line search are shared out. */
export interface TrialSteps {
  /** Steps in one launch: a power of two up to 8. */
  readonly perLaunch: number;
  /** Launches for each line; when a search is not over by then, it goes on with the next. */
  readonly launches: number;
}

/** What `engine.tune()` has found out about a device. */
export interface Tuning {
  /** Which adapter, in words. */
  readonly adapter: string;
  /** The engine's own. */
  readonly traits: DeviceTraits;
  /** The fastest variant by class of product; planning looks here first. */
  readonly choices: Map<string, string>;
}

export interface Backend {
  readonly device: "webgpu" | "cpu";
  /** What plans are chosen by. */
  readonly traits: DeviceTraits;
  /** Whether recorded work goes on while the host does something else, so that it pays to record ahead. */
  readonly overlaps: boolean;
  readonly trialSteps: TrialSteps;
  /** In how many parts a sum over many rows is left at most, for the next launch to add up. */
  readonly slices: number;
  /** Missing where there is nothing to choose. */
  readonly tuning?: Tuning;
  /** Whether whole storages that are uploaded as `owned` are kept as they are and copied later, in slices. Missing where not. */
  readonly adopts?: boolean;
  /** Threads beside the page's that carry out the work; missing where there are none. */
  readonly workers?: number;
  /** Memory whose content is undefined. Throws a DeviceError when the device can never hold so much. */
  allocate(rows: number, columns: number, type: ElementType): Storage;
  /** Memory of the caller's on this device, used where it lies; `release` leaves it as it is. Missing where there is no such thing. */
  borrow?(buffer: object, rows: number, columns: number, type: ElementType): Storage;
  /**
   * Writes packed row-major elements from element `first` on: whole rows, or values of a single row. The array may be changed
   * afterwards, unless it is `owned`: of the storage's own type, and nobody else's any more.
   */
  upload(storage: Storage, first: number, data: HostArray, owned?: boolean): void;
  /** Sets all values to zero. */
  clear(storage: Storage): void;
  release(storage: Storage): void;
  /** Records an op; it is carried out in the order of recording, at the latest before the next read. */
  run<A extends object>(op: Op<A>, args: A): void;
  /**
   * Loads every kernel there is: from then on `run` records at once, and lent memory is left alone as soon as it is released. Before that
   * a backend may load kernels with the first op that needs them, and what is recorded waits. Missing where there is nothing to load.
   */
  loadKernels?(): Promise<void>;
  /** Compiles what the op would run, without running it. Missing where there is nothing to compile. */
  prepare?<A extends object>(op: Op<A>, args: A): Promise<void>;
  /** Copies of the tensors' elements. Raises what has gone wrong on the device since the last read. */
  read(matrices: readonly StoredMatrix[]): Promise<HostArray[]>;
  /** Lets recorded work begin and waits while the device is busy enough; gives the page its turn. */
  pace(): Promise<void>;
  stats(): EngineStats;
  dispose(): void;
}

/** Takes memory of a backend for a tensor of so many rows and columns. */
export type MakeStorage = (backend: Backend, rows: number, columns: number) => Storage;
