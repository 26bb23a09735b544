/** The engine as users have it: tensors and operations, cross-entropy with its options, and the check of the device. */
import type { SparseData } from "../data/matrix.js";
import { toSparseMatrix } from "../data/matrix.js";
import type { Backend } from "./backend.js";
import type { CrossEntropyOptions, CrossEntropyResult, Targets } from "./cross-entropy.js";
import type { ExplainOptions, Explanation } from "./explain.js";
import type { GpuBufferOptions } from "./gpu-buffer.js";
import type { LinearCrossEntropyOptions, LinearCrossEntropyResult } from "./linear-cross-entropy.js";
import type { Operations } from "./operations.js";
import type { SelfCheckReport } from "./self-check.js";
import type { SparseTensor } from "./sparse-tensor.js";
import type { Tensor } from "./tensor.js";
import { TensorEngine } from "./tensor-engine.js";
import type { TensorOperations } from "./tensor-operations.js";
import type { TuneOptions, TuneReport } from "./tune.js";

/** Tensors and operations on one device, made by `createEngine`; calls record work, and `read` alone waits for it. */
export class Engine extends TensorEngine {
  /** With what only callers ask for once the engine is complete. */
  #operations: TensorOperations | Operations;

  /** @internal Use `createEngine`. */
  constructor(backend: Backend, reason: string, operations: TensorOperations | Operations) {
    super(backend, reason, operations);
    this.#operations = operations;
  }

  override async complete(): Promise<this> {
    this.#operations = (await this.#operations.all?.()) ?? this.#operations;
    return super.complete();
  }

  #complete(where: string): Operations {
    this.requireAlive(where);
    return this.#operations as Operations;
  }

  /**
   * Cross-entropy of logits [n×k] and its gradient with respect to them, from one kernel: for labels
   * `logsumexp(z) − z_y` and `softmax(z) − onehot(y)`, weighted, smoothed and reduced as PyTorch's `cross_entropy` does.
   */
  crossEntropy(logits: Tensor, targets: Targets, options: CrossEntropyOptions = {}): CrossEntropyResult {
    return this.#complete("crossEntropy").crossEntropyOn(this, logits, targets, options);
  }

  /** Cross-entropy of `X·W + b` and its gradients, in chunks of rows so that the logits are never stored whole. */
  linearCrossEntropy(
    x: Tensor,
    w: Tensor,
    b: Tensor | undefined,
    targets: Targets,
    options: LinearCrossEntropyOptions = {},
  ): LinearCrossEntropyResult {
    return this.#complete("linearCrossEntropy").linearCrossEntropyOn(this, x, w, b, targets, options);
  }

  /**
   * A matrix or vector in a GPU buffer of the caller's, such as an encoder's output, without a copy: its numbers row by row, of the type
   * `type`, little-endian. The engine must be on the buffer's own device (`createEngine({ gpuDevice })`), the buffer have usage STORAGE
   * (and COPY_SRC to be read, COPY_DST to be written). Where columns are no multiple of 4 the device copies them, into rows that begin where
   * its kernels look for them: then the tensor has memory of its own, and sees nothing that is written to the buffer later.
   *
   * What was submitted to the device's queue before is seen. The buffer stays the caller's: `dispose()` lets go of it, and after that it
   * may be destroyed. Before it is written anew, what was recorded must be on its way: await `read` of a result, or a fit.
   * @throws DeviceError GPU_UNAVAILABLE on the CPU, LIMIT_EXCEEDED; ShapeError; DataError UNSUPPORTED_TYPE; OptionError. A buffer of another
   *   device is found by the next `read` (KernelError)
   */
  fromGpuBuffer(buffer: object, options: GpuBufferOptions): Tensor {
    return this.#complete("fromGpuBuffer").tensorOfBuffer(this, buffer, options);
  }

  /**
   * Which plan a linear model of these sizes is trained by on this device, why, and what an evaluation of all rows and a step
   * cost: dispatches, bytes of X read, bytes moved, operations; `text` says it in sentences. Nothing runs.
   * @throws OptionError for sizes that are no positive integers
   */
  explain(options: ExplainOptions): Explanation {
    return this.#complete("explain").explainOn(this.traits, options);
  }

  /**
   * A copy of a matrix in compressed sparse rows for the device, to be the left operand of `matmul`: it is never made dense. The copy
   * is taken at once; what is needed for a product goes to the device with the first one.
   * @throws ShapeError, DataError as `fit` does for its X
   */
  async sparse(input: SparseData): Promise<SparseTensor> {
    this.requireAlive("sparse");
    const matrix = toSparseMatrix(input, "sparse", "matrix");
    const { sparseTensorOn } = await import("./sparse-tensor.js");
    this.requireAlive("sparse");
    return sparseTensorOn(this, matrix);
  }

  /** Compares every kernel on this device with the float64 reference: a table to read, or to paste into a bug report. */
  async selfCheck(): Promise<SelfCheckReport> {
    this.requireAlive("selfCheck");
    const { selfCheckOn } = await import("./self-check.js");
    return selfCheckOn(this);
  }

  /**
   * Times the ways to multiply matrices on this GPU, a few seconds long at most, and lets later products take the fastest: a
   * plain table comes back, to store and to give again as `from`. A table of another adapter or library version is not taken:
   * `reason` says so, and everything is measured anew. On the CPU and on software adapters there is nothing to choose, and
   * it resolves at once. Do not tune while other work is under way: it would be timed too.
   * @throws FormatError BAD_FIELD when `from` is no table; the reason of `signal`; DisposedError
   */
  async tune(options: TuneOptions = {}): Promise<TuneReport> {
    this.requireAlive("tune");
    const { tuneOn } = await import("./tune.js");
    return tuneOn(this, this.tuning, options);
  }
}
