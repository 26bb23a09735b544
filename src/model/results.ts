/** What predictions come back as. Types only. */
import type { Label } from "./labels.js";

/** Row-major numbers with their shape, as predictions come back. */
export interface MatrixResult {
  readonly data: Float32Array;
  readonly shape: readonly [number, number];
}

export interface RankedLabel {
  readonly label: Label;
  /** 0 … 1 */
  readonly probability: number;
}
