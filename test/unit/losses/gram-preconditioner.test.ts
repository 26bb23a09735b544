/** P against the same of all rows in float64, inverted by elimination. */
import { describe, expect, test } from "vitest";
import { createEngine } from "../../../src/index.js";
import { crossEntropyLoss } from "../../../src/losses/cross-entropy.js";
import { LinearObjective } from "../../../src/losses/linear-objective.js";
import { squaredLoss } from "../../../src/losses/squared.js";
import { Workspace } from "../../../src/solvers/workspace.js";
import { randomValues } from "../../support/random-matrix.js";

const [ROWS, COLUMNS, CLASSES] = [40, 5, 3];
const L2 = 0.01;
const X = randomValues(ROWS * COLUMNS, 1);
const WEIGHTS = Float32Array.from({ length: ROWS }, (_, i) => i % 3);
/** W, then b. */
const START = randomValues((COLUMNS + 1) * CLASSES, 2, -2, 2);

/** A⁻¹ by Gauss and Jordan. */
function inverse(a: readonly (readonly number[])[]): number[][] {
  const p = a.length;
  const rows = a.map((row, i) => [...row, ...Array.from({ length: p }, (_, j) => Number(i === j))]);
  for (let c = 0; c < p; c++) {
    const pivot = rows[c][c];
    rows[c] = rows[c].map((v) => v / pivot);
    for (let r = 0; r < p; r++) {
      const factor = rows[r][c];
      if (r !== c) rows[r] = rows[r].map((v, j) => v - factor * rows[c][j]);
    }
  }
  return rows.map((row) => row.slice(p));
}

function expected(curvature: (probabilities: readonly number[]) => number, fitIntercept: boolean): number[] {
  const total = WEIGHTS.reduce((sum, w) => sum + w, 0);
  const means = Array.from({ length: COLUMNS }, (_, l) => {
    let sum = 0;
    for (let i = 0; i < ROWS; i++) sum += WEIGHTS[i] * X[i * COLUMNS + l];
    return sum / total;
  });
  const p = COLUMNS + Number(fitIntercept);
  const a = Array.from({ length: p }, (_, i) => Array.from({ length: p }, (_, j) => (i === j && i < COLUMNS ? L2 : 0)));
  let curvatures = 0;
  for (let i = 0; i < ROWS; i++) {
    const x = Array.from(X.subarray(i * COLUMNS, (i + 1) * COLUMNS));
    const scores = Array.from({ length: CLASSES }, (_, j) => {
      const bias = fitIntercept ? START[COLUMNS * CLASSES + j] : 0;
      return x.reduce((sum, v, l) => sum + v * START[l * CLASSES + j], bias);
    });
    const powers = scores.map(Math.exp);
    const sum = powers.reduce((all, v) => all + v, 0);
    const weight = (WEIGHTS[i] / total) * curvature(powers.map((v) => v / sum));
    const row = fitIntercept ? [...x.map((v, l) => v - means[l]), 1] : x;
    for (let r = 0; r < p; r++) {
      for (let c = 0; c < p; c++) a[r][c] += weight * row[r] * row[c];
    }
    curvatures += weight * row.slice(0, COLUMNS).reduce((all, v) => all + v * v, 0);
  }
  for (let l = 0; l < p; l++) a[l][l] += 1e-6 * curvatures;
  return inverse(a).flat();
}

const ofSoftmax = (p: readonly number[]): number => (1 - p.reduce((sum, v) => sum + v * v, 0)) / (CLASSES - 1);

async function made(
  loss: typeof crossEntropyLoss,
  fitIntercept: boolean,
  { features = X, columns = COLUMNS, l2 = L2, gram = "always" as "always" | "auto" } = {},
): Promise<{ readonly pays: boolean; readonly matrix: Float32Array }> {
  using engine = await createEngine({ device: "cpu" });
  const workspace = new Workspace(engine);
  const labels = workspace.tensor(Int32Array.from({ length: ROWS }, (_, i) => i % CLASSES));
  const rowWeight = workspace.tensor(WEIGHTS);
  const objective = await LinearObjective.create(workspace, {
    x: workspace.tensor({ data: features, shape: [ROWS, columns] }),
    targets: { labels, soft: undefined, rowWeight, labelSmoothing: 0 },
    ...{ rowWeight: WEIGHTS, totalWeight: WEIGHTS.reduce((sum, w) => sum + w, 0), classes: CLASSES },
    ...{ loss, gram, l1: 0, l2, fitIntercept },
    start: START.subarray(0, (columns + Number(fitIntercept)) * CLASSES),
  });
  await objective.refresh();
  const preconditioner = objective.preconditioner as NonNullable<typeof objective.preconditioner>;
  const pays = await preconditioner.make(() => {});
  return { pays, matrix: (await preconditioner.matrix.read()) as Float32Array };
}

describe.each([true, false])("with an intercept: %s", (fitIntercept) => {
  test.each([
    ["cross-entropy", crossEntropyLoss, ofSoftmax],
    ["squared", squaredLoss("scores"), () => 2],
  ] as const)("P of %s", async (_, loss, curvature) => {
    const { pays, matrix } = await made(loss, fitIntercept);
    const truth = expected(curvature, fitIntercept);
    const largest = Math.max(...truth.map(Math.abs));
    expect(pays).toBe(true);
    expect(matrix).toHaveLength(truth.length);
    // Sums of 40 products in float32, and an inverse whose condition is below 1 / 0.01 · the columns' squares.
    for (const [e, value] of truth.entries()) {
      expect(Math.abs(matrix[e] - value), `${e}`).toBeLessThanOrEqual(100 * COLUMNS * 2 ** -23 * largest);
    }
  });
});

test("a penalty that evens the curvature out leaves nothing to gain", async () => {
  const features = X.map((value, e) => value / 4 ** (e % COLUMNS));
  expect(await made(crossEntropyLoss, true, { features, gram: "auto", l2: 1 })).toMatchObject({ pays: false });
  expect(await made(crossEntropyLoss, true, { features, gram: "auto", l2: 1e-6 })).toMatchObject({ pays: true });
  expect(await made(crossEntropyLoss, true, { gram: "always", l2: 1 })).toMatchObject({ pays: true });
});

test.each([
  ["nothing but zeros", 0],
  ["squares beyond float32", 1e30],
])("%s: there is none, and nothing fails", async (_, factor) => {
  const features = X.map((v) => Math.fround(v * factor));
  const { pays, matrix } = await made(crossEntropyLoss, false, { features });
  expect(pays).toBe(false);
  expect(matrix.every((v) => v === 0)).toBe(true);
});

test("nor do columns that vary alike, each its own way", async () => {
  expect(await made(crossEntropyLoss, true, { gram: "auto", l2: 1e-6 })).toMatchObject({ pays: false });
});

test("a column of which none of the sample's rows tells counts by all rows", async () => {
  // 16 of 40 rows are taken: neither the second nor the fifth.
  const features = Float32Array.from({ length: 2 * ROWS }, (_, e) => (e % 2 === 0 ? X[e] : Number(e === 3 || e === 9)));
  const { pays, matrix } = await made(squaredLoss("scores"), false, { features, columns: 2 });
  expect(pays).toBe(true);
  const total = WEIGHTS.reduce((sum, w) => sum + w, 0);
  const curvature = (2 * (WEIGHTS[1] + WEIGHTS[4])) / total;
  expect(matrix[3]).toBeCloseTo(1 / (curvature + L2), 3);
  expect(matrix[1]).toBe(0);
  // Where that is much of the whole, "auto" does without.
  const asked = { features, columns: 2, l2: 1e-6, gram: "auto" } as const;
  expect(await made(squaredLoss("scores"), false, asked)).toMatchObject({ pays: false });
});
