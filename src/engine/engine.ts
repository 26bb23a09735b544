/** The engine as users have it: tensors and operations, cross-entropy with its options, and the check of the device. */
import type { SparseData } from "../data/matrix.js";
import { toSparseMatrix } from "../data/matrix.js";
import type { CrossEntropyOptions, CrossEntropyResult, Targets } from "./cross-entropy.js";
import { crossEntropyOn } from "./cross-entropy.js";
import type { ExplainOptions, Explanation } from "./explain.js";
import { explainOn } from "./explain.js";
import type { LinearCrossEntropyOptions, LinearCrossEntropyResult } from "./linear-cross-entropy.js";
import { linearCrossEntropyOn } from "./linear-cross-entropy.js";
import type { SelfCheckReport } from "./self-check.js";
import type { SparseTensor } from "./sparse-tensor.js";
import type { Tensor } from "./tensor.js";
import { TensorEngine } from "./tensor-engine.js";
import type { TuneOptions, TuneReport } from "./tune.js";

/** Tensors and operations on one device, made by `createEngine`; calls record work, and `read` alone waits for it. */
export class Engine extends TensorEngine {
  /**
   * Cross-entropy of logits [n×k] and its gradient with respect to them, from one kernel: for labels
   * `logsumexp(z) − z_y` and `softmax(z) − onehot(y)`, weighted, smoothed and reduced as PyTorch's `cross_entropy` does.
   */
  crossEntropy(logits: Tensor, targets: Targets, options: CrossEntropyOptions = {}): CrossEntropyResult {
    this.requireAlive("crossEntropy");
    return crossEntropyOn(this, logits, targets, options);
  }

  /** Cross-entropy of `X·W + b` and its gradients, in chunks of rows so that the logits are never stored whole. */
  linearCrossEntropy(
    x: Tensor,
    w: Tensor,
    b: Tensor | undefined,
    targets: Targets,
    options: LinearCrossEntropyOptions = {},
  ): LinearCrossEntropyResult {
    this.requireAlive("linearCrossEntropy");
    return linearCrossEntropyOn(this, x, w, b, targets, options);
  }

  /**
   * Which plan a linear model of these sizes is trained by on this device, why, and what an evaluation of all rows and a step
   * cost: dispatches, bytes of X read, bytes moved, operations; `text` says it in sentences. Nothing runs.
   * @throws OptionError for sizes that are no positive integers
   */
  explain(options: ExplainOptions): Explanation {
    this.requireAlive("explain");
    return explainOn(this.traits, options);
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
