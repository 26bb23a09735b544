/**
 * What the fused ops share: `Σ_i ℓ_i` and `Σ_i (x_i ⊗ dz_i, dz_i)` over rows of a linear softmax model, `dz = r·(T·p − t)`. Rows are
 * all of X, or those that an order names.
 */
import { ShapeError } from "../errors.js";
import type { Matrix } from "./op.js";
import { describe, requireShape } from "./shape-rule.js";
import type { TargetArguments } from "./targets.js";
import { checkTargets } from "./targets.js";

export interface LinearStepArguments<M extends Matrix = Matrix> extends TargetArguments<M> {
  /** n × d */
  readonly x: M;
  /** W [d×k], or [W; b] with one more row. */
  readonly theta: M;
  /** 1 × k, b, where it does not stand below W. */
  readonly bias: M | undefined;
  /** 1 × m row numbers (i32) in 0 … n − 1, any number of times each. */
  readonly order: M | undefined;
  /** Where in the order to begin, and how many rows to take; 0 and n without one. */
  readonly first: number;
  readonly rows: number;
}

export const STEP_TYPES = { x: ["f32", "f16", "u8"], labels: ["i32"], order: ["i32"] } as const;

/** Whether dz is summed up: b is there, below W or by itself. */
export const hasBias = ({ x, theta, bias }: Pick<LinearStepArguments, "x" | "theta" | "bias">): boolean =>
  bias !== undefined || theta.rows > x.columns;

export function checkStep(op: string, args: LinearStepArguments): void {
  const { x, theta, bias, order, first, rows } = args;
  const extra = bias === undefined && theta.rows === x.columns + 1 ? 1 : 0;
  requireShape(op, "weights", theta, x.columns + extra, theta.columns);
  if (bias) requireShape(op, "bias", bias, 1, theta.columns);
  checkTargets(op, args, x.rows, theta.columns);
  const length = order ? order.columns : x.rows;
  if (first >= 0 && rows > 0 && first + rows <= length && (order || (first === 0 && rows === x.rows))) return;
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${op}: the rows are out of range: expected within 0 … ${length}${order ? "" : ", all of them,"} got ${first} … ${first + rows} of X, ${describe(x)}.`,
  );
}
