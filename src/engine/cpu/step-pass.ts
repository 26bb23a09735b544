import type { HostMatrix } from "../../ops/op.js";
import type { StepTotals } from "../../ops/step-totals.js";

/** Loss and gradient of a step's rows, some at a time. */
export interface StepPass {
  /** Slices begin at multiples of so many rows: where sums are cut shows in their bits. */
  readonly grain: number;
  readonly totals: StepTotals;
  /** Rows `first …` of those that the step takes, in order and without gaps from call to call. */
  run(first: number, count: number): void;
  /** After the last row: `factor` times `[X, 1]ᵀ · dZ`, or `Xᵀ · dZ` without an intercept. */
  finish(factor: number): HostMatrix;
}
