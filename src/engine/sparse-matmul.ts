/** `engine.matmul` of a sparse matrix: `α·X·B + bias`, or `α·Xᵀ·B`, block of rows by block of rows. */
import { describeValue } from "../data/describe-value.js";
import { OptionError, ShapeError } from "../errors.js";
import { matmulShape } from "../ops/matmul.js";
import { requireShape } from "../ops/shape-rule.js";
import type { SparseProductArguments } from "../ops/sparse-product.js";
import { requireTensors } from "./check-arguments.js";
import type { MatmulOptions } from "./matmul-options.js";
import { requireMatmulOptions } from "./matmul-options.js";
import type { SparseTensor } from "./sparse-tensor.js";
import type { Tensor } from "./tensor.js";

export interface SparseMatmul {
  readonly shape: readonly [number, number];
  /** Calls `run` for each product that it takes, in this order. */
  into(out: Tensor, run: (args: SparseProductArguments<Tensor>) => void): void;
}

/** @throws ShapeError, DataError, OptionError */
export function sparseMatmul(owner: object, x: SparseTensor, b: Tensor, options: MatmulOptions): SparseMatmul {
  requireTensors("matmul", { b });
  requireMatmulOptions(options);
  const { transposeA = false, transposeB = false, bias, alpha = 1, ones = false } = options;
  if (x.owner !== owner) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      "matmul: a sparse tensor belongs to another engine. Make it anew with this one.",
    );
  }
  if (transposeB) throw refused("transposeB", "B as it is", transposeB);
  if (transposeA && bias) throw refused("bias", "none with transposeA", bias);
  const { rows, columns } = matmulShape({ a: x, b, transposeA, transposeB, ones });
  return {
    shape: [rows, columns],
    into(out, run) {
      requireShape("matmul", "out", out, rows, columns);
      const blocks = transposeA ? x.byColumn : x.byRow;
      for (const { firstRow, rows: count, lines } of blocks) {
        const part = (t: Tensor): Tensor => (blocks.length === 1 ? t : t.slice(firstRow, count));
        const sides = transposeA ? { b: part(b), bias: undefined, out } : { b, bias, out: part(out) };
        // The first of the columns is one of ones.
        const first = transposeA && !ones ? 1 : 0;
        const keep = transposeA && firstRow > 0;
        run({ ...lines, ...sides, alpha, keep, first, count: lines.count - first });
      }
    },
  };
}

function refused(option: string, expected: string, got: unknown): OptionError {
  return new OptionError(
    "BAD_OPTION",
    `matmul: option \`${option}\` does not go with a sparse A: expected ${expected}, got ${describeValue(got)}.`,
  );
}
