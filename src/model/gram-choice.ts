/** When L-BFGS takes a Gram matrix for its preconditioner. */
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { isSparseTensor, type TensorEngine } from "../engine/tensor-engine.js";
import type { LinearProblem } from "../losses/linear-problem.js";
import { gramPays, MOST_GRAM_PARAMETERS } from "../ops/gram-plan.js";
import { gramObstacle, refuseGram } from "./gram-option.js";
import type { ModelOptions } from "./model-options.js";
import type { CheckedRows } from "./training-data.js";

/** Whether a fit of these rows has one. @throws OptionError where it was asked for and cannot be */
export function gramFor(
  options: ModelOptions,
  x: CheckedRows["x"],
  classes: number,
  { traits }: TensorEngine,
): LinearProblem["gram"] {
  const { preconditioner } = options;
  if (preconditioner === "means" || gramObstacle(options)) return undefined;
  const { rows, columns } = x;
  const isSparse = isSparseTensor(x) || ("starts" in x && isSparseMatrix(x));
  if (preconditioner === "auto") return !isSparse && gramPays({ rows, columns, classes }, traits) ? "auto" : undefined;
  if (isSparse) throw refuseGram("fit", "X to be dense, got sparse rows");
  if (columns < MOST_GRAM_PARAMETERS) return "always";
  throw refuseGram("fit", `X of at most ${MOST_GRAM_PARAMETERS - 1} columns, got ${columns}`);
}
