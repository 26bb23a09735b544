import { describe, expect, vi } from "vitest";
import {
  type Engine,
  type FitReport,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
  type Tensor,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "./clusters.js";

const data = clusters(90, 7, 3);
// Columns of very different size make L-BFGS take many iterations.
data.x.data.forEach((v, e) => {
  data.x.data[e] = v * 4 ** (e % 7);
});

interface Counted {
  readonly report: FitReport;
  /** Products with X that were recorded. */
  readonly products: number;
  readonly trials: number;
}

async function fitCounting(engine: Engine, options: SoftmaxRegressionOptions): Promise<Counted> {
  const x = engine.tensor(data.x);
  const run = vi.spyOn(engine, "run");
  try {
    const model = new SoftmaxRegression({ engine, l2: 1e-6, tolerance: 0, ...options });
    const report = await model.fit(x, data.y);
    const ops = run.mock.calls.map(([op, args]) => ({ name: op.name, a: (args as { a?: unknown }).a }));
    return {
      report,
      products: ops.filter(({ name, a }) => name === "matmul" && a === x).length,
      trials: ops.filter(({ name }) => name === "lineSearch").length,
    };
  } finally {
    run.mockRestore();
    x.dispose();
  }
}

describe.each(ENGINE_DEVICES)("passes over X on %s", (device) => {
  test("two an iteration, one for the means, one for the first gradient, one every twenty iterations", async ({
    engines,
  }) => {
    for (const maxIterations of [1, 19, 41]) {
      const { report, products } = await fitCounting(engines[device], { maxIterations });
      expect(report).toMatchObject({ stopReason: "max-iterations", iterations: maxIterations });
      const expected = 1 + 1 + 2 * maxIterations + Math.floor(maxIterations / 20);
      expect([report.passes, products]).toEqual([expected, expected]);
      expect(report.history.at(-1)?.passes).toBe(expected);
    }
  });

  test("more trial steps along a line cost no pass", async ({ engines }) => {
    const { report, products, trials } = await fitCounting(engines[device], { maxIterations: 15 });
    expect(trials).toBeGreaterThan(16);
    expect([report.passes, products]).toEqual([2 + 30, 2 + 30]);
  });

  test("no intercept, no means", async ({ engines }) => {
    const { report, products } = await fitCounting(engines[device], { maxIterations: 3, fitIntercept: false });
    expect([report.passes, products]).toEqual([7, 7]);
  });

  test("progress adds none: only numbers and weights are read", async ({ engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression({ engine, maxIterations: 5, tolerance: 0 });
    const values: number[] = [];
    const read = engine.read.bind(engine);
    const spy = vi.spyOn(engine, "read").mockImplementation((...tensors: readonly Tensor[]) => {
      values.push(tensors.reduce((sum, t) => sum + t.rows * t.columns, 0));
      return read(...tensors);
    });
    const report = await model.fit(data.x, data.y, { onProgress: () => undefined });
    spy.mockRestore();
    expect(report.passes).toBe(12);
    // θ is 8×3; the solver's scalars are 28 numbers, its last 256 records four each.
    expect(Math.max(...values)).toBeLessThanOrEqual(24 + 28 + 4 * 256);
  });
});
