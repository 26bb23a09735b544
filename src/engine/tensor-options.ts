/** What calls of the engine take beside tensors. Types only. */
import type { DenseMatrixLike, FeatureStorage, NumericArray } from "../data/matrix.js";
import type { Tensor } from "./tensor.js";

/** Where an operation's result goes. */
export interface OutOption {
  /** Write here rather than into a new tensor. */
  readonly out?: Tensor;
}

/** What `engine.tensor` takes: a matrix, or a vector as a plain or typed array. */
export type TensorInput = DenseMatrixLike | NumericArray | readonly number[];

/** How a new tensor's numbers are stored, and what they stand for. */
export interface TensorOptions {
  /** The memory that each value takes on the device. Default `"auto"`: a matrix's values are kept as they are given. */
  readonly features?: FeatureStorage;
}
