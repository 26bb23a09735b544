/**
 * The ops that the methods of a {@link TensorEngine} record. They are given to it when it is made, so that a page loads them, and the
 * plans behind them, with its first engine.
 */
import { addScaled } from "../ops/add-scaled.js";
import { argmax } from "../ops/argmax.js";
import { dots } from "../ops/dots.js";
import { matmul } from "../ops/matmul.js";
import { softmax } from "../ops/softmax.js";
import { summarize } from "../ops/summarize.js";
import { matmulCall } from "./matmul-options.js";

export interface TensorOperations {
  /** Loads what callers alone ask for besides; missing where that is there. */
  readonly all?: () => Promise<TensorOperations>;
  readonly addScaled: typeof addScaled;
  readonly argmax: typeof argmax;
  readonly dots: typeof dots;
  readonly matmul: typeof matmul;
  readonly matmulCall: typeof matmulCall;
  readonly softmax: typeof softmax;
  readonly summarize: typeof summarize;
}

export const tensorOperations: TensorOperations = { addScaled, argmax, dots, matmul, matmulCall, softmax, summarize };
