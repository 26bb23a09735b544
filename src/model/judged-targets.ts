/** What predictions of a fitted model are held against: checked once, whatever asks. */
import type { Fitted } from "./fitted.js";
import type { EncodedLabels, LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeAgainst } from "./labels.js";
import type { JudgeRowsOptions, ModelOptions } from "./model-options.js";
import { countedWeights } from "./row-weights.js";

export interface JudgedTargets {
  readonly y: EncodedLabels;
  /** `[n]`, 0 for ignored rows, or undefined: every row counts 1. */
  readonly weights: Float32Array | undefined;
}

/** @throws LabelError, ShapeError, DataError */
export function judgedTargets(
  where: string,
  { classes }: Pick<Fitted, "classes">,
  rows: number,
  given: { readonly y: LabelsLike; readonly sampleWeight?: JudgeRowsOptions["sampleWeight"] },
  { ignoreLabel }: Pick<ModelOptions, "ignoreLabel">,
): JudgedTargets {
  const y = encodeAgainst(classes, given.y, rows, { where, ignore: ignoreLabel });
  const weights = given.sampleWeight === undefined ? undefined : checkSampleWeight(given.sampleWeight, rows, where);
  return { y, weights: countedWeights(y, weights, where) };
}
