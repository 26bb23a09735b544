/** `engine.matmul` of a sparse matrix: `α·X·B + bias`, or `α·Xᵀ·B`, block of rows by block of rows. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { matmulShape } from "../ops/matmul.js";
import type { Op } from "../ops/op.js";
import { requireShape } from "../ops/shape-rule.js";
import { sparseProduct } from "../ops/sparse-product.js";
import { requireTensors } from "./check-arguments.js";
import type { MatmulOptions } from "./matmul-options.js";
import { requireMatmulOptions } from "./matmul-options.js";
import type { SparseSource } from "./sparse-source.js";
import type { Tensor } from "./tensor.js";

/** An engine, for which ops are recorded. */
interface Recorder {
  run<A extends object>(op: Op<A>, args: A): void;
}

export interface SparseMatmul {
  readonly shape: readonly [number, number];
  /** Records the products that it takes. */
  into(out: Tensor, engine: Recorder): void;
}

/** @throws ShapeError, DataError, OptionError */
export function sparseMatmul(x: SparseSource, b: Tensor, options: MatmulOptions): SparseMatmul {
  requireTensors("matmul", { b });
  requireMatmulOptions(options);
  const { transposeA = false, transposeB = false, bias, alpha = 1, ones = false } = options;
  if (transposeB) throw refused("transposeB", "B as it is", transposeB);
  if (transposeA && bias) throw refused("bias", "none with transposeA", bias);
  const { rows, columns } = matmulShape({ a: x, b, transposeA, transposeB, ones });
  return {
    shape: [rows, columns],
    into(out, engine) {
      requireShape("matmul", "out", out, rows, columns);
      const blocks = transposeA ? x.byColumn() : x.byRow();
      for (const { firstRow, rows: count, lines } of blocks) {
        const part = (t: Tensor): Tensor => (blocks.length === 1 ? t : t.slice(firstRow, count));
        const sides = transposeA ? { b: part(b), bias: undefined, out } : { b, bias, out: part(out) };
        // The first of the columns is one of ones.
        const first = transposeA && !ones ? 1 : 0;
        const keep = transposeA && firstRow > 0;
        engine.run(sparseProduct, { ...lines, ...sides, alpha, keep, first, count: lines.count - first });
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
