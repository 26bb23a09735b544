/** Where the rows and columns of a sparse matrix come from, and how they lie on the device. Types only. */
import type { InPieces } from "../data/pieces.js";
import type { Matrix } from "../ops/op.js";
import type { Tensor } from "./tensor.js";

/** Rows or columns on the device, as the sparse product wants them. */
export interface SparseLines {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly starts: Tensor;
  /** Which column of X each line is, the first of them a column of ones; undefined for rows, which are all there. */
  readonly lines: Tensor | undefined;
  readonly count: number;
  readonly long: number;
  readonly middling: number;
  readonly nonzeros: number;
}

/** Some of the rows, by themselves or as columns. */
export interface SparseBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly lines: SparseLines;
}

/** Where the lines come from. */
export interface SparseSource extends Matrix {
  readonly nonzeros: number;
  byRow(): readonly SparseBlock[];
  byColumn(): readonly SparseBlock[];
  /** Does the work of the first `byColumn`. */
  prepareColumns(): InPieces<void>;
  dispose(): void;
}
