/** How much each row counts: sample weights, rows that are ignored, class weights. Imports errors and data. */
import { type Label, listClasses } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { LabelError, OptionError } from "../errors.js";
import type { EncodedLabels } from "./labels.js";

/** `"balanced"`, or weights ≥ 0 by class: a Map, or an object for classes whose text is the key. Those not named count 1. */
export type ClassWeight = "balanced" | ReadonlyMap<Label, number> | Readonly<Record<string, number>>;

/** By how much the rows of a class may count: a number ≥ 0 within float32. */
export const isClassFactor = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && Math.fround(value) < Number.POSITIVE_INFINITY;

/** Sample weights with 0 for ignored rows. @throws LabelError BAD_LABEL when no row is left, unless there `mayBeNone` */
export function countedWeights(
  y: EncodedLabels,
  sampleWeight: Float32Array | undefined,
  where: string,
  mayBeNone = false,
): Float32Array | undefined {
  if (y.kind === "soft" || !y.ignored) return sampleWeight;
  const { ignored } = y;
  const weights = sampleWeight?.slice() ?? new Float32Array(ignored.length).fill(1);
  weights.forEach((_, row) => {
    if (ignored[row]) weights[row] = 0;
  });
  if (mayBeNone || weights.some((w) => w > 0)) return weights;
  throw new LabelError(
    "BAD_LABEL",
    `${where}: no row counts: expected one at least whose label is not ignored and whose weight is above 0, got none of ${ignored.length}.`,
  );
}

/**
 * `rᵢ · Σⱼ cⱼ qᵢⱼ` with sample weights r, class weights c and targets q (one-hot for labels): a row counts as much as its class does.
 * `"balanced"` is `cⱼ = Σᵢ rᵢ / (m · Σᵢ rᵢ qᵢⱼ)`, m classes that occur: then each of them has the same weight in all.
 * @throws OptionError BAD_OPTION for weights that cannot be used; LabelError BAD_LABEL when no row is left, unless there `mayBeNone`
 */
export function classWeighted(
  y: EncodedLabels,
  weights: Float32Array | undefined,
  classWeight: ClassWeight,
  where: string,
  mayBeNone = false,
): Float32Array {
  const ofClass = classWeight === "balanced" ? balanced(y, weights) : namedWeights(y.classes, classWeight, where);
  const k = y.classes.length;
  const rows = y.kind === "soft" ? y.targets.length / k : y.indices.length;
  const result = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let factor = 0;
    if (y.kind === "labels") factor = ofClass[y.indices[row]];
    else for (let j = 0; j < k; j++) factor += ofClass[j] * y.targets[row * k + j];
    result[row] = (weights?.[row] ?? 1) * factor;
  }
  if ((mayBeNone || result.some((w) => w > 0)) && result.every(Number.isFinite)) return result;
  throw new LabelError("BAD_LABEL", `${where}: no row counts: every row is of a class whose weight is 0.`);
}

function balanced(y: EncodedLabels, weights: Float32Array | undefined): Float64Array {
  const k = y.classes.length;
  const mass = new Float64Array(k);
  if (y.kind === "labels") {
    y.indices.forEach((j, row) => {
      mass[j] += weights?.[row] ?? 1;
    });
  } else {
    y.targets.forEach((q, e) => {
      mass[e % k] += q * (weights?.[Math.floor(e / k)] ?? 1);
    });
  }
  const total = mass.reduce((sum, m) => sum + m, 0);
  const occurring = mass.reduce((count, m) => count + Number(m > 0), 0);
  return mass.map((m) => (m > 0 ? total / (occurring * m) : 0));
}

function namedWeights(
  classes: readonly Label[],
  given: Exclude<ClassWeight, "balanced">,
  where: string,
): readonly number[] {
  // By their text, where an object names them: its keys are texts.
  const isMap = given instanceof Map;
  const names = new Map<unknown, number>(classes.map((label, j) => [isMap ? label : String(label), j]));
  const weights = classes.map(() => 1);
  for (const [name, weight] of isMap ? given : Object.entries(given)) {
    const j = names.get(name);
    if (j === undefined) {
      throw new OptionError(
        "BAD_OPTION",
        `${where}: option \`classWeight\` names no class: expected one of ${listClasses(classes)}, got ${describeValue(name)}.`,
      );
    }
    if (!isClassFactor(weight)) {
      throw new OptionError(
        "BAD_OPTION",
        `${where}: option \`classWeight\` cannot be used for ${describeValue(name)}: expected a finite number of 0 or more, got ${describeValue(weight)}.`,
      );
    }
    weights[j] = weight;
  }
  return weights;
}
