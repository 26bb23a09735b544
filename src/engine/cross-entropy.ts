/** `engine.crossEntropy`: PyTorch's options on top of the fused kernel, and the door through which its targets come. */

import { describeValue } from "../data/describe-value.js";
import type { MatrixLike, NumericArray } from "../data/matrix.js";
import { toDenseMatrix } from "../data/matrix.js";
import { DataError, LabelError, OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { crossEntropy } from "../ops/cross-entropy.js";
import type { Matrix } from "../ops/op.js";
import { checkTargets } from "../ops/targets.js";
import { totalLoss } from "../ops/total-loss.js";
import { totalWeight, weightParts } from "../ops/total-weight.js";
import { requireTensors } from "./check-arguments.js";
import { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";

/** Class indices, one a row (an Int32 tensor or any array of integers), or target probabilities [n×k]. */
export type Targets = Tensor | NumericArray | readonly number[] | MatrixLike;

/** How rows are weighted, targets softened and losses put together; names and meanings are PyTorch's. */
export interface CrossEntropyOptions {
  /** A weight for each class, `[k]`. */
  readonly classWeight?: Tensor | NumericArray | readonly number[];
  /** A weight for each row, `[n]`, non-negative. */
  readonly sampleWeight?: Tensor | NumericArray | readonly number[];
  /** ε in [0, 1]: targets become `(1 − ε)·q + ε/k`. */
  readonly labelSmoothing?: number;
  /** Rows with this label count for nothing; −100 unless given. For class indices only. */
  readonly ignoreIndex?: number;
  /**
   * `"mean"` (default) divides the sum by the sum of the weights of the rows that count, and by n for target probabilities;
   * 0 when no row counts. `"none"` gives each row's loss and the gradient of their sum.
   */
  readonly reduction?: "none" | "mean" | "sum";
}

/** The loss and its gradient, on the device; each is the caller's to dispose of. */
export interface CrossEntropyResult {
  /** `[1]`, or `[n]` for `reduction: "none"`. */
  readonly loss: Tensor;
  /** [n×k], with respect to the logits. */
  readonly gradient: Tensor;
}

/** Targets and weights as tensors on the engine; `own` are those made here, to be disposed of after recording. */
export interface PreparedTargets {
  readonly labels: Tensor | undefined;
  readonly soft: Tensor | undefined;
  readonly classWeight: Tensor | undefined;
  readonly rowWeight: Tensor | undefined;
  readonly labelSmoothing: number;
  readonly ignoreIndex: number;
  readonly reduction: "none" | "mean" | "sum";
  readonly own: readonly Tensor[];
}

const isPlainVector = (v: unknown): v is NumericArray | readonly number[] =>
  (ArrayBuffer.isView(v) && !(v instanceof DataView)) ||
  (Array.isArray(v) && !(Array.isArray(v[0]) || ArrayBuffer.isView(v[0])));

function checkedLabels(
  values: NumericArray | readonly number[],
  rows: number,
  classes: number,
  ignoreIndex: number,
): Int32Array {
  if (values.length !== rows) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `crossEntropy: labels do not match the logits: expected ${rows}, one a row, got ${values.length}.`,
    );
  }
  const bad = values.findIndex((y: number) => y !== ignoreIndex && !(Number.isInteger(y) && y >= 0 && y < classes));
  if (bad >= 0) {
    throw new LabelError(
      "BAD_LABEL",
      `crossEntropy: the label at row ${bad} is no class: expected an integer in 0 … ${classes - 1} or ignoreIndex ${ignoreIndex}, got ${describeValue(values[bad])}.`,
    );
  }
  return Int32Array.from(values);
}

function checkedWeights(name: string, values: NumericArray | readonly number[]): Float32Array {
  // Rounded first: the devices have float32 only.
  const bad = values.findIndex((w: number) => !(typeof w === "number" && w >= 0 && Number.isFinite(Math.fround(w))));
  if (bad < 0) return Float32Array.from(values);
  throw new DataError(
    "BAD_WEIGHTS",
    `crossEntropy: ${name} ${bad} is unusable: expected a finite number ≥ 0, got ${describeValue(values[bad])}.`,
  );
}

/** The last one is linearCrossEntropy's own. */
/** Known to `crossEntropy` and to `linearCrossEntropy`. */
export const CROSS_ENTROPY_OPTIONS: readonly string[] = [
  "classWeight",
  "sampleWeight",
  "labelSmoothing",
  "ignoreIndex",
  "reduction",
  "inputGradient",
];

/** Checks and uploads what is not yet on the device. Throws before anything is uploaded. */
export function prepareTargets(
  engine: TensorEngine,
  rows: number,
  classes: number,
  targets: Targets,
  options: CrossEntropyOptions,
): PreparedTargets {
  requireKnownOptions(options, CROSS_ENTROPY_OPTIONS, "crossEntropy");
  const { labelSmoothing = 0, ignoreIndex = -100, reduction = "mean", classWeight, sampleWeight } = options;
  if (!(typeof labelSmoothing === "number" && labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new OptionError(
      "BAD_OPTION",
      `crossEntropy: labelSmoothing is out of range: expected 0 … 1, got ${describeValue(labelSmoothing)}.`,
    );
  }
  // Labels are int32: a larger number would wrap round to one that may be a class.
  if (typeof ignoreIndex !== "number" || (ignoreIndex | 0) !== ignoreIndex) {
    throw new OptionError(
      "BAD_OPTION",
      `crossEntropy: ignoreIndex is out of range: expected an integer of 32 bits, got ${describeValue(ignoreIndex)}.`,
    );
  }
  if (reduction !== "none" && reduction !== "mean" && reduction !== "sum") {
    throw new OptionError(
      "BAD_OPTION",
      `crossEntropy: unknown reduction: expected "none", "mean" or "sum", got ${String(reduction)}.`,
    );
  }
  const weights = (
    name: string,
    w: Tensor | NumericArray | readonly number[] | undefined,
    length: number,
  ): Tensor | Float32Array | undefined => {
    if (w === undefined || w instanceof Tensor) return w;
    if (!isPlainVector(w)) {
      throw new DataError(
        "UNSUPPORTED_TYPE",
        `crossEntropy: ${name} cannot be used: expected a tensor or an array of numbers, got ${describeValue(w)}.`,
      );
    }
    if (w.length === length) return checkedWeights(name, w);
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `crossEntropy: ${name} has the wrong length: expected ${length}, got ${w.length}.`,
    );
  };
  const ofClass = weights("classWeight", classWeight, classes);
  const ofRow = weights("sampleWeight", sampleWeight, rows);
  const hard = targets instanceof Tensor ? targets.type === "i32" : isPlainVector(targets);
  const given =
    targets instanceof Tensor
      ? targets
      : isPlainVector(targets)
        ? checkedLabels(targets, rows, classes, ignoreIndex)
        : toDenseMatrix(targets as MatrixLike, "crossEntropy", "targets", "f32");
  const vectorOf = (v: Tensor | Float32Array | undefined): Matrix | undefined =>
    v instanceof Tensor || v === undefined ? v : { rows: 1, columns: v.length };
  const target: Matrix = given instanceof Int32Array ? { rows: 1, columns: given.length } : given;
  checkTargets(
    "crossEntropy",
    {
      labels: hard ? target : undefined,
      soft: hard ? undefined : target,
      classWeight: vectorOf(ofClass),
      rowWeight: vectorOf(ofRow),
      labelSmoothing,
      ignoreIndex,
    },
    rows,
    classes,
  );

  const own: Tensor[] = [];
  const upload = (value: Parameters<TensorEngine["tensor"]>[0]): Tensor => {
    const t = engine.tensor(value);
    own.push(t);
    return t;
  };
  const vector = (v: Tensor | Float32Array | undefined): Tensor | undefined =>
    v === undefined || v instanceof Tensor ? v : upload(v);
  const soft = (): Tensor => {
    if (given instanceof Tensor) return given;
    const { data, rows, columns } = given as ReturnType<typeof toDenseMatrix>;
    return upload({ data, shape: [rows, columns] });
  };
  return {
    labels: hard ? (given instanceof Tensor ? given : upload(given as Int32Array)) : undefined,
    soft: hard ? undefined : soft(),
    classWeight: vector(ofClass),
    rowWeight: vector(ofRow),
    labelSmoothing,
    ignoreIndex,
    reduction,
    own,
  };
}

/** What a reduction makes of the sum of losses and gradients: times `scale`, divided by the sum of the denominator's parts. */
export interface Reduction {
  readonly scale: number;
  readonly denominator: Tensor | undefined;
}

/** A mean divides by Σ r[i]·w[y[i]] for labels, which only the device knows, and by Σ r[i] or n for soft targets. */
export function reductionOf(engine: TensorEngine, t: PreparedTargets, rows: number, classes: number): Reduction {
  const { labels, classWeight, rowWeight, ignoreIndex } = t;
  if (t.reduction !== "mean") return { scale: 1, denominator: undefined };
  if (!labels && !rowWeight) return { scale: 1 / rows, denominator: undefined };
  const out = engine.empty([weightParts(rows, engine.slices), 4]);
  try {
    engine.run(totalWeight, { labels, classes, classWeight, rowWeight, ignoreIndex, out });
  } catch (error) {
    out.dispose();
    throw error;
  }
  return { scale: 1, denominator: out };
}

export function crossEntropyOn(
  engine: TensorEngine,
  logits: Tensor,
  targets: Targets,
  options: CrossEntropyOptions,
): CrossEntropyResult {
  requireTensors("crossEntropy", { logits });
  const t = prepareTargets(engine, logits.rows, logits.columns, targets, options);
  const losses = engine.empty([logits.rows]);
  const gradient = engine.empty([logits.rows, logits.columns]);
  const temporary: Tensor[] = [...t.own];
  try {
    const reduction = reductionOf(engine, t, logits.rows, logits.columns);
    if (reduction.denominator) temporary.push(reduction.denominator);
    const { labels, soft, classWeight, rowWeight, labelSmoothing, ignoreIndex } = t;
    engine.run(crossEntropy, {
      logits,
      labels,
      soft,
      classWeight,
      rowWeight,
      labelSmoothing,
      ignoreIndex,
      loss: losses,
      gradient,
      ...reduction,
    });
    if (t.reduction === "none") return { loss: losses, gradient };
    return { loss: reducedLoss(engine, losses, reduction), gradient };
  } catch (error) {
    gradient.dispose();
    losses.dispose();
    throw error;
  } finally {
    for (const each of temporary) each.dispose();
  }
}

/** `[1]`: Σ losses, reduced. Disposes of `losses`. */
export function reducedLoss(engine: TensorEngine, losses: Tensor, reduction: Reduction): Tensor {
  const loss = engine.empty([1]);
  engine.run(totalLoss, { losses, ...reduction, out: loss });
  losses.dispose();
  return loss;
}
