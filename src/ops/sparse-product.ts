/**
 * `out[line] = α · Σ_p values[p] · B[indices[p]] + bias`, p from `starts[line]` to `starts[line + 1] − 1`: X·W where lines are the rows
 * of a sparse X, and Xᵀ·G where they are its columns. Each line is summed by one owner in the order of its values, so results
 * have the same bits on every run.
 */
import { ShapeError } from "../errors.js";
import { at } from "./host-matrix.js";
import type { Op } from "./op.js";
import { describe, requireShape } from "./shape-rule.js";
import type { SparseProductArguments } from "./sparse-product-arguments.js";
import { planSparseProduct } from "./sparse-product-plan.js";

export type { SparseProductArguments } from "./sparse-product-arguments.js";

export const sparseProduct: Op<SparseProductArguments> = {
  name: "sparseProduct",
  types: { indices: ["i32"], starts: ["i32"], lines: ["i32"] },
  check({ starts, lines, b, bias, out, keep, first, count }) {
    requireShape("sparseProduct", "out", out, lines ? out.rows : count, b.columns);
    if (bias) requireShape("sparseProduct", "bias", bias, 1, b.columns);
    requireShape("sparseProduct", "starts", starts, 1, Math.max(starts.columns, first + count + 1));
    if (lines) requireShape("sparseProduct", "lines", lines, 1, Math.max(lines.columns, first + count));
    if (lines ? bias === undefined : first === 0 && !keep) return;
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `sparseProduct: ${lines ? "a bias is for all rows" : "all rows are written"}: expected ${lines ? "lines without a list" : "a list of lines"}, ` +
        `got ${lines ? "a list" : "none"} for ${describe(out)}.`,
    );
  },
  reference({ values, indices, starts, lines, b, bias, out, alpha, keep, first, count }) {
    const { columns } = out;
    if (lines && !keep) out.data.fill(0);
    for (let i = first; i < first + count; i++) {
      const row = lines ? lines.data[i] : i;
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let p = starts.data[i]; p < starts.data[i + 1]; p++) sum += at(values, 0, p) * at(b, indices.data[p], j);
        const base = lines ? out.data[row * columns + j] : bias ? at(bias, 0, j) : 0;
        out.data[row * columns + j] = alpha * sum + base;
      }
    }
  },
  plan: planSparseProduct,
};
