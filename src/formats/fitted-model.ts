/** A fitted model as the formats see it: its public side. Types only. */

/** What can be written to a file: a `SoftmaxRegression` that has been fitted. */
export interface FittedModel {
  /** W [d×k], row by row. */
  readonly coef: { readonly data: Float32Array; readonly shape: readonly [number, number] };
  /** b [k] */
  readonly intercept: Float32Array;
  /** Sorted, k of them. */
  readonly classes: readonly (number | string | boolean)[];
  /** T > 0: probabilities are softmax(scores / T). 1 where it is missing. */
  readonly temperature?: number;
  /** What training goes by, as JSON: kept in files that have a place for it. */
  readonly trainingOptions?: Readonly<Record<string, unknown>>;
}
