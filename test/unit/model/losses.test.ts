/** The option `loss` wherever a model is trained: of one matrix, of batches, along a path of penalties. */
import { describe, expect, test } from "vitest";
import type { LossOption } from "../../../src/index.js";
import { fitPath, SoftmaxRegression } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { randomValues } from "../../support/random-matrix.js";

const LOSSES: Readonly<Record<string, LossOption>> = {
  squared: "squared",
  "squared on probabilities": { name: "squared", on: "probabilities" },
  absolute: "absolute",
  "squared margin": { name: "margin", power: 2 },
};

const NOISE = randomValues(180, 3, -1, 1);
const ROWS = Array.from({ length: 60 }, (_, i) =>
  [0, 1, 2].map((j) => 1.5 * Number(i % 3 === j) + (NOISE[3 * i + j] as number)),
);
const LABELS = ROWS.map((_, i) => i % 3);
const ONE_HOT = LABELS.map((label) => [0, 1, 2].map((name) => Number(name === label)));
const CPU = { device: "cpu", workers: 0 } as const;

/** Two halves, as often as they are asked for. */
function* halves(y: readonly (number | number[])[]): Generator<{ x: number[][]; y: number[] }> {
  for (const [begin, end] of [
    [0, 30],
    [30, 60],
  ] as const)
    yield { x: ROWS.slice(begin, end), y: y.slice(begin, end) as number[] };
}

describe.each(Object.keys(LOSSES))("%s", (name) => {
  const options = { ...CPU, loss: LOSSES[name], l2: 0.05, classes: [0, 1, 2] };

  test("L-BFGS on batches ends where it does on the whole", async () => {
    using whole = new SoftmaxRegression(options);
    using streamed = new SoftmaxRegression(options);
    const one = await whole.fit(ROWS, LABELS);
    const other = await streamed.fit(() => halves(LABELS));
    expect([one.stopReason, other.stopReason]).toEqual(["converged", "converged"]);
    // Both gradients are below 3e-5: losses as near as its square over l2, beside float32's rounding.
    expectClose([other.loss], [one.loss], { floor: 2e-6 });
    expect(one.loss).toBeLessThan(one.history[0]!.loss);
  });

  test("SGD on batches brings the same loss down", async () => {
    using whole = new SoftmaxRegression(options);
    const { loss, history } = await whole.fit(ROWS, LABELS);
    using stepping = new SoftmaxRegression({
      ...options,
      solver: "sgd",
      epochs: 200,
      batchSize: 30,
      learningRate: 0.05,
    });
    const report = await stepping.fit(() => halves(LABELS));
    // The mean over steps on their way: below half of the way from J at W = 0 down to the minimum.
    expect(report.loss).toBeGreaterThan(0.9 * loss);
    expect(report.loss).toBeLessThan((loss + history[0]!.loss) / 2);
  });

  test("models along a path are those that are fitted alone", async () => {
    const { l2: _, ...rest } = options;
    const path = await fitPath(ROWS, ONE_HOT, { ...rest, l2s: [0.5, 0.05] });
    for (const { l2, report } of path) {
      using alone = new SoftmaxRegression({ ...options, l2 });
      const { loss } = await alone.fit(ROWS, LABELS);
      expectClose([report.loss], [loss], { floor: 2e-6 });
    }
    for (const { model } of path) model.dispose();
  });
});

test("a margin takes no soft targets from batches or along a path either", async () => {
  const soft = ONE_HOT.map((row) => row.map((q) => 0.25 + 0.25 * q));
  const options = { ...CPU, loss: "margin", classes: [0, 1, 2] } as const;
  for (const solver of ["lbfgs", "sgd"] as const) {
    using model = new SoftmaxRegression({ ...options, solver });
    await expect(model.fit(() => halves(soft))).rejects.toThrow(/no single class at row 0.*loss "margin"/);
  }
  await expect(fitPath(ROWS, soft, { ...options, l2s: [0.1] })).rejects.toThrow(/no single class at row 0/);
});

test("the advice for a loss with corners names the corners", async () => {
  using model = new SoftmaxRegression({ ...CPU, loss: "margin", l2: 0.01 });
  const { stopReason, advice } = await model.fit(ROWS, LABELS);
  expect(stopReason).toBe("precision");
  expect(advice).toMatch(/corners.*\{ name: "margin", power: 2 \}/);
});
