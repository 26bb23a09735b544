/** A matrix product as a kernel sees it, and a kernel as a product sees it. */
import type { ElementType, Kernel } from "./op.js";

/** A matrix within one binding: quads to where its row 0 begins, and from row to row. */
export interface Operand {
  readonly buffer: object;
  readonly offset: number;
  readonly stride: number;
}

/** A product whose operands lie in one binding each: all of a matmul, or a piece of a large one. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  /** The sum runs over `depthBegin … depthEnd − 1`, 0 ≤ depthBegin < 4. */
  readonly depthBegin: number;
  readonly depthEnd: number;
  readonly a: Operand & { readonly type: ElementType; readonly scale: number; readonly zero: number };
  readonly b: Operand;
  readonly out: Operand & { readonly splitStride: number };
  readonly bias: Omit<Operand, "stride"> | undefined;
  readonly alpha: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The last row of op(A) is all ones. */
  readonly ones: boolean;
  /** Add to what `out` holds. */
  readonly accumulate: boolean;
  /** The operands may be rounded to halves. */
  readonly halves: boolean;
  readonly splits: number;
  readonly depthPerSplit: number;
}

/** A kernel that multiplies matrices. */
export interface MatmulKernel extends Kernel {
  /** Overrides that say how the operands of a product are stored. */
  storage(p: Product): Readonly<Record<string, number>>;
}

/** A kernel set up for products of one shape. */
export interface Variant {
  readonly kernel: MatmulKernel;
  /** Overrides that depend on the shape. */
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups that make up C. */
  readonly groups: number;
  /** Depth is split at multiples of this. */
  readonly depthGrain: number;
  /** A split shorter than this does not pay for its partial result. */
  readonly shortestSplit: number;
  /** Workgroups that keep the adapter busy. */
  readonly enoughWorkgroups: number;
}
