/** What predictions of a fitted model are held against: checked once, whatever asks. */
import type { Fitted } from "./fitted.js";
import type { EncodedLabels, LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeAgainst } from "./labels.js";
import type { JudgeRowsOptions } from "./model-options.js";

export interface JudgedTargets {
  readonly y: EncodedLabels;
  /** `[n]`, or undefined: every row counts 1. */
  readonly weights: Float32Array | undefined;
}

/** @throws LabelError, ShapeError, DataError */
export function judgedTargets(
  where: string,
  fitted: Fitted,
  rows: number,
  y: LabelsLike,
  sampleWeight: JudgeRowsOptions["sampleWeight"],
): JudgedTargets {
  return {
    y: encodeAgainst(fitted.classes, y, rows, where),
    weights: sampleWeight && checkSampleWeight(sampleWeight, rows, where),
  };
}
