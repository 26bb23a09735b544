/** What `engine.matmul` is told beside its operands. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import type { MatmulArguments } from "../ops/matmul.js";
import { matmulShape } from "../ops/matmul.js";
import { requireTensors } from "./check-arguments.js";
import type { Tensor } from "./tensor.js";

/** `alpha · op(A) · op(B) + bias`: which operand is transposed, what is added, where the product goes. */
export interface MatmulOptions {
  /** Use Aᵀ. */
  readonly transposeA?: boolean;
  /** Use Bᵀ. */
  readonly transposeB?: boolean;
  /** `[columns of C]`, added to every row. */
  readonly bias?: Tensor;
  /** Factor of the product, 1 unless given. */
  readonly alpha?: number;
  /**
   * `"f16"`: the operands may be rounded to halves where the device multiplies those faster, which takes an engine made with
   * `halfPrecision`; sums are f32. A product is then off by at most 2⁻⁹ of itself, in an operand what lies beyond ±65504 counts
   * as that, and what is below 2⁻¹⁴ may count as zero. `"f32"` unless given.
   */
  readonly precision?: "f32" | "f16";
  /** With `transposeA`: give C one more row, the sums of B's columns, as if A had a last column of ones. */
  readonly ones?: boolean;
  /** Write here rather than into a new tensor. */
  readonly out?: Tensor;
}

/** @throws OptionError for an option that is unknown, or a precision that is */
export function requireMatmulOptions(options: MatmulOptions): void {
  requireKnownOptions(options, ["transposeA", "transposeB", "bias", "alpha", "ones", "out", "precision"], "matmul");
  const { precision = "f32" } = options;
  if (precision === "f32" || precision === "f16") return;
  throw new OptionError(
    "BAD_OPTION",
    `matmul: unknown precision: expected "f32" or "f16", got ${describeValue(precision)}.`,
  );
}

/** The op's arguments but for `out`, and the shape of that. @throws ShapeError, DataError, OptionError */
export function matmulCall(
  a: Tensor,
  b: Tensor,
  options: MatmulOptions,
): { args: Omit<MatmulArguments<Tensor>, "out">; shape: readonly number[] } {
  requireTensors("matmul", { a, b });
  requireMatmulOptions(options);
  const { transposeA = false, transposeB = false, bias, alpha = 1, ones = false, precision = "f32" } = options;
  const args = { a, b, transposeA, transposeB, bias, alpha, ones, halves: precision === "f16" };
  const { rows, columns } = matmulShape(args);
  return { args, shape: [rows, columns] };
}
