/** Checked rows on their way to the device. */
import type { InPieces } from "../data/pieces.js";
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { SparseTensor, sparseTensorOn } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import type { TrainingTargets } from "../losses/loss.js";
import type { Workspace } from "../solvers/workspace.js";
import type { CheckedRows } from "./training-data.js";

/** Rows on the device. */
export interface UploadedRows {
  readonly x: Tensor | SparseTensor;
  readonly targets: TrainingTargets;
}

/** Memory of the workspace, but for features that are a tensor already. */
export function* uploadRows(
  workspace: Workspace,
  { x, y, weights }: CheckedRows,
  labelSmoothing: number,
): InPieces<UploadedRows> {
  const features =
    x instanceof Tensor || x instanceof SparseTensor
      ? x
      : isSparseMatrix(x)
        ? workspace.keep(sparseTensorOn(workspace.engine, x))
        : yield* workspace.denseInPieces(x);
  const soft = y.kind === "soft" ? { data: y.targets, shape: [x.rows, y.classes.length] } : undefined;
  return {
    x: features,
    targets: {
      labels: y.kind === "labels" ? workspace.tensor(y.indices) : undefined,
      soft: soft && workspace.tensor(soft),
      rowWeight: weights && workspace.tensor(weights),
      labelSmoothing,
    },
  };
}
