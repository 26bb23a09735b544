/** The rows of `fitPath` and `crossValidate`: checked once at the door, uploaded once, trained on with several weightings. */
import { isSparseMatrix } from "../data/sparse-matrix.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { RowWeighting } from "../losses/joined-problem.js";
import type { Workspace } from "../solvers/workspace.js";
import type { CheckedJoinedOptions } from "./joined-options.js";
import type { LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeLabels } from "./labels.js";
import type { Features } from "./model-options.js";
import { countedWeights } from "./row-weights.js";
import type { CheckedFeatures, CheckedRows } from "./training-data.js";
import { checkFeatures, weighted } from "./training-data.js";

/** Rows whose weights are the sample weights, 0 where a label is ignored; class weights are not in them yet. */
export function checkJoinedRows(
  x: Features,
  y: LabelsLike,
  { model, fit }: CheckedJoinedOptions,
  where: string,
): CheckedRows {
  const checked = checkFeatures(x, where, "X", model.features);
  const { classes, ignoreLabel: ignore } = model;
  const labels = encodeLabels(y, checked.rows, { where, ignore, ...(classes && { classes }) });
  const given = fit.sampleWeight && checkSampleWeight(fit.sampleWeight, checked.rows, where);
  return { x: checked, y: labels, weights: countedWeights(labels, given, where) };
}

/** The same rows, with X on the device: memory of the workspace, unless it was a tensor already. */
export async function onDevice(
  workspace: Workspace,
  rows: CheckedRows,
): Promise<Omit<CheckedRows, "x"> & { readonly x: Tensor | SparseTensor }> {
  const x = rows.x as CheckedFeatures;
  if (x instanceof Tensor) return { ...rows, x };
  if (!isSparseMatrix(x)) return { ...rows, x: workspace.fromDense(x) };
  const { sparseTensorOn } = await import("../engine/sparse-tensor.js");
  const sparse = workspace.keep(sparseTensorOn(workspace.engine, x));
  await sparse.prepareTranspose();
  return { ...rows, x: sparse };
}

/** @throws ShapeError for a tensor of another engine, DisposedError */
export function requireOwnRows(engine: TensorEngine, where: string, { x }: CheckedRows): void {
  if (x instanceof Tensor) engine.requireOwn(where, x);
}

/** How much each row counts in training, classes considered. */
export function weightingOf(rows: CheckedRows, options: CheckedJoinedOptions, where: string): RowWeighting {
  const { x, weights } = weighted(rows, options.model, where);
  return { weights, total: weights ? weights.reduce((sum, w) => sum + w, 0) : x.rows };
}
