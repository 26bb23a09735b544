/** Our minibatch steps against PyTorch's, step for step (test/golden/optimisers.json). */
import { expect } from "vitest";
import { type Engine, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../src/index.js";
import iris from "../golden/logistic.json" with { type: "json" };
import golden from "../golden/optimisers.json" with { type: "json" };
import { type Dataset, rowsOf } from "../gpu/model/clusters.js";
import { expectClose } from "./compare.js";
import { penguins } from "./golden-objectives.js";

export interface StepsCase {
  readonly solver: "sgd" | "adam" | "adamw";
  readonly rate: number;
  readonly l2?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly clip?: number;
  readonly averageFrom?: number;
  readonly magnified?: number;
  readonly coefficients: readonly (readonly number[])[];
  readonly intercept: readonly number[];
  readonly norms: readonly number[];
}

export interface StepsSet {
  readonly epochs: number;
  readonly cases: readonly StepsCase[];
}

const { batchSize } = golden;
const { iris: ofIris, penguins: ofPenguins, digits: ofDigits } = golden;
export const stepsOf = { iris: ofIris, penguins: ofPenguins, digits: ofDigits } as Readonly<
  Record<"iris" | "penguins" | "digits", StepsSet>
>;

export const rowsOfSet: Readonly<Record<"iris" | "penguins", () => Dataset>> = {
  iris: () => ({
    x: { data: Float32Array.from(iris.features.flat(), (v) => v / 8), shape: [iris.labels.length, 4] },
    y: iris.labels,
    classes: 3,
  }),
  penguins,
};

/** In the order of their labels. */
export function sortedByLabel(data: Dataset): Dataset {
  const order = data.y.map((_, i) => i).sort((a, b) => data.y[a] - data.y[b] || a - b);
  return rowsOf(data, order);
}

export function optionsOf(each: StepsCase, epochs: number): SoftmaxRegressionOptions {
  const { solver, rate, clip, averageFrom, l2, weightDecay, momentum, nesterov } = each;
  return {
    ...{ solver, learningRate: rate, batchSize, epochs, shuffle: false },
    // What is left out has PyTorch's default here, too: AdamW no l2, and a decay of 0.01.
    ...(l2 !== undefined && { l2 }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(momentum !== undefined && { momentum }),
    ...(nesterov !== undefined && { nesterov }),
    ...(clip !== undefined && { clipNorm: clip }),
    ...(averageFrom !== undefined && { averageWeights: { from: averageFrom / epochs } }),
  };
}

/** How far a relative error `cut` of a clipped gradient, and an absolute one of all, get into θ. */
function floorOf(each: StepsCase, { x, classes }: Dataset): number {
  const { solver, rate, clip, momentum = 0, nesterov = false, magnified = 0, norms, l2 = 0 } = each;
  const [n, d] = x.shape;
  const largest = x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  // Sums over features, classes and rows, exp and a division: each within some 2⁻²², of values up to |x|.
  const error = (d + classes + batchSize) * largest * 2 ** -22;
  // PyTorch divides by the norm plus 1e-6; gradients, cut or not, are no longer than the limit.
  const cut = clip === undefined ? 0 : (1e-6 / clip) * Math.min(clip, Math.max(...norms));
  if (solver !== "sgd") return norms.length * rate * magnified * (error + cut);
  // The curvature of a batch's mean loss is ½·mean(‖x‖² + 1) + l2 at the most: then no step magnifies an error of θ.
  for (let first = 0; first < n; first += batchSize) {
    const rows = Math.min(batchSize, n - first);
    const squares = x.data.subarray(first * d, (first + rows) * d).reduce((sum, v) => sum + v * v, rows);
    expect(rate * (squares / rows / 2 + l2)).toBeLessThan(2);
  }
  const growth = (rate * (1 + (nesterov ? momentum : 0))) / (1 - momentum);
  return norms.length * growth * (error + cut);
}

/** By `fit`; and by a call of `partialFit` for each epoch, where it means the same. */
export async function expectGoldenSteps(
  engine: Engine,
  data: Dataset,
  { epochs }: StepsSet,
  each: StepsCase,
): Promise<void> {
  const { x, y, classes } = data;
  const floor = floorOf(each, data);
  const expected = [...each.coefficients.flat(), ...each.intercept];
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(20 * floor);
  const declared = Array.from({ length: classes }, (_, j) => j);
  const model = new SoftmaxRegression({ engine, classes: declared, ...optionsOf(each, epochs) });
  const report = await model.fit(x, y);
  expect(report.iterations).toBe(each.norms.length);
  expectClose([...model.coef.data, ...model.intercept], expected, { floor, label: "fit" });
  if (each.averageFrom !== undefined && each.averageFrom > 0) return;
  const more = new SoftmaxRegression({ engine, classes: declared, ...optionsOf(each, epochs) });
  for (let epoch = 0; epoch < epochs; epoch++) await more.partialFit(x, y);
  expectClose([...more.coef.data, ...more.intercept], expected, { floor, label: "partialFit" });
}
