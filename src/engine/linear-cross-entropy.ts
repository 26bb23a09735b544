/**
 * `engine.linearCrossEntropy`: the loss of `X·W + b` and its gradients with respect to W, b and X: in two launches where the
 * device's plan is the fused one and dX is not asked for. Else rows are taken in chunks, so that logits and their gradient
 * never exist for more rows than a fixed budget holds, however many classes there are.
 */

import { OptionError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { crossEntropy } from "../ops/cross-entropy.js";
import { linearGradient } from "../ops/linear-gradient.js";
import { linearLoss } from "../ops/linear-loss.js";
import { choosePlan } from "../ops/step-plan.js";
import { requireTensors } from "./check-arguments.js";
import type { CrossEntropyOptions, PreparedTargets, Targets } from "./cross-entropy.js";
import { CROSS_ENTROPY_OPTIONS, prepareTargets, reducedLoss, reductionOf } from "./cross-entropy.js";
import { stacked } from "./stacked.js";
import type { Tensor } from "./tensor.js";
import type { TensorEngine } from "./tensor-engine.js";

/** As for `crossEntropy`, and which gradients are wanted. */
export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /** Compute dX too. */
  readonly inputGradient?: boolean;
}

/** The loss and the gradients that were asked for, on the device; each is the caller's to dispose of. */
export interface LinearCrossEntropyResult {
  /** `[1]` */
  readonly loss: Tensor;
  /** [d×k] */
  readonly dWeights: Tensor;
  /** [1×k]; undefined when no bias was given. */
  readonly dBias: Tensor | undefined;
  /** [n×d]; undefined unless `inputGradient` was asked for. */
  readonly dX: Tensor | undefined;
}

/** Bytes that a chunk's logits and their gradient may take together. */
const CHUNK_BYTES = 64 * 1024 * 1024;
const ROW_GRAIN = 64;

export function linearCrossEntropyOn(
  engine: TensorEngine,
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  targets: Targets,
  options: LinearCrossEntropyOptions,
): LinearCrossEntropyResult {
  requireTensors("linearCrossEntropy", b ? { x, w, b } : { x, w });
  requireKnownOptions(options, CROSS_ENTROPY_OPTIONS, "linearCrossEntropy");
  if (options.reduction === "none") {
    throw new OptionError(
      "BAD_OPTION",
      'linearCrossEntropy: reduction "none" is not available: expected "mean" or "sum". Use crossEntropy on the logits.',
    );
  }
  if (w.rows !== x.columns) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `linearCrossEntropy: W has the wrong number of rows: expected ${x.columns}, the features of X, got ${w.rows}.`,
    );
  }
  const t = prepareTargets(engine, x.rows, w.columns, targets, options);
  return isFused(engine, x, w, options) ? fused(engine, x, w, b, t) : inChunks(engine, x, w, b, t, options);
}

function isFused(engine: TensorEngine, x: Tensor, w: Tensor, { inputGradient }: LinearCrossEntropyOptions): boolean {
  if (inputGradient || x.type === "i32") return false;
  return choosePlan({ features: x.columns, classes: w.columns }, engine.traits).name === "fused";
}

function fused(
  engine: TensorEngine,
  x: Tensor,
  w: Tensor,
  bias: Tensor | undefined,
  { own, reduction, ...targets }: PreparedTargets,
): LinearCrossEntropyResult {
  const [loss, dWeights] = [engine.empty([1]), engine.empty([w.rows, w.columns])];
  const dBias = bias && engine.empty([1, w.columns]);
  const all = { x, theta: w, bias, order: undefined, first: 0, rows: x.rows };
  const plain = { mean: reduction === "mean", l2: 0, penalisedRows: 0 };
  try {
    engine.run(linearGradient, { ...all, ...targets, ...plain, gradient: dWeights, dBias, loss });
    return { loss, dWeights, dBias, dX: undefined };
  } catch (error) {
    for (const each of [loss, dWeights, dBias]) each?.dispose();
    throw error;
  } finally {
    for (const each of own) each.dispose();
  }
}

function inChunks(
  engine: TensorEngine,
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  t: PreparedTargets,
  options: LinearCrossEntropyOptions,
): LinearCrossEntropyResult {
  const { rows, columns: features } = x;
  const classes = w.columns;
  const chunk = Math.min(
    rows,
    Math.max(1, Math.floor(CHUNK_BYTES / (8 * Math.ceil(classes / 4) * 4 * ROW_GRAIN))) * ROW_GRAIN,
  );
  const temporary: Tensor[] = [...t.own];
  const keep = <T extends Tensor | undefined>(made: T): T => {
    if (made) temporary.push(made);
    return made;
  };
  /** What the caller gets, unless something is refused. */
  const results: Tensor[] = [];
  const give = (made: Tensor): Tensor => {
    results.push(made);
    return made;
  };
  try {
    const reduction = reductionOf(engine, t, rows, classes);
    keep(reduction.denominator);
    const losses = give(engine.empty([rows]));
    // The CPU's fast paths are the product and the rows, each by itself.
    const logits = engine.device === "cpu" ? keep(engine.empty([chunk, classes])) : undefined;
    const dLogits = keep(engine.empty([chunk, classes]));
    // dW and db are one product, [X, 1]ᵀ·G.
    const { whole: gradient, parts } = stacked(engine, b ? [features, 1] : [features], classes);
    const [dWeights, dBias] = parts.map(give) as [Tensor, Tensor | undefined];
    const part = chunk < rows ? keep(engine.empty([gradient.rows, classes])) : undefined;
    const dX = options.inputGradient ? give(engine.empty([rows, features])) : undefined;
    for (let first = 0; first < rows; first += chunk) {
      const count = Math.min(chunk, rows - first);
      const [g, xs] = [dLogits.slice(0, count), x.slice(first, count)];
      const targets = {
        gradient: g,
        loss: losses.slice(first, count),
        ...reduction,
        labels: t.labels?.slice(first, count),
        soft: t.soft?.slice(first, count),
        classWeight: t.classWeight,
        rowWeight: t.rowWeight?.slice(first, count),
        labelSmoothing: t.labelSmoothing,
        ignoreIndex: t.ignoreIndex,
      };
      if (logits) {
        const z = logits.slice(0, count);
        engine.matmul(xs, w, { ...(b ? { bias: b } : {}), out: z });
        engine.run(crossEntropy, { ...targets, logits: z });
      } else {
        engine.run(linearLoss, { ...targets, x: xs, w, bias: b });
      }
      const into = first === 0 ? gradient : (part as Tensor);
      engine.matmul(xs, g, { transposeA: true, ones: b !== undefined, out: into });
      if (into !== gradient) engine.addScaled(gradient, 1, into);
      if (dX) engine.matmul(g, w, { transposeB: true, out: dX.slice(first, count) });
    }
    return { loss: reducedLoss(engine, losses, reduction), dWeights, dBias, dX };
  } catch (error) {
    for (const each of results) each.dispose();
    throw error;
  } finally {
    for (const each of temporary) each.dispose();
  }
}
