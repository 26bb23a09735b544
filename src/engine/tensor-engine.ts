/**
 * Tensors on one device and the operations on them that are a single op each. Calls record work and return at once; only
 * `read` waits. The same calls with the same meaning on WebGPU and on the CPU.
 */

import { checkFeatureStorage } from "../data/feature-storage.js";
import type { DenseMatrix, DenseMatrixLike, HalfArray } from "../data/matrix.js";
import { toDenseMatrix } from "../data/matrix.js";
import { isHalfArray } from "../data/numeric-array.js";
import { DataError, DisposedError, ShapeError } from "../errors.js";
import { halfBits } from "../half-float.js";
import { requireKnownOptions } from "../known-options.js";
import type { ElementType, HostArray, Op } from "../ops/op.js";
import type { Backend, EngineStats, MakeStorage, TrialSteps, Tuning } from "./backend.js";
import { checkArguments, requireTensors } from "./check-arguments.js";
import { checkElements, checkShape, isVector } from "./check-tensor.js";
import type { MatmulOptions } from "./matmul-options.js";
import type { SparseTensor } from "./sparse-tensor.js";
import { Tensor } from "./tensor.js";
import type { TensorOperations } from "./tensor-operations.js";
import type { OutOption, TensorInput, TensorOptions } from "./tensor-options.js";

export class TensorEngine {
  /** What was chosen. */
  readonly device: "webgpu" | "cpu";
  /** Why it was chosen, in a sentence for people. */
  readonly reason: string;
  /** @internal What plans are chosen by. */
  readonly traits: Backend["traits"];
  /** Worker threads that carry out the work: 0 on a GPU, and on the CPU where it runs on the page's own thread. */
  readonly workers: number;
  /** @internal Whether it pays to record work ahead. */
  readonly overlaps: boolean;
  /** @internal Whether a matrix that has been through the door is taken over rather than copied. */
  readonly adopts: boolean;
  /** @internal In how many parts a sum over many rows is left at most. */
  readonly slices: number;
  readonly #backend: Backend;
  readonly #operations: TensorOperations;
  #disposed = false;

  /** @internal Use `createEngine`. */
  constructor(backend: Backend, reason: string, operations: TensorOperations) {
    this.#backend = backend;
    this.#operations = operations;
    this.device = backend.device;
    this.traits = backend.traits;
    this.workers = backend.workers ?? 0;
    this.overlaps = backend.overlaps;
    this.adopts = backend.adopts ?? false;
    this.slices = backend.slices;
    this.reason = reason;
  }

  /** @internal How the trial steps of a line search are shared out. */
  get trialSteps(): TrialSteps {
    return this.#backend.trialSteps;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * A copy of a matrix or vector on the device. Bytes and halves in a matrix stay what they are and keep `scale` and `offset`;
   * an Int32Array becomes a vector of integers (labels); everything else becomes f32. `features` asks for another type.
   * @throws ShapeError, DataError as `fit` does for its X; OptionError
   */
  tensor(input: TensorInput, options: TensorOptions = {}): Tensor {
    this.requireAlive("tensor");
    requireKnownOptions(options, ["features"], "tensor");
    const features = checkFeatureStorage(options.features === undefined ? "auto" : options.features, "tensor");
    if (!isVector(input)) return this.fromDense(toDenseMatrix(input as DenseMatrixLike, "tensor", "matrix", features));
    if (features === "auto" && input instanceof Int32Array) return this.#filled([input.length], "i32", input);
    const row = { data: input, shape: [1, input.length] };
    // Vectors are what matrices are combined with: biases, weights. Few ops take those compressed.
    const type = features === "auto" ? "f32" : features;
    return this.fromDense(toDenseMatrix(row, "tensor", "vector", type), [input.length]);
  }

  /** @internal A copy on the device of a matrix that has been through the door already. */
  fromDense(m: DenseMatrix, shape: readonly number[] = [m.rows, m.columns]): Tensor {
    this.requireAlive("tensor");
    const type = m.data instanceof Uint8Array ? "u8" : m.data instanceof Uint16Array ? "f16" : "f32";
    const t = this.#allocate(shape, type, Math.fround(m.scale), Math.fround(m.offset));
    // The door has made a copy of its own.
    this.#backend.upload(t.memory.storage, 0, m.data, true);
    return t;
  }

  /** A tensor of zeros. `shape` is `[n]` or `[n, d]`. */
  zeros(shape: readonly number[], type: ElementType = "f32"): Tensor {
    const t = this.empty(shape, type);
    this.#backend.clear(t.memory.storage);
    return t;
  }

  /** A tensor whose values are undefined until something is written to it; bytes and halves stand for `element · scale + offset`. */
  empty(shape: readonly number[], type: ElementType = "f32", scale = 1, offset = 0): Tensor {
    this.requireAlive("empty");
    checkShape(shape, type);
    const compressed = type === "u8" || type === "f16";
    return compressed ? this.#allocate(shape, type, scale, offset) : this.#allocate(shape, type);
  }

  /**
   * Overwrites a tensor with packed row-major elements of its own type, for f16 a Float16Array or a Uint16Array of the bits; the
   * array may be changed afterwards.
   */
  write(t: Tensor, data: HostArray | HalfArray): void {
    requireTensors("write", { tensor: t });
    t.requireUsable("write", this.#backend);
    checkElements(t, data);
    if (data.length !== t.rows * t.columns) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `write: wrong length: expected ${t.rows * t.columns} values, got ${data.length}.`,
      );
    }
    const elements = isHalfArray(data) ? halfBits(data) : data;
    this.#backend.upload(t.memory.storage, t.firstRow * t.memory.storage.columns + t.firstColumn, elements);
  }

  #filled(shape: readonly number[], type: ElementType, data: HostArray): Tensor {
    if (data.length === 0)
      throw new DataError("EMPTY_INPUT", "tensor: the vector is empty: expected at least one value, got none.");
    const t = this.#allocate(shape, type);
    this.#backend.upload(t.memory.storage, 0, data);
    return t;
  }

  #allocate(shape: readonly number[], type: ElementType, scale = 1, offset = 0): Tensor {
    return this.tensorIn((backend, rows, columns) => backend.allocate(rows, columns, type), shape, scale, offset);
  }

  /** @internal A tensor in the storage that is made, which it releases. */
  tensorIn(make: MakeStorage, shape: readonly number[], scale = 1, offset = 0): Tensor {
    const backend = this.#backend;
    const storage = make(backend, shape.length === 1 ? 1 : (shape[0] as number), shape.at(-1) as number);
    const release = (): void => backend.release(storage);
    return new Tensor({ backend, storage, release, isDisposed: () => this.#disposed }, [...shape], scale, offset);
  }

  /**
   * Records an op of `src/ops` on tensors of this engine: what the methods below and the solvers are made of.
   * @throws ShapeError when the arguments do not fit, or a written one shares memory with another; DataError for a wrong
   *   element type; DisposedError
   */
  run<A extends object>(op: Op<A>, args: A): void {
    this.requireAlive(op.name);
    checkArguments(op, args, this.#backend);
    op.check(args);
    this.#backend.run(op, args);
  }

  /** @internal Compiles what `matmul` would run, without running it. */
  async prepareMatmul(a: Tensor, b: Tensor, options: MatmulOptions & { readonly out: Tensor }): Promise<void> {
    await this.#backend.prepare?.(this.#operations.matmul, {
      ...this.#operations.matmulCall(a, b, options).args,
      out: options.out,
    });
  }

  /** Records an op that writes `out`, or else a new tensor, which is given back when the op refuses its arguments. */
  #into(
    out: Tensor | undefined,
    shape: readonly number[],
    record: (out: Tensor) => void,
    type: ElementType = "f32",
  ): Tensor {
    const to = out ?? this.empty(shape, type);
    try {
      record(to);
    } catch (error) {
      if (!out) to.dispose();
      throw error;
    }
    return to;
  }

  /** `C = α · op(A) · op(B) + bias`, [m×n]. A may hold bytes or halves, or be sparse. @throws ShapeError, DataError, OptionError */
  matmul(a: Tensor | SparseTensor, b: Tensor, options: MatmulOptions = {}): Tensor {
    if (isSparseTensor(a)) {
      this.requireAlive("matmul");
      const { shape, into } = a.multiply(this, b, options);
      return this.#into(options.out, shape, (out) => into(out, this));
    }
    const { matmul, matmulCall } = this.#operations;
    const { args, shape } = matmulCall(a, b, options);
    return this.#into(options.out, shape, (out) => this.run(matmul, { ...args, out }));
  }

  /** `exp(z[i,j]) / Σ_j exp(z[i,j])`: rows that sum to 1, [n×k]. */
  softmax(logits: Tensor, options: OutOption = {}): Tensor {
    return this.#softmax(logits, options, false);
  }

  /** `z[i,j] − log Σ_j exp(z[i,j])`, [n×k]. */
  logSoftmax(logits: Tensor, options: OutOption = {}): Tensor {
    return this.#softmax(logits, options, true);
  }

  #softmax(logits: Tensor, options: OutOption, log: boolean): Tensor {
    const name = log ? "logSoftmax" : "softmax";
    requireTensors(name, { logits });
    requireKnownOptions(options, ["out"], name);
    return this.#into(options.out, logits.shape, (out) => this.run(this.#operations.softmax, { logits, out, log }));
  }

  /** The column of each row's largest value, the lowest one on a tie: `[n]` integers. */
  argmax(scores: Tensor, options: OutOption = {}): Tensor {
    requireTensors("argmax", { scores });
    requireKnownOptions(options, ["out"], "argmax");
    return this.#into(options.out, [scores.rows], (out) => this.run(this.#operations.argmax, { scores, out }), "i32");
  }

  /** `out = α·x + β·y + keep·out`; shares no memory between `out` and the rest. */
  addScaled(out: Tensor, alpha: number, x: Tensor, options: { beta?: number; y?: Tensor; keep?: number } = {}): Tensor {
    requireTensors("addScaled", { out, x });
    requireKnownOptions(options, ["beta", "y", "keep"], "addScaled");
    const { beta = 0, y, keep = 1 } = options;
    this.run(this.#operations.addScaled, { x, alpha, y, beta, out, keep });
    return out;
  }

  /** `[r]` dot products of a vector [p×k] with each of the r matrices stacked in `stack` [r·p × k]. */
  dots(stack: Tensor, vector: Tensor, options: OutOption = {}): Tensor {
    requireTensors("dots", { stack, vector });
    requireKnownOptions(options, ["out"], "dots");
    const count = Math.max(1, Math.floor(stack.rows / vector.rows));
    return this.#into(options.out, [count], (out) => this.run(this.#operations.dots, { stack, vector, out }));
  }

  /** `[Σ x, Σ x², max |x|, how many x are not finite]`; the first three over the finite values. */
  summarize(x: Tensor, options: OutOption = {}): Tensor {
    requireTensors("summarize", { x });
    requireKnownOptions(options, ["out"], "summarize");
    return this.#into(options.out, [4], (out) => this.run(this.#operations.summarize, { x, out }));
  }

  /** Several tensors' elements with one wait. @throws DeviceError, KernelError for anything that went wrong since the last read */
  async read(...tensors: readonly Tensor[]): Promise<(Float32Array | Uint8Array | Uint16Array | Int32Array)[]> {
    this.requireAlive("read");
    requireTensors("read", tensors as unknown as Record<string, unknown>);
    for (const t of tensors) t.requireUsable("read", this.#backend);
    return (await this.#backend.read(tensors)) as (Float32Array | Uint8Array | Uint16Array | Int32Array)[];
  }

  /** Lets the device catch up and the page have its turn; long loops of recorded work call it once a step. */
  async pace(): Promise<void> {
    this.requireAlive("pace");
    return this.#backend.pace();
  }

  /** @internal Loads what a page has not needed yet: an engine that a user holds carries out at once what it is asked for. */
  async complete(): Promise<this> {
    await this.#backend.loadKernels?.();
    return this;
  }

  stats(): EngineStats {
    return this.#backend.stats();
  }

  /** Frees all tensors and the device. Work in progress rejects with DisposedError; a second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#backend.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A tag of its own, by which frameworks tell that this is no plain object to be wrapped in a proxy. */
  get [Symbol.toStringTag](): string {
    return "Engine";
  }

  /** @internal What has been measured of the device; undefined where there is nothing to choose. */
  get tuning(): Tuning | undefined {
    return this.#backend.tuning;
  }

  /** @internal Throws unless `t` is alive and of this engine. */
  requireOwn(where: string, t: Tensor): void {
    t.requireUsable(where, this.#backend);
  }

  /** @internal Throws a DisposedError after `dispose()`. */
  requireAlive(where: string): void {
    if (this.#disposed)
      throw new DisposedError("DISPOSED", `${where}: the engine was used after dispose(). Create a new one.`);
  }
}

/** Its class is loaded where there is one only. */
export const isSparseTensor = (a: unknown): a is SparseTensor => typeof a === "object" && a !== null && "multiply" in a;
