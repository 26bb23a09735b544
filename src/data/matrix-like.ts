/** The forms in which a caller may hand over a matrix, and the one form it has inside. Types only. */
import type { TableLike } from "./columns.js";
import type { NumericArray } from "./numeric-array.js";

/**
 * Row-major numbers with their shape `[rows, columns]`. The value of an element is `data · scale + offset`
 * (1 and 0 unless given), so that `scale: 1 / 255` reads bytes of pixels as 0 … 1.
 */
export interface MatrixData {
  /** rows · columns numbers, row by row. */
  readonly data: NumericArray | readonly number[];
  /** [rows, columns] */
  readonly shape: readonly number[];
  /** What each number is multiplied by. Default 1. */
  readonly scale?: number;
  /** What is added to that. Default 0. */
  readonly offset?: number;
  /** `"float16"` or `"f16"` says that a Uint16Array holds the bits of half floats; any other type is told from the data. */
  readonly type?: string;
}

/** The same with `dims` for `shape`, as tensors of ONNX Runtime and transformers.js have it. */
export interface TensorData extends Omit<MatrixData, "shape"> {
  /** [rows, columns] */
  readonly dims: readonly number[];
}

/** A dense matrix as a caller may give it: numbers with a shape, an array of rows, an array of typed-array rows, or a table of columns. */
export type MatrixLike = MatrixData | TensorData | readonly (readonly number[])[] | readonly NumericArray[] | TableLike;

/**
 * A matrix that has been checked: `rows × columns` finite values, row-major, in memory of its own.
 * The value at (i, j) is `data[i·columns + j] · scale + offset`; float32 data has scale 1 and offset 0. A Uint16Array holds the bits of
 * half floats.
 */
export interface DenseMatrix {
  readonly data: Float32Array | Uint8Array | Uint16Array;
  readonly rows: number;
  readonly columns: number;
  readonly scale: number;
  readonly offset: number;
}
