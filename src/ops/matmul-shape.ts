/** What a matrix product is given, and how its sizes must fit together. */
import { ShapeError } from "../errors.js";
import type { Matrix } from "./op.js";
import { describe } from "./shape-rule.js";

export interface MatmulArguments<M extends Matrix = Matrix> {
  readonly a: M;
  readonly b: M;
  readonly out: M;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** 1 × columns of C, added to every row. */
  readonly bias: M | undefined;
  readonly alpha: number;
  /** Needs `transposeA`. */
  readonly ones: boolean;
  /** The operands may be rounded to halves, 11 bits, where that is faster; sums are kept in f32 all the same. */
  readonly halves?: boolean;
}

/** Rows, columns of C and the length of the sum. Throws a ShapeError when A and B do not fit. */
export function matmulShape(args: Pick<MatmulArguments, "a" | "b" | "transposeA" | "transposeB" | "ones">): {
  rows: number;
  columns: number;
  depth: number;
} {
  const { a, b, transposeA, transposeB } = args;
  const depth = transposeA ? a.rows : a.columns;
  const depthOfB = transposeB ? b.columns : b.rows;
  if (depth !== depthOfB) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `matmul: inner dimensions differ: expected equal ones, got ${depth} of ${transposeA ? "Aᵀ" : "A"} (A is ${describe(a)}) ` +
        `and ${depthOfB} of ${transposeB ? "Bᵀ" : "B"} (B is ${describe(b)}). Check transposeA and transposeB.`,
    );
  }
  if (args.ones && !transposeA) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      "matmul: ones is a row more of Aᵀ: expected transposeA with it, got A as it is. Set transposeA or leave ones out.",
    );
  }
  const rows = (transposeA ? a.columns : a.rows) + (args.ones ? 1 : 0);
  return { rows, columns: transposeB ? b.rows : b.columns, depth };
}
