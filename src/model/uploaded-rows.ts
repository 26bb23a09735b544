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
export function* uploadRows(workspace: Workspace, rows: CheckedRows, labelSmoothing: number): InPieces<UploadedRows> {
  const { x } = yield* onDevice(workspace, rows);
  return { x, targets: uploadTargets(workspace, rows, labelSmoothing) };
}

/** The same rows, with X on the device: memory of the workspace, unless it was a tensor already. */
export function* onDevice<Rows extends CheckedRows>(
  workspace: Workspace,
  rows: Rows,
): InPieces<Omit<Rows, "x"> & { readonly x: Tensor | SparseTensor }> {
  return { ...rows, x: yield* featuresOnDevice(workspace, rows.x) };
}

/** X by itself, likewise. */
export function* featuresOnDevice(workspace: Workspace, x: CheckedRows["x"]): InPieces<Tensor | SparseTensor> {
  if (x instanceof Tensor || x instanceof SparseTensor) return x;
  if (isSparseMatrix(x)) return workspace.keep(sparseTensorOn(workspace.engine, x));
  return yield* workspace.denseInPieces(x);
}

/** What rows are to be told as, without their features. */
export function uploadTargets(
  workspace: Workspace,
  { x, y, weights }: CheckedRows,
  labelSmoothing: number,
): TrainingTargets {
  const soft = y.kind === "soft" ? { data: y.targets, shape: [x.rows, y.classes.length] } : undefined;
  return {
    labels: y.kind === "labels" ? workspace.tensor(y.indices) : undefined,
    soft: soft && workspace.tensor(soft),
    rowWeight: weights && workspace.tensor(weights),
    labelSmoothing,
  };
}
