/** What is measured: each row of the table, with its sizes, its arithmetic and the bytes it cannot do without. */

interface Row {
  /** The word by which `npm run bench -- word` chooses it. */
  readonly id: string;
  readonly title: string;
  /** Floating-point operations of one run, a multiplication and an addition counted as two. */
  readonly flops: number;
  /** Bytes of one run if every operand moved once: features as Luce keeps them (bytes for MNIST), all else f32. */
  readonly bytes: number;
  /** Samples that one run goes through, where the row is given in samples per second; else it is in milliseconds. */
  readonly samples?: number;
  /** Too much for a software adapter or a CPU. */
  readonly large?: boolean;
}

export interface MatmulTask extends Row {
  readonly kind: "matmul";
  /** C [m×n], the sum over `inner`; with `transposeA` A is stored [inner×m]. */
  readonly m: number;
  readonly inner: number;
  readonly n: number;
  readonly transposeA: boolean;
  /** A is MNIST's training images, which Luce keeps as bytes and the others as f32. */
  readonly digits: boolean;
}

export interface SoftmaxTask extends Row {
  readonly kind: "softmax";
  readonly rows: number;
  readonly classes: number;
}

/** Mean cross-entropy of logits and its gradient with respect to them. */
export interface CrossEntropyTask extends Row {
  readonly kind: "cross-entropy";
  readonly rows: number;
  readonly classes: number;
}

/** Steps of SGD on MNIST in its own order, weights from zero, no penalty. */
export interface SgdTask extends Row {
  readonly kind: "sgd";
  readonly rows: number;
  readonly batch: number;
  readonly learningRate: number;
}

/** Loss and gradient of all 60,000 digits. */
export interface EvaluationTask extends Row {
  readonly kind: "evaluation";
  readonly rows: number;
}

/** One step of SGD of a wide head. */
export interface HeadTask extends Row {
  readonly kind: "head";
  readonly batch: number;
  readonly features: number;
  readonly classes: number;
  readonly learningRate: number;
}

export type Task = MatmulTask | SoftmaxTask | CrossEntropyTask | SgdTask | EvaluationTask | HeadTask;

/** A fit of MNIST to its optimum; no peer has a solver for it. */
export interface FitTask {
  readonly id: string;
  readonly l2: number;
  /** The smallest objective there is. */
  readonly optimum: number;
  readonly tolerance: number;
  /** Passes over X of SciPy's L-BFGS to the two gaps. */
  readonly scipyPasses: readonly [number, number];
  /** Of scikit-learn's own fit at its default tolerance. */
  readonly scikitLearnSeconds: number;
}

/** Row-major f32. */
export interface Matrix {
  readonly data: Float32Array;
  readonly shape: readonly [number, number];
}

/** Digits: pixels as bytes that stand for 0 … 1. */
export interface Digits {
  readonly pixels: Uint8Array;
  readonly shape: readonly [number, number];
  readonly labels: Uint8Array;
}

export interface Mnist {
  readonly train: Digits;
  readonly test: Digits;
}

/** A task with the numbers to do it on: the same for every contestant. */
export interface Work<T extends Task = Task> {
  readonly task: T;
  /** The first operand: A, the logits, or X. For MNIST it is made only when somebody asks for f32. */
  readonly x: () => Matrix;
  /** MNIST's bytes, where `x` is made of them. */
  readonly digits: Digits | undefined;
  /** The second operand: B or the weights W. */
  readonly w: Matrix;
  readonly labels: Int32Array;
}
