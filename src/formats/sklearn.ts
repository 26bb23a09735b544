/**
 * Coefficients as scikit-learn's `LogisticRegression` keeps them: one row a class, or a single row for two classes, whose score
 * is that of the second against the first.
 */
import { toDenseMatrix } from "../data/matrix.js";
import type { MatrixLike } from "../data/matrix-like.js";
import { DataError, type LuceError, ShapeError } from "../errors.js";
import { contentOfRows, weightRows } from "./class-rows.js";
import type { FittedModel } from "./fitted-model.js";
import type { ModelContent } from "./json.js";
import { requireModel } from "./model-side.js";

type Labels = readonly (number | string | boolean)[];

/** `coef_`, `intercept_` and `classes_` of a fitted `LogisticRegression`, as plain numbers. */
export interface SklearnModel {
  /** [k×d], or [1×d] for two classes */
  readonly coef: readonly (readonly number[])[];
  /** [k], or [1] for two classes */
  readonly intercept: readonly number[];
  /** `classes_`, in the order of the rows of `coef`. */
  readonly classes: Labels;
}

/** The same in any form of a matrix. */
export interface SklearnParameters {
  /** `coef_` [k×d], or [1×d] for two classes. */
  readonly coef: MatrixLike;
  /** Zeros unless given. */
  readonly intercept?: ArrayLike<number>;
  /** In the order of the rows; 0 … k − 1 unless given. */
  readonly classes?: Labels;
  /**
   * Says of a single row that it is from `multi_class="multinomial"`, where the scores of the two classes are −s and s; otherwise they
   * are 0 and s, which is what scikit-learn does unless it is told. Default false.
   */
  readonly multinomial?: boolean;
}

const WHERE = "fromSklearn";

/**
 * `coef` [k×d], `intercept` [k] (both over the temperature of a calibrated model) and `classes`, for `JSON.stringify`; for two classes `coef` is [1×d], the difference of their columns,
 * since scikit-learn takes two rows for two separate models. In Python, with `m = LogisticRegression()` and the JSON as `j`:
 * `m.coef_, m.intercept_, m.classes_ = (numpy.array(j[name]) for name in ("coef", "intercept", "classes"))`, then `m.predict_proba(x)`.
 * Before scikit-learn 1.5, more than two classes need `LogisticRegression(multi_class="multinomial")` or its default solver.
 *
 * @throws NotFittedError
 */
export function toSklearn(model: FittedModel): SklearnModel {
  requireModel(model, "toSklearn");
  const { temperature = 1 } = model;
  const classes = [...model.classes];
  const [d, k] = model.coef.shape;
  const weight = weightRows(model);
  // scikit-learn knows no temperature: it goes into the coefficients.
  const cooled = (values: Float32Array): number[] => Array.from(values, (value) => value / temperature);
  const intercept = cooled(model.intercept);
  const rows = Array.from({ length: k }, (_, j) => cooled(weight.subarray(j * d, (j + 1) * d)));
  if (k > 2) return { coef: rows, intercept, classes };
  const [first, second] = rows as [number[], number[]];
  return { coef: [second.map((w, f) => w - first[f])], intercept: [intercept[1] - intercept[0]], classes };
}

/**
 * The model with the same probabilities. The row of two classes becomes a column of each, half of it with either sign.
 * @throws ShapeError, DataError as for any matrix; `wrongClasses` when there are not as many as rows
 */
export function readSklearn(
  { coef, intercept, classes, multinomial = false }: SklearnParameters,
  wrongClasses: (rows: number) => LuceError,
): ModelContent {
  const { data, rows, columns: d } = toDenseMatrix(coef, WHERE, "coef", "f32");
  const bias = intercept === undefined ? new Float32Array(rows) : readIntercept(intercept, rows);
  const k = Math.max(2, rows);
  const labels = classes ?? Array.from({ length: k }, (_, j) => j);
  if (labels.length !== k) throw wrongClasses(k);
  if (rows > 1) return contentOfRows({ weight: data as Float32Array, bias, classes: labels });
  const half = multinomial ? 1 : 0.5;
  const weight = Float32Array.from({ length: 2 * d }, (_, i) => (i < d ? -half : half) * data[i % d]);
  return contentOfRows({ weight, bias: [-half * bias[0], half * bias[0]], classes: labels });
}

function readIntercept(intercept: ArrayLike<number>, rows: number): Float32Array {
  if (intercept?.length !== rows) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${WHERE}: coef and intercept differ in length: expected ${rows} values for ${rows} rows of coef, got ${intercept?.length}.`,
    );
  }
  const bias = Float32Array.from(intercept);
  const bad = bias.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return bias;
  throw new DataError(
    "NON_FINITE_INPUT",
    `${WHERE}: the intercept cannot be used: expected numbers within float32's range, got ${intercept[bad]} at ${bad}.`,
  );
}
