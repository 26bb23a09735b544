/** What the checks need of a classifier. Any library's will do: nothing of Luce is imported in this folder. */

/** The name of a class. */
export type CheckedLabel = number | string | boolean;

/** Rows of numbers, as every check gives them. */
export type CheckedRows = number[][];

export interface CheckedFitOptions {
  readonly sampleWeight?: number[];
}

/** A classifier with the members that every check asks for. Calls may be asynchronous or not. */
export interface CheckedClassifier {
  fit(x: CheckedRows, y: CheckedLabel[], options?: CheckedFitOptions): unknown;
  predict(x: CheckedRows): PromiseLike<ArrayLike<unknown>> | ArrayLike<unknown>;
  /** [n×k], row by row, in the order of `classes`. */
  predictProba(x: CheckedRows): PromiseLike<CheckedMatrix> | CheckedMatrix;
  readonly classes: readonly unknown[];
  dispose?(): void;
}

export interface CheckedMatrix {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** How a check wants its classifier. */
export interface CheckedSettings {
  /** Factor of the squared weights' penalty, half of it, beside the mean loss: 0.1 unless a check is about it. */
  readonly l2: number;
  /** All classes, where the rows may lack some. */
  readonly classes?: CheckedLabel[];
}

export interface CheckClassifierOptions {
  /** Runs only the checks of these names. */
  readonly only?: readonly string[];
  /**
   * How far the probabilities of two fits with the same optimum may differ. With gradients of at most ε left, l2 = 0.1 and rows of
   * length 4, they differ by less than 80·ε·√(features·classes). Default 0.01.
   */
  readonly tolerance?: number;
  /** A check that takes longer has failed. Default 60,000. */
  readonly timeoutMs?: number;
  /** Saves a fitted classifier and loads it again, for the checks of persistence. Left out, they are not run. */
  readonly reload?: (fitted: CheckedClassifier) => PromiseLike<CheckedClassifier> | CheckedClassifier;
  /** A classifier whose fit starts at these weights [k×d] and intercepts, for classes 0 … k − 1. Left out, its checks are not run. */
  readonly startingAt?: (coef: number[][], intercept: number[]) => CheckedClassifier;
  /**
   * The classifier takes `{ data, indices, indptr, shape }`, compressed sparse rows, wherever it takes rows. Left out, the check that they
   * make no difference is not run.
   */
  readonly sparse?: boolean;
  /** The number of buffers, tensors or the like that are alive, for the check of leaks. Left out, it is not run. */
  readonly liveMemory?: () => PromiseLike<number> | number;
}

export interface CheckResult {
  /** The name of the check. */
  readonly check: string;
  readonly passed: boolean;
  /** What was seen; of a check that has failed, what was expected and what came instead. */
  readonly detail: string;
}

/** What a check is given. */
export interface CheckContext {
  readonly make: (settings?: Partial<CheckedSettings>) => CheckedClassifier;
  readonly options: CheckClassifierOptions & { readonly tolerance: number };
}

/** A check resolves with what it saw, or throws what it missed. */
export type Check = (context: CheckContext) => Promise<string>;
