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
 * `"balanced"` is `cⱼ = Σᵢ rᵢ / (m · Σᵢ rᵢ qᵢⱼ)`, m classes that occur: then each of them has the same weight in all. An array [k] is c.
 * @throws OptionError BAD_OPTION for weights that cannot be used; LabelError BAD_LABEL when no row is left, unless there `mayBeNone`
 */
export function classWeighted(
  y: EncodedLabels,
  weights: Float32Array | undefined,
  classWeight: ClassWeight | Float64Array,
  where: string,
  mayBeNone = false,
): Float32Array {
  const k = y.classes.length;
  const ofClass =
    classWeight === "balanced"
      ? balancing(withMass(new Float64Array(k), y, weights))
      : classWeight instanceof Float64Array
        ? classWeight
        : namedWeights(y.classes, classWeight, where);
  const factors = new Float64Array(y.kind === "soft" ? y.targets.length / k : y.indices.length);
  eachShare(y, (row, j, share) => {
    factors[row] += ofClass[j] * share;
  });
  const result = Float32Array.from(factors, (factor, row) => (weights?.[row] ?? 1) * factor);
  if ((mayBeNone || result.some((w) => w > 0)) && result.every(Number.isFinite)) return result;
  throw new LabelError("BAD_LABEL", `${where}: no row counts: every row is of a class whose weight is 0.`);
}

/** Adds `Σᵢ rᵢ qᵢⱼ` of these rows to each class's `mass` [k], row by row: however rows are cut, the sums have the same bits. */
export function withMass(mass: Float64Array, y: EncodedLabels, weights: Float32Array | undefined): Float64Array {
  eachShare(y, (row, j, share) => {
    mass[j] += share * (weights?.[row] ?? 1);
  });
  return mass;
}

/** qᵢⱼ, row by row; of a label only that of its class. */
function eachShare(y: EncodedLabels, use: (row: number, j: number, share: number) => void): void {
  const k = y.classes.length;
  const values = y.kind === "labels" ? y.indices : y.targets;
  for (let e = 0; e < values.length; e++) {
    if (y.kind === "labels") use(e, values[e], 1);
    else use(Math.floor(e / k), e % k, values[e]);
  }
}

/** `cⱼ = Σ mass / (m · massⱼ)` by which the m classes that occur have the same weight in all; 0 for the others. */
export function balancing(mass: Float64Array): Float64Array {
  const total = mass.reduce((sum, m) => sum + m);
  const occurring = mass.filter((m) => m > 0).length;
  return mass.map((m) => m && total / (occurring * m));
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
