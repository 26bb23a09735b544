/** The GPU device: memory in pooled buffers, ops planned into dispatches, dispatches recorded by the scheduler. */
import { requireRoom } from "../../data/memory.js";
import { DisposedError } from "../../errors.js";
import { QUAD_BYTES } from "../../ops/element-size.js";
import type { AdapterTraits, DeviceMatrix, Dispatch, ElementType, HostArray, On, Op, Planner } from "../../ops/op.js";
import { repackRows } from "../../ops/repack-rows.js";
import type { DeviceTraits } from "../../ops/step-plan.js";
import type { Backend, EngineStats, Storage, StoredMatrix, TrialSteps, Tuning } from "../backend.js";
import { Tensor } from "../tensor.js";
import { borrowedStorage } from "./borrowed-buffer.js";
import { BUFFER_GRAIN_BYTES, BufferPool } from "./buffer-pool.js";
import { FaultLog } from "./fault-log.js";
import type { GpuStorage } from "./gpu-storage.js";
import { deviceMatrix, joined, matrixOf, padRows, rowsPerBlock, unpadRows } from "./gpu-storage.js";
import type { Fetch } from "./readback.js";
import { Readback } from "./readback.js";
import { Scheduler } from "./scheduler.js";
import { loadAllShaders } from "./shaders.js";

/** Bytes that one `writeBuffer` copies at most when rows must be padded on the way. */
const UPLOAD_BYTES = 4 * 1024 * 1024;
/**
 * Floating-point operations in one dispatch: 100 ms of a software adapter, 200 ms of a slow phone or of NVIDIA's slowest card.
 * A large GPU would idle at the end of each of many short dispatches.
 */
const WORK_PER_DISPATCH = { software: 1.5e8, hardware: 2e10, nvidia: 2e11 };

function workPerDispatch({ software, adapter }: WebGpuBackendOptions): number {
  if (software) return WORK_PER_DISPATCH.software;
  return WORK_PER_DISPATCH[adapter?.vendor.toLowerCase() === "nvidia" ? "nvidia" : "hardware"];
}
/** Exponentials are dear on software adapters, launches on all others. */
const TRIAL_STEPS = { software: { perLaunch: 2, launches: 4 }, hardware: { perLaunch: 4, launches: 3 } };
/** Workgroups that share the rows: enough to fill a large GPU, few enough that adding up their sums is nothing. */
const SLICES = { software: 16, hardware: 1024 };

export interface WebGpuBackendOptions {
  /** The engine made the device and destroys it; a caller's device is left alone. */
  readonly owned: boolean;
  readonly software: boolean;
  /** The adapter's name for people, by which a tuning table knows it. */
  readonly name?: string;
  readonly adapter?: AdapterTraits;
  /** Where the device came from, if it is not the caller's. */
  readonly entryPoint?: GPU | undefined;
}

function traitsOf(device: GPUDevice, options: WebGpuBackendOptions): DeviceTraits {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const largest = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  // Buffers are bound whole, so a limit such as 2³² − 4 must not be rounded up.
  const bindingBytes = Math.floor(largest / BUFFER_GRAIN_BYTES) * BUFFER_GRAIN_BYTES;
  const { software, adapter } = options;
  return { device: "webgpu", software, bindingBytes, workPerDispatch: workPerDispatch(options), adapter };
}

export class WebGpuBackend implements Backend, Planner {
  readonly device = "webgpu";
  readonly overlaps = true;
  readonly trialSteps: TrialSteps;
  readonly slices: number;
  readonly workPerDispatch: number;
  readonly software: boolean;
  readonly adapter: AdapterTraits | undefined;
  readonly traits: DeviceTraits;
  readonly tuning: Tuning;
  /** Held on to: Dawn under Node ends the process when its entry point is collected while a device of it lives. */
  readonly entryPoint: GPU | undefined;
  readonly #device: GPUDevice;
  readonly #owned: boolean;
  readonly #faults: FaultLog;
  readonly #scheduler: Scheduler;
  readonly #pool: BufferPool;
  readonly #readback: Readback;
  /** Dispatches that are only to be compiled. */
  #prepared: Dispatch[] | undefined;
  /** Scratch of the plan that is being recorded. */
  #scratch: GpuStorage[] = [];
  #uploadBytes = 0;
  #disposed = false;

  constructor(device: GPUDevice, options: WebGpuBackendOptions) {
    this.#device = device;
    this.#owned = options.owned;
    this.software = options.software;
    this.adapter = options.adapter;
    this.entryPoint = options.entryPoint;
    this.trialSteps = TRIAL_STEPS[options.software ? "software" : "hardware"];
    this.slices = SLICES[options.software ? "software" : "hardware"];
    this.workPerDispatch = workPerDispatch(options);
    this.traits = { ...traitsOf(device, options), preferred: (productClass) => this.preferred(productClass) };
    this.tuning = { adapter: options.name ?? "", traits: this.traits, choices: new Map() };
    this.#faults = new FaultLog(device, options.owned);
    this.#scheduler = new Scheduler(device, this.#faults);
    this.#pool = new BufferPool(device, this.#faults, (buffer) =>
      this.#scheduler.inOrder.do(() => {
        // Commands that name it must be on their way before it is destroyed.
        this.#scheduler.submit();
        this.#scheduler.pipelines.forget(buffer);
        buffer.gpu.destroy();
      }),
    );
    this.#readback = new Readback(device, this.#scheduler, this.#faults);
  }

  allocate(rows: number, columns: number, type: ElementType): GpuStorage {
    const perBlock = rowsPerBlock(rows, columns, type, this.traits.bindingBytes);
    const stride = Math.ceil(columns / 4);
    // A GPU made of software has the page's memory, and would be ended with it.
    if (this.traits.software)
      requireRoom(rows * stride * QUAD_BYTES[type], `a matrix of ${rows} × ${columns}`, "engine");
    const blocks = Array.from({ length: Math.ceil(rows / perBlock) }, (_, i) => {
      const count = Math.min(perBlock, rows - i * perBlock);
      // The shader reads bytes sixteen at a time.
      const sizeBytes = Math.ceil((count * stride * QUAD_BYTES[type]) / 16) * 16;
      return {
        firstRow: i * perBlock,
        rows: count,
        buffer: this.#pool.acquire(sizeBytes, `luce/${type}/${rows}x${columns}`),
      };
    });
    return { rows, columns, type, stride, blocks };
  }

  borrow(buffer: object, rows: number, columns: number, type: ElementType): GpuStorage {
    const given = borrowedStorage(buffer, rows, columns, type, this.traits.bindingBytes);
    if (columns % 4 === 0) return given;
    // Rows of ours begin at quads: a copy of the rows in which they do. What was submitted to the queue before is in it.
    const storage = this.allocate(rows, columns, type);
    repackRows.plan({ source: deviceMatrix(given), out: deviceMatrix(storage) }, this);
    this.release(given);
    return storage;
  }

  upload(storage: Storage, first: number, data: HostArray, owned = false): void {
    const { inOrder } = this.#scheduler;
    // The caller may change what waits.
    const kept = owned || inOrder.isReady() ? data : data.slice();
    inOrder.do(() => this.#write(storage as GpuStorage, first, kept));
  }

  #write({ columns, type, stride, blocks }: GpuStorage, first: number, data: HostArray): void {
    // Recorded work may still read what the buffer held before: it goes first.
    this.#scheduler.submit();
    const firstRow = Math.floor(first / columns);
    const rowBytes = stride * QUAD_BYTES[type];
    if (data.length < columns) {
      // A part of a row: it begins at a multiple of 4, and what pads its last quad is the row's own padding.
      const block = blocks.find((b) => firstRow < b.firstRow + b.rows) as GpuStorage["blocks"][number];
      const inRow = ((first % columns) / 4) * QUAD_BYTES[type];
      this.#send(block, (firstRow - block.firstRow) * rowBytes + inRow, padRows(data, 0, 1, data.length, type));
      return;
    }
    const rows = data.length / columns;
    const rowsAtOnce = Math.max(1, Math.floor(UPLOAD_BYTES / rowBytes));
    for (const block of blocks) {
      const end = Math.min(firstRow + rows, block.firstRow + block.rows);
      for (let row = Math.max(firstRow, block.firstRow); row < end; ) {
        const count = Math.min(rowsAtOnce, end - row);
        this.#send(block, (row - block.firstRow) * rowBytes, padRows(data, row - firstRow, count, columns, type));
        row += count;
      }
    }
  }

  #send({ buffer }: GpuStorage["blocks"][number], offsetBytes: number, data: HostArray): void {
    const { queue } = this.#device;
    const source = data as Float32Array<ArrayBuffer>;
    this.#faults.watch("luce/upload", () => queue.writeBuffer(buffer.gpu, offsetBytes, source));
    this.#uploadBytes += data.byteLength;
  }

  clear(storage: Storage): void {
    this.#scheduler.inOrder.do(() => this.#clear(storage as GpuStorage));
  }

  #clear({ blocks }: GpuStorage): void {
    const buffers = blocks.map((block) => block.buffer);
    const alone = this.#scheduler.isolate(buffers);
    const encoder = this.#scheduler.encoder();
    for (const { gpu } of buffers) encoder.clearBuffer(gpu);
    if (alone) this.#scheduler.submit();
  }

  release(storage: Storage): void {
    if (this.#disposed) return;
    const { blocks, borrowed } = storage as GpuStorage;
    // The owner may destroy it next: commands that name it must be on their way.
    if (borrowed) this.#scheduler.submit();
    for (const { buffer } of blocks) {
      if (borrowed) this.#scheduler.pipelines.forget(buffer);
      else this.#pool.release(buffer);
    }
  }

  run<A extends object>(op: Op<A>, args: A): void {
    const entries = Object.entries(args).map(([key, value]) => [
      key,
      value instanceof Tensor ? matrixOf(value) : value,
    ]);
    try {
      op.plan(Object.fromEntries(entries) as On<A, DeviceMatrix>, this);
    } finally {
      // The queue keeps order: who gets this memory next writes it after these dispatches have read it.
      for (const storage of this.#scratch.splice(0)) this.release(storage);
    }
  }

  scratch(rows: number, columns: number): DeviceMatrix {
    const storage = this.allocate(rows, columns, "f32");
    this.#scratch.push(storage);
    return deviceMatrix(storage);
  }

  preferred(productClass: string): string | undefined {
    return this.tuning.choices.get(productClass);
  }

  dispatch(dispatch: Dispatch): void {
    if (this.#prepared) this.#prepared.push(dispatch);
    else this.#scheduler.record(dispatch);
  }

  async loadKernels(): Promise<void> {
    await loadAllShaders();
    await this.#scheduler.inOrder.caughtUp;
  }

  async prepare<A extends object>(op: Op<A>, args: A): Promise<void> {
    const dispatches: Dispatch[] = [];
    this.#prepared = dispatches;
    try {
      this.run(op, args);
    } finally {
      this.#prepared = undefined;
    }
    await Promise.all(dispatches.map((each) => this.#scheduler.pipelines.prepare(each)));
  }

  async read(matrices: readonly StoredMatrix[]): Promise<HostArray[]> {
    const fetches: Fetch[] = [];
    for (const t of matrices) {
      const m = matrixOf(t);
      for (const block of m.blocks) {
        const quadBytes = QUAD_BYTES[m.type];
        const { buffer } = block as { buffer: object } as { buffer: Fetch["buffer"] };
        fetches.push({ buffer, offsetBytes: block.offset * quadBytes, sizeBytes: block.rows * m.stride * quadBytes });
      }
    }
    const copies = await this.#unlessDisposed(this.#readback.fetch(fetches));
    return matrices.map((t) => {
      const parts = copies.splice(0, matrixOf(t).blocks.length);
      return unpadRows(joined(parts), t.rows, t.columns, t.type);
    });
  }

  /** Whatever came of `work`: when the engine has been disposed of meanwhile, that is the reason. */
  async #unlessDisposed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      if (this.#disposed) {
        // biome-ignore lint/correctness/noUnsafeFinally: of a device that was let go neither result nor error means anything.
        throw new DisposedError("DISPOSED", "engine: it was disposed of while work was waiting. Create a new one.");
      }
    }
  }

  async pace(): Promise<void> {
    const { mark } = this.#faults;
    await this.#unlessDisposed(this.#scheduler.pace());
    this.#faults.raise(mark);
  }

  stats(): EngineStats {
    return {
      ...this.#pool.stats(),
      ...this.#scheduler.pipelines.stats,
      dispatches: this.#scheduler.dispatches,
      featureBytes: this.#scheduler.featureBytes,
      submits: this.#scheduler.submits,
      readbacks: this.#readback.count,
      uploadBytes: this.#uploadBytes,
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.#faults.release();
    this.#scheduler.dispose();
    this.#pool.dispose();
    this.#readback.dispose();
    if (this.#owned) this.#device.destroy();
  }
}
