/** `standardize` of rows that come in batches, against fits of all rows at once and against the exact optimum of scaled columns. */
import { describe, expect } from "vitest";
import {
  type FitOptions,
  type RowBatch,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import {
  data as base,
  CUTS,
  create,
  FEATURES as d,
  inPieces,
  CLASSES as k,
  ROWS as n,
  piece,
  thetaOf,
} from "./batch-pieces.js";
import type { Dataset } from "./clusters.js";
import { judgeWeights } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { columnsOf, conditionOf, gradientError, inStandardUnits, standardised } from "./standard-columns.js";

/** In odd units, far from zero and near it; the last column is constant. Later rows lie elsewhere, so that no batch knows the means. */
const CONSTANT = [d - 1];
const data: Dataset = {
  ...base,
  x: {
    data: base.x.data.map((v, e) => {
      const column = e % d;
      const drift = column < 3 ? (2 * Math.floor(e / d)) / n : 0;
      return column === d - 1 ? 0.1 : (v + drift) * 4 ** ((column % 4) - 1) + 5 * (column % 3);
    }),
    shape: base.x.shape,
  },
};
const weights = Array.from({ length: n }, (_, i) => (1 + (i % 5)) / 2);
const TOLERANCE = 1e-6;
const L2 = 0.05;

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("L-BFGS ends at the optimum of the scaled columns of all rows", async ({ engines }) => {
    const engine = engines[device];
    const cases: readonly (SoftmaxRegressionOptions & { readonly weighted?: boolean })[] = [
      { standardize: true },
      { standardize: true, weighted: true, fitIntercept: false },
      { standardize: "center", fitIntercept: false },
    ];
    for (const { weighted, ...options } of cases) {
      const { fitIntercept = true, standardize } = options;
      const counted = weighted ? weights : undefined;
      const columns = columnsOf(data.x.data, d, counted, standardize === "center");
      const model = create(engine, { ...options, l2: L2, tolerance: TOLERANCE });
      const fit = () => model.fit(() => inPieces(CUTS, counted, data));
      const report = await expectMemoryBack(engine, fit);
      expect(["converged", "precision"]).toContain(report.stopReason);
      const hidden = gradientError(d, k, conditionOf(data.x.data, columns), n);
      const theta = inStandardUnits(model, columns);
      const [v, c] = [theta.slice(0, d * k), theta.slice(d * k)];
      const exact = judgeWeights(
        v,
        fitIntercept ? c : c.map(() => 0),
        { ...data, x: standardised(data.x.data, columns, CONSTANT) },
        { l2: L2, fitIntercept, ...(counted && { weights: counted }) },
      );
      expect(exact.gradientNorm).toBeLessThanOrEqual(TOLERANCE + hidden);
      expect(hidden).toBeLessThan(0.01 * exact.loss);
      expect(Math.abs(report.loss - exact.loss)).toBeLessThanOrEqual(hidden);
      expect(Array.from(model.coef.data.subarray((d - 1) * k))).toEqual([0, 0, 0, 0]);
      const whole = new SoftmaxRegression({ engine, ...options, l2: L2, tolerance: TOLERANCE });
      await whole.fit(data.x, data.y, counted ? { sampleWeight: counted } : {});
      const floor = (2 * Math.sqrt((d + 1) * k) * (TOLERANCE + hidden)) / L2;
      expectClose(v, inStandardUnits(whole, columns).slice(0, d * k), { floor });
    }
  });

  test.for([
    { solver: "sgd", momentum: 0.5, learningRate: 0.1 },
    { solver: "adam", learningRate: 0.05 },
  ] as const)("$solver in one batch takes the steps that it takes on the rows", async (options, { engines }) => {
    const engine = engines[device];
    const given: SoftmaxRegressionOptions = { ...options, standardize: true, epochs: 2, shuffle: false };
    const fit: FitOptions = { sampleWeight: weights };
    const direct = create(engine, given);
    await direct.fit(data.x, data.y, fit);
    const inBatches = async (cuts: readonly number[]): Promise<SoftmaxRegression> => {
      const model = create(engine, given);
      await expectMemoryBack(engine, () => model.fit(() => inPieces(cuts, weights, data)));
      return model;
    };
    const whole = await inBatches([0, n]);
    expectSameBits(thetaOf(whole), thetaOf(direct));
    // Cut where minibatches end, steps are the same but for the rounding of batches' moments.
    const cut = await inBatches([0, 16, 40, n]);
    const columns = columnsOf(data.x.data, d, weights);
    const condition = conditionOf(data.x.data, columns);
    const scaled = standardised(data.x.data, columns, CONSTANT).data;
    const largest = scaled.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    // How much an error of a gradient grows on its way into θ: Adam divides by gradients of a hundredth and more.
    const magnified = options.solver === "adam" ? 0.05 * 100 : 0.1 / (1 - 0.5);
    const steps = 2 * Math.ceil(n / 8);
    const floor = 2 * steps * magnified * gradientError(d, k, condition, 8) * (1 + largest);
    const [actual, expected] = [cut, whole].map((model) => inStandardUnits(model, columns));
    expectClose(actual, expected, { floor });
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(5 * floor);
  });

  test.for(["lbfgs", "sgd"] as const)(
    "%s: sparse batches are what they are with their zeros",
    async (solver, { engines }) => {
      const engine = engines[device];
      const pieces = CUTS.slice(1).map((to, i) => {
        const { x, y } = piece(CUTS[i], to);
        return { sparse: sparseOf(x.data, x.shape, 0.5), y };
      });
      const dense = pieces.map(
        ({ sparse, y }): RowBatch => ({ x: { data: denseOf(sparse), shape: [sparse.rows, d] }, y }),
      );
      const options: SoftmaxRegressionOptions = {
        ...{ solver, standardize: true, l2: L2, tolerance: TOLERANCE, epochs: 2, shuffle: false, learningRate: 0.1 },
      };
      const [own, other] = [create(engine, options), create(engine, options)];
      await expectMemoryBack(engine, () => own.fit(() => pieces.map(({ sparse, y }) => ({ x: csrOf(sparse), y }))));
      await other.fit(() => dense);
      const values = dense.flatMap(({ x }) => [...(x as Dataset["x"]).data]);
      const columns = columnsOf(values, d, undefined);
      const hidden = gradientError(d, k, conditionOf(values, columns), n);
      const largest = standardised(values, columns).data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      const steps = 2 * (1 + 4 + 1 + 7);
      const floor =
        solver === "lbfgs"
          ? (2 * Math.sqrt((d + 1) * k) * (TOLERANCE + hidden)) / L2
          : 2 * steps * 0.1 * hidden * (1 + largest);
      const [actual, expected] = [own, other].map((model) => inStandardUnits(model, columns).slice(0, d * k));
      expectClose(actual, expected, { floor });
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(10 * floor);
    },
  );

  test("a warm start goes on from W and b, with the means of the batches that come", async ({ engines }) => {
    const model = create(engines[device], { standardize: true, warmStart: true, l2: L2, tolerance: 1e-4 });
    expect((await model.fit(() => inPieces(CUTS, weights, data))).converged).toBe(true);
    // Where it stopped is where it starts, however the rows are cut.
    expect((await model.fit(() => inPieces([0, 50, n], weights, data))).iterations).toBeLessThanOrEqual(1);
  });

  test("what the moments cost: nothing that L-BFGS does not read anyway, and one pass of SGD", async ({ engines }) => {
    const engine = engines[device];
    const passes = async (options: SoftmaxRegressionOptions): Promise<number> => {
      let count = 0;
      const batches = () => {
        count++;
        return inPieces(CUTS, undefined, data);
      };
      await create(engine, { epochs: 2, maxIterations: 1, tolerance: 0, ...options }).fit(batches);
      return count;
    };
    // The pass that counts the rows takes the moments, and nobody asks for means any more.
    expect(await passes({ standardize: true })).toBe((await passes({})) - 1);
    expect(await passes({ solver: "sgd", standardize: true })).toBe(1 + (await passes({ solver: "sgd" })));
  });
});
