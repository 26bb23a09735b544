/** Columns standardised by hand, in float64: what fits with `standardize` are compared with. */
import type { SoftmaxRegression } from "../../../src/index.js";

export interface Columns {
  readonly means: number[];
  readonly deviations: number[];
}

/** Means and deviations of the rows that count, as they count; a constant column has deviation 1. */
export function columnsOf(
  values: ArrayLike<number>,
  columns: number,
  weights: ArrayLike<number> | undefined,
  center = false,
): Columns {
  const weight = (i: number): number => weights?.[i] ?? 1;
  const rows = Array.from({ length: values.length / columns }, (_, i) => i).filter((i) => weight(i) > 0);
  const total = rows.reduce((sum, i) => sum + weight(i), 0);
  const all = Array.from({ length: columns }, (_, l) => l);
  const means = all.map((l) => rows.reduce((sum, i) => sum + weight(i) * values[i * columns + l], 0) / total);
  const deviations = means.map((mean, l) => {
    const constant = rows.every((i) => values[i * columns + l] === values[rows[0] * columns + l]);
    const square = rows.reduce((sum, i) => sum + weight(i) * (values[i * columns + l] - mean) ** 2, 0);
    return center || constant ? 1 : Math.sqrt(square / total);
  });
  return { means, deviations };
}

/** `(x − μ)/σ`; constant columns are named, since their mean is theirs but for rounding. */
export function standardised(
  values: ArrayLike<number>,
  { means, deviations }: Columns,
  constant: readonly number[] = [],
): { readonly data: Float32Array; readonly shape: readonly [number, number] } {
  const d = means.length;
  const data = Float32Array.from(values, (v, e) =>
    constant.includes(e % d) ? 0 : (v - means[e % d]) / deviations[e % d],
  );
  return { data, shape: [values.length / d, d] };
}

/** The weights that a model would have for the standardised columns: V = σW, then c = b + μᵀW. */
export function inStandardUnits(model: SoftmaxRegression, { means, deviations }: Columns): number[] {
  const { data: w } = model.coef;
  const k = model.intercept.length;
  const v = Array.from(w, (value, e) => value * deviations[Math.floor(e / k)]);
  const c = Array.from(model.intercept, (b, j) => means.reduce((sum, mean, l) => sum + mean * w[l * k + j], b));
  return [...v, ...c];
}

/**
 * How large a column is by its spread: what is lost where its mean is taken off a sum rather than off its values. A rounding of x or of
 * a product with it counts so much for the standardised column.
 */
export function conditionOf(values: ArrayLike<number>, { means, deviations }: Columns): number {
  const d = means.length;
  return Array.from(values).reduce(
    (most, v, e) => Math.max(most, (Math.abs(v) + Math.abs(means[e % d])) / deviations[e % d]),
    1,
  );
}

/**
 * Sums over features and classes, exp and a division, each within some 2⁻²² of values so large; and over n rows, 4·√n roundings of 2⁻²⁴
 * but for odds of 1 in 1,000 (Higham & Mary 2019).
 */
export const gradientError = (features: number, classes: number, condition: number, rows: number): number =>
  (features + classes + Math.sqrt(rows)) * condition * 2 ** -22;
