/**
 * Linear layers as PyTorch and scikit-learn keep them: weight [k×d], one row a class, in any order of the classes.
 * Imports the neighbours in this folder.
 */
import type { FittedModel } from "./fitted-model.js";
import type { ModelContent } from "./json.js";

type Label = ModelContent["classes"][number];

/** Scores are `x · weightᵀ + bias`. */
export interface ClassRows {
  /** [k×d], row by row */
  readonly weight: ArrayLike<number>;
  /** [k] */
  readonly bias: ArrayLike<number>;
  /** The classes in the order of the rows, each once, all of one type. */
  readonly classes: readonly Label[];
}

/** Wᵀ [k×d] of a model, row by row. */
export function weightRows({ coef: { data, shape } }: FittedModel): Float32Array {
  const [d, k] = shape;
  const weight = new Float32Array(k * d);
  for (let j = 0; j < k; j++) for (let f = 0; f < d; f++) weight[j * d + f] = data[f * k + j];
  return weight;
}

/** The model of such a layer: W [d×k] with its columns in the order of the sorted classes. */
export function contentOfRows({ weight, bias, classes }: ClassRows): ModelContent {
  const k = classes.length;
  const features = weight.length / k;
  const order = classes.map((label, row) => ({ label: label === 0 ? 0 : label, row }));
  order.sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : 0));
  const theta = new Float32Array((features + 1) * k);
  for (let j = 0; j < k; j++) {
    const { row } = order[j];
    for (let f = 0; f < features; f++) theta[f * k + j] = weight[row * features + f];
    theta[features * k + j] = bias[row];
  }
  return { classes: order.map(({ label }) => label), features, theta };
}

/** Whether `value` lists at least two labels of one type, none of them twice. */
export function isLabelList(value: unknown): value is Label[] {
  if (!Array.isArray(value) || value.length < 2) return false;
  const type = typeof value[0];
  if (type !== "number" && type !== "string" && type !== "boolean") return false;
  const fits = Array.from(value, (label) => typeof label === type && (type !== "number" || Number.isFinite(label)));
  return !fits.includes(false) && new Set(value).size === value.length;
}
