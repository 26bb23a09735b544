/** Everything a fit is given, checked at the door and then put on the device. Nothing is uploaded before all of it is sound. */
import type { DenseMatrix } from "../data/matrix.js";
import { toDenseMatrix } from "../data/matrix.js";
import { Tensor } from "../engine/tensor.js";
import type { TensorEngine } from "../engine/tensor-engine.js";
import { OptionError, ShapeError } from "../errors.js";
import type { TrainingTargets } from "../losses/loss.js";
import type { EncodedLabels, Label, LabelsLike } from "./labels.js";
import { checkSampleWeight, encodeAgainst, encodeLabels } from "./labels.js";
import type { Features, FitOptions } from "./model-options.js";

export interface CheckedRows {
  readonly x: DenseMatrix | Tensor;
  readonly y: EncodedLabels;
}

export interface CheckedData extends CheckedRows {
  readonly weights: Float32Array | undefined;
  readonly validation: CheckedRows | undefined;
}

/** Rows on the device; `own` is what was uploaded and must be disposed of. */
export interface UploadedRows {
  readonly x: Tensor;
  readonly targets: TrainingTargets;
  readonly own: readonly Tensor[];
}

export function checkFeatures(x: Features, where: string, name: string): DenseMatrix | Tensor {
  return x instanceof Tensor ? x : toDenseMatrix(x, where, name);
}

/** @throws ShapeError, DataError, LabelError, OptionError before anything has changed */
export function checkData(
  x: Features,
  y: LabelsLike,
  options: FitOptions,
  declared: readonly Label[] | undefined,
): CheckedData {
  const checked = checkFeatures(x, "fit", "X");
  const labels = encodeLabels(y, checked.rows, { where: "fit", ...(declared ? { classes: declared } : {}) });
  const weights = options.sampleWeight && checkSampleWeight(options.sampleWeight, checked.rows, "fit");
  const { validation } = options;
  if (!validation) return { x: checked, y: labels, weights, validation: undefined };
  if (validation.x === undefined || validation.y === undefined) {
    throw new OptionError(
      "BAD_OPTION",
      "fit: option `validation` cannot be used: expected { x, y }, got an object without both.",
    );
  }
  const vx = checkFeatures(validation.x, "fit", "validation.x");
  if (vx.columns !== checked.columns) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `fit: validation.x has another number of features: expected ${checked.columns}, got ${vx.columns}.`,
    );
  }
  const vy = encodeAgainst(labels.classes, validation.y, vx.rows, "fit: validation");
  return { x: checked, y: labels, weights, validation: { x: vx, y: vy } };
}

export function uploadFeatures(engine: TensorEngine, x: DenseMatrix | Tensor): Tensor {
  if (x instanceof Tensor) return x;
  return engine.tensor({ data: x.data, shape: [x.rows, x.columns], scale: x.scale, offset: x.offset });
}

export function uploadRows(
  engine: TensorEngine,
  { x, y }: CheckedRows,
  weights: Float32Array | undefined,
): UploadedRows {
  const own: Tensor[] = [];
  const keep = (t: Tensor): Tensor => {
    own.push(t);
    return t;
  };
  const features = x instanceof Tensor ? x : keep(uploadFeatures(engine, x));
  return {
    x: features,
    targets: {
      labels: y.kind === "labels" ? keep(engine.tensor(y.indices)) : undefined,
      soft:
        y.kind === "soft"
          ? keep(engine.tensor({ data: y.targets, shape: [features.rows, y.classes.length] }))
          : undefined,
      rowWeight: weights && keep(engine.tensor(weights)),
    },
    own,
  };
}
