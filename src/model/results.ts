/** What predictions come back as. Types only. */
import type { Label } from "./labels.js";

/** Row-major numbers with their shape, as predictions come back. */
export interface MatrixResult {
  /** Row by row. */
  readonly data: Float32Array;
  /** [rows, columns] */
  readonly shape: readonly [number, number];
}

/** A label and how probable it is. */
export interface RankedLabel {
  /** As it was given to `fit`. */
  readonly label: Label;
  /** 0 … 1 */
  readonly probability: number;
}
