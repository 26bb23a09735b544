/** Checked rows on their way to the device. */
import { isSparseMatrix } from "../data/sparse-matrix.js";
import { inTurns } from "../engine/in-turns.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import { isSparseTensor } from "../engine/tensor-engine.js";
import type { TrainingTargets } from "../losses/loss.js";
import type { Workspace } from "../solvers/workspace.js";
import type { CheckedRows } from "./training-data.js";

/** Rows on the device. */
export interface UploadedRows {
  readonly x: Tensor | SparseTensor;
  readonly targets: TrainingTargets;
}

/** Memory of the workspace, but for features that are a tensor already. `onTurn` is called after each turn of the page's, and may throw. */
export async function uploadRows(
  workspace: Workspace,
  rows: CheckedRows,
  labelSmoothing: number,
  onTurn: () => void,
): Promise<UploadedRows> {
  const x = await featuresOnDevice(workspace, rows.x, onTurn);
  return { x, targets: uploadTargets(workspace, rows, labelSmoothing) };
}

/** The same rows, with X on the device: memory of the workspace, unless it was a tensor already. */
export async function onDevice<Rows extends CheckedRows>(
  workspace: Workspace,
  rows: Rows,
  onTurn: () => void,
): Promise<Omit<Rows, "x"> & { readonly x: Tensor | SparseTensor }> {
  return { ...rows, x: await featuresOnDevice(workspace, rows.x, onTurn) };
}

/** X by itself, likewise. */
export async function featuresOnDevice(
  workspace: Workspace,
  x: CheckedRows["x"],
  onTurn: () => void,
): Promise<Tensor | SparseTensor> {
  if (x instanceof Tensor || isSparseTensor(x)) return x;
  if (!isSparseMatrix(x)) return inTurns(workspace.denseInPieces(x), onTurn);
  // Loaded here: most rows are dense.
  const { sparseTensorOn } = await import("../engine/sparse-tensor.js");
  onTurn();
  return workspace.keep(sparseTensorOn(workspace.engine, x));
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
