/**
 * `Z = X·W + b`, each row's loss and `dZ` as `crossEntropy` gives them, Z itself being left nowhere: on a GPU the product leaves Z in
 * parts, by splits of the sum over features, and cross-entropy adds them up as it reads them.
 */

import { ShapeError } from "../errors.js";
import type { CrossEntropyArguments } from "./cross-entropy.js";
import { crossEntropy, planCrossEntropy } from "./cross-entropy.js";
import { hostMatrix, rowsOf } from "./host-matrix.js";
import { matmul } from "./matmul.js";
import { planProductParts } from "./matmul-plan.js";
import type { Matrix, Op } from "./op.js";
import { describe, requireShape } from "./shape-rule.js";

export interface LinearLossArguments<M extends Matrix = Matrix> extends Omit<CrossEntropyArguments<M>, "logits"> {
  /** n × d, of any element type of features. */
  readonly x: M;
  /** d × k */
  readonly w: M;
  /** 1 × k */
  readonly bias: M | undefined;
}

const PLAIN = { transposeA: false, transposeB: false, alpha: 1, ones: false } as const;

export const linearLoss: Op<LinearLossArguments> = {
  name: "linearLoss",
  writes: ["loss", "gradient"],
  types: { x: ["f32", "f16", "u8"], labels: ["i32"] },
  check(args) {
    const { x, w, bias } = args;
    if (w.rows !== x.columns) {
      throw new ShapeError(
        "SHAPE_MISMATCH",
        `linearLoss: W does not match X: expected ${x.columns} rows, one a feature, got ${describe(w)}.`,
      );
    }
    if (bias) requireShape("linearLoss", "bias", bias, 1, w.columns);
    crossEntropy.check({ ...args, logits: { rows: x.rows, columns: w.columns } });
  },
  slice: (args, first, rows) => {
    const { x, ...rest } = args;
    const sliced = crossEntropy.slice?.({ ...rest, logits: x }, first, rows);
    return { ...args, ...sliced, x: rowsOf(x, first, rows) };
  },
  reference(args) {
    const { x, w, bias } = args;
    const logits = hostMatrix(new Float64Array(x.rows * w.columns), x.rows, w.columns);
    matmul.reference({ a: x, b: w, bias, out: logits, ...PLAIN });
    crossEntropy.reference({ ...args, logits });
  },
  plan(args, planner) {
    const { first, count, stride } = planProductParts({ a: args.x, b: args.w, bias: args.bias }, planner);
    planCrossEntropy({ ...args, logits: first }, planner, { count, stride });
  },
};
