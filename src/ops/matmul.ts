/**
 * `C = α · op(A) · op(B) + bias`, op the identity or the transpose. A may hold bytes or halves; sums are kept in f32 at least.
 * With `ones`, Aᵀ has one more row, all ones, below its own: `[A, 1]ᵀ · G` is the gradient of weights and intercept at once.
 */
import { at } from "./host-matrix.js";
import { planMatmul } from "./matmul-plan.js";
import type { MatmulArguments } from "./matmul-shape.js";
import { matmulShape } from "./matmul-shape.js";
import type { HostMatrix, On, Op } from "./op.js";
import { requireShape } from "./shape-rule.js";

export type { MatmulArguments } from "./matmul-shape.js";
export { matmulShape } from "./matmul-shape.js";

function reference(args: On<MatmulArguments, HostMatrix>): void {
  const { a, b, out, transposeA, transposeB, bias, alpha, ones } = args;
  const { rows, columns, depth } = matmulShape(args);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let l = 0; l < depth; l++) {
        const left = ones && i === rows - 1 ? 1 : transposeA ? at(a, l, i) : at(a, i, l);
        sum += left * (transposeB ? at(b, j, l) : at(b, l, j));
      }
      out.data[i * columns + j] = alpha * sum + (bias ? at(bias, 0, j) : 0);
    }
  }
}

export const matmul: Op<MatmulArguments> = {
  name: "matmul",
  types: { a: ["f32", "f16", "u8"] },
  check(args) {
    const { rows, columns } = matmulShape(args);
    requireShape("matmul", "out", args.out, rows, columns);
    if (args.bias) requireShape("matmul", "bias", args.bias, 1, columns);
  },
  reference,
  plan: planMatmul,
};
