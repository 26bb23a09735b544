/** What many small steps are told: the op and its float64 reference share it. */
import type { LinearStepArguments } from "./linear-step.js";
import type { Matrix } from "./op.js";

/** Steps of one launch that can differ in their learning rates: what is left of the uniform parameters' 64 words. */
export const MOST_RATES = 28;

/** θ, [W; b] or W alone, is updated. Class weights and an intercept elsewhere are for the fused step. */
export interface SmallBatchArguments<M extends Matrix = Matrix>
  extends Omit<LinearStepArguments<M>, "bias" | "classWeight" | "order"> {
  /** 1 × m row numbers (i32) in 0 … n − 1; `rows` of them from `first` on are taken, `batchSize` in each step. */
  readonly order: M;
  /** Rows in each step; the last step takes what is left. */
  readonly batchSize: number;
  /** Adam, else SGD. */
  readonly adam: boolean;
  readonly nesterov: boolean;
  /**
   * Matrices of the shape of θ, below each other: the velocity, which SGD needs with momentum only, or m and v of Adam; then θ̄, where
   * it is wanted. Updated.
   */
  readonly moments: M | undefined;
  /** slots × 4, written from row `firstSlot` on, round and round: (Σ loss, Σ weight, 0, faulty rows) of each step. No penalty. */
  readonly losses: M;
  readonly firstSlot: number;
  /** Of the first steps, 1 … MOST_RATES of them; the last one holds for all further steps. */
  readonly learningRates: readonly number[];
  /** Of SGD. */
  readonly momentum: number;
  /** Of Adam; in 0 … 1, both ends left out. */
  readonly beta1: number;
  readonly beta2: number;
  /** ε > 0, of Adam. */
  readonly epsilon: number;
  /** t of the first step, from 1, for Adam. */
  readonly step: number;
  /** The t of the first step whose weights are averaged, `θ̄ ← θ/n + (1 − 1/n)·θ̄` for the n-th; undefined: none are. */
  readonly averageFrom: number | undefined;
  readonly l2: number;
  /** λ ≥ 0 */
  readonly weightDecay: number;
  /** l2 and weight decay apply to so many first rows of θ: all but the intercept. */
  readonly penalisedRows: number;
}
