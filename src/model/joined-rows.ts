/** The rows of `fitPath` and `crossValidate`: checked once at the door, uploaded once, trained on with several weightings. */
import type { InPieces } from "../data/pieces.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import type { RowWeighting } from "../losses/joined-problem.js";
import type { CheckedJoinedOptions } from "./joined-options.js";
import type { LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeLabels } from "./labels.js";
import type { Features } from "./model-options.js";
import { countedWeights } from "./row-weights.js";
import type { CheckedRows } from "./training-data.js";
import { featuresInPieces, weighted } from "./training-data.js";

/** Rows whose weights are the sample weights, 0 where a label is ignored; class weights are not in them yet. */
export function* checkJoinedRows(
  x: Features,
  y: LabelsLike,
  { model, fit }: CheckedJoinedOptions,
  where: string,
): InPieces<CheckedRows> {
  const checked = yield* featuresInPieces(x, where, "X", model.features);
  const { classes, ignoreLabel: ignore } = model;
  const labels = encodeLabels(y, checked.rows, { where, ignore, ...(classes && { classes }) });
  const given = fit.sampleWeight && checkSampleWeight(fit.sampleWeight, checked.rows, where);
  return { x: checked, y: labels, weights: countedWeights(labels, given, where) };
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
