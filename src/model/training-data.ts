/** Everything a fit is given, checked at the door and then put on the device. Nothing is uploaded before all of it is sound. */
import type { DenseMatrix, FeatureStorage, SparseMatrix } from "../data/matrix.js";
import { denseMatrix, isSparse, sparseMatrix } from "../data/matrix.js";
import type { InPieces } from "../data/pieces.js";
import { readableInPieces } from "../data/readable.js";
import type { SparseTensor } from "../engine/sparse-tensor.js";
import { Tensor } from "../engine/tensor.js";
import { DataError, OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { judgedTargets } from "./judged-targets.js";
import type { EncodedLabels, LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeLabels } from "./labels.js";
import type { CheckedFitOptions, Features, ModelOptions, ValidationRows } from "./model-options.js";
import { classWeighted, countedWeights } from "./row-weights.js";
import { labelRows, matrixRows, stratifiedSplit, weightRows } from "./validation-split.js";

/** Features that have been checked: a copy, or a tensor of the caller's. */
export type CheckedFeatures = DenseMatrix | SparseMatrix | Tensor;

export interface CheckedRows {
  readonly x: CheckedFeatures | SparseTensor;
  readonly y: EncodedLabels;
  /** `[n]`, or undefined: every row counts 1. */
  readonly weights: Float32Array | undefined;
}

export interface CheckedData extends CheckedRows {
  readonly validation: CheckedRows | undefined;
}

/** A checked copy of a caller's matrix, stored as asked, a piece at a time; or a tensor of the caller's, which stays what and where it is. */
export function featuresInPieces(
  x: Features,
  where: string,
  name: string,
  storage: FeatureStorage,
): InPieces<CheckedFeatures> {
  return readableInPieces({ where, name }, features(x, where, name, storage));
}

function* features(x: Features, where: string, name: string, storage: FeatureStorage): InPieces<CheckedFeatures> {
  if (isSparse(x)) return yield* sparseMatrix(x, where, name, storage);
  if (!(x instanceof Tensor)) return yield* denseMatrix(x, where, name, storage);
  if (x.shape.length !== 2) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: ${name} is not a matrix: expected a tensor of shape [rows, columns], got [${x.shape.join(", ")}].`,
    );
  }
  if (x.type === "i32") {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: ${name} has the wrong element type: expected a tensor of f32, f16 or u8, got ${x.type}.`,
    );
  }
  return x;
}

/** Everything that a fit is given, checked and copied. @throws ShapeError, DataError, LabelError, OptionError before anything has changed */
export function* checkData(
  x: Features,
  y: LabelsLike,
  options: Pick<CheckedFitOptions, "sampleWeight" | "validation">,
  model: Pick<ModelOptions, "classes" | "features" | "ignoreLabel" | "classWeight" | "seed">,
  where = "fit",
): InPieces<CheckedData> {
  const { classes: declared, ignoreLabel } = model;
  const checked = yield* featuresInPieces(x, where, "X", model.features);
  const encoding = { where, ignore: ignoreLabel, ...(declared ? { classes: declared } : {}) };
  const labels = encodeLabels(y, checked.rows, encoding);
  const given = options.sampleWeight && checkSampleWeight(options.sampleWeight, checked.rows, where);
  const all: CheckedRows = { x: checked, y: labels, weights: countedWeights(labels, given, where) };
  const { validation } = options;
  if (validation === undefined) return { ...weighted(all, model, where), validation: undefined };
  if (typeof validation === "number") {
    const { training, validation: held } = yield* shareOut(all, validation, model.seed);
    return { ...weighted(training, model, where), validation: held };
  }
  return {
    ...weighted(all, model, where),
    validation: yield* checkValidation(validation, checked.columns, labels, model),
  };
}

/** The rows as they are trained on: class weights counted in. */
export function weighted(
  { x, y, weights }: CheckedRows,
  { classWeight }: Pick<ModelOptions, "classWeight">,
  where = "fit",
): CheckedRows {
  const all = classWeight === undefined ? weights : classWeighted(y, weights, classWeight, where);
  return { x, y, weights: all && evened(all) };
}

/** The rows in two, of each class alike. */
function* shareOut(
  { x, y, weights }: CheckedRows,
  share: number,
  seed: number,
): InPieces<{ readonly training: CheckedRows; readonly validation: CheckedRows }> {
  if (x instanceof Tensor) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: option `validation` is a share, and X is a tensor: expected { x, y }, since a tensor stays what it is.",
    );
  }
  const split = stratifiedSplit(y, weights, share, seed);
  function* part(rows: Int32Array): InPieces<CheckedRows> {
    return {
      x: yield* matrixRows(x as DenseMatrix | SparseMatrix, rows),
      y: labelRows(y, rows),
      weights: weightRows(weights, rows),
    };
  }
  return { training: yield* part(split.training), validation: yield* part(split.validation) };
}

/** Rows that are not trained on, of the classes and features of those that are. */
export function* checkValidation(
  validation: ValidationRows,
  columns: number,
  labels: EncodedLabels,
  model: Pick<ModelOptions, "features" | "ignoreLabel">,
): InPieces<CheckedRows> {
  requireKnownOptions(validation, ["x", "y", "sampleWeight"], "fit: validation");
  if (validation.x === undefined || validation.y === undefined) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: option `validation` cannot be used: expected { x, y }, got an object without both.",
    );
  }
  const x = yield* featuresInPieces(validation.x, "fit", "validation.x", model.features);
  if (x.columns !== columns) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `fit: validation.x has another number of features: expected ${columns}, got ${x.columns}.`,
    );
  }
  return { x, ...judgedTargets("fit: validation", labels, x.rows, validation, model) };
}

/**
 * The weights times a power of two that brings the largest into [1, 2). J is the same to the last bit, since it divides by
 * their sum, and neither that sum nor its inverse can leave float32, where weights are tiny or huge. Zeros stay zeros.
 */
export function evened(weights: Float32Array): Float32Array {
  const largest = weights.reduce((most, w) => Math.max(most, w), 0) || 1;
  const factor = 2 ** -Math.floor(Math.log2(largest));
  return weights.map((w) => w * factor);
}
