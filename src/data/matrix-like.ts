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

/** A tensor that lies elsewhere until it is asked for, as those of TensorFlow.js do. */
export interface AskedTensor {
  /** [rows, columns] */
  readonly shape: readonly number[];
  /** Tells such a tensor from others; not called, since it would have to be waited for. */
  data(): Promise<unknown>;
  /** Gives rows · columns numbers, row by row; called once. */
  dataSync(): NumericArray;
}

/**
 * Compressed sparse rows with the names that SciPy and scikit-learn give them: row i of the shape `[rows, columns]` has the values
 * `data[indptr[i]] … data[indptr[i + 1] − 1]` in the columns that `indices` names at the same places. What is not stored is zero.
 */
export interface SparseData {
  /** The values that are stored, row by row. */
  readonly data: NumericArray | readonly number[];
  /** For each of them its column, 0 … columns − 1. */
  readonly indices: NumericArray | readonly number[];
  /** Where each row begins in both, and behind them where the last one ends: rows + 1 numbers that do not fall. */
  readonly indptr: NumericArray | readonly number[];
  /** [rows, columns] */
  readonly shape: readonly number[];
}

/** A dense matrix as a caller may give it: numbers with a shape, an array of rows, an array of typed-array rows, or a table of columns. */
export type DenseMatrixLike =
  | MatrixData
  | TensorData
  | AskedTensor
  | readonly (readonly number[])[]
  | readonly NumericArray[]
  | TableLike;

/** A matrix as a caller may give it, dense or in compressed sparse rows. */
export type MatrixLike = DenseMatrixLike | SparseData;

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

/**
 * A matrix in compressed sparse rows that has been checked: row i has the finite values `values[starts[i]] … values[starts[i + 1] − 1]`, none
 * of them zero, in the columns that `indices` names, which ascend within a row.
 */
export interface SparseMatrix {
  readonly values: Float32Array;
  readonly indices: Int32Array;
  readonly starts: Int32Array;
  readonly rows: number;
  readonly columns: number;
}
