/** `standardize` against fits of rows that were standardised beforehand, in float64, by hand. */
import { describe, expect } from "vitest";
import { type Engine, type FitOptions, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomWeights } from "../../support/random-matrix.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { columnsOf, conditionOf, gradientError, inStandardUnits, standardised } from "./standard-columns.js";

const [N, D, K, BATCH, EPOCHS] = [90, 5, 3, 20, 3];
const STEPS = EPOCHS * Math.ceil(N / BATCH);
const base = clusters(N, D, K);
/** In odd units: far from zero, small, large; the last one is constant. */
const UNITS = [
  { scale: 1, offset: 0 },
  { scale: 0.2, offset: 0.5 },
  { scale: 30, offset: -90 },
  { scale: 8, offset: 20 },
  { scale: 0, offset: 0.1 },
];
const x = {
  data: base.x.data.map((v, e) => v * UNITS[e % D].scale + UNITS[e % D].offset),
  shape: [N, D] as const,
};
/** Far from zero only: without scaling no rate suits columns of hundredths and of hundreds. */
const farOff = {
  data: base.x.data.map((v, e) => v * Math.sign(UNITS[e % D].scale) + (e % D) - 2),
  shape: [N, D] as const,
};

interface Case {
  readonly name: string;
  readonly options: SoftmaxRegressionOptions;
  /** How much an error of the gradient may grow on its way into θ, in one step. */
  readonly magnified: number;
}

const CONSTANT = [D - 1];
const RATE = 0.05;
const MINIBATCHES: readonly Case[] = [
  { name: "sgd", options: { solver: "sgd", learningRate: 0.5 }, magnified: 0.5 },
  {
    name: "nesterov",
    options: { solver: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
    magnified: (0.1 * 1.9) / 0.1,
  },
  // Adam divides by the gradients' size, a hundredth and more.
  { name: "adam", options: { solver: "adam", learningRate: RATE }, magnified: RATE * 100 },
];

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const fitted = async (
    engines: Readonly<Record<string, Engine>>,
    options: SoftmaxRegressionOptions,
    rows: Parameters<SoftmaxRegression["fit"]>[0],
    fit: FitOptions = {},
  ): Promise<SoftmaxRegression> => {
    const model = new SoftmaxRegression(
      usable({
        engine: engines[device],
        l2: 0.05,
        batchSize: BATCH,
        epochs: EPOCHS,
        ...options,
      }),
    );
    await model.fit(rows, base.y, fit);
    return model;
  };

  describe.each([true, "center"] as const)("standardize: %s", (standardize) => {
    const given = standardize === "center" ? farOff : x;
    const columns = columnsOf(given.data, D, undefined, standardize === "center");
    const condition = conditionOf(given.data, columns);

    test.for(MINIBATCHES)("$name takes the steps of standardised rows", async ({ options, magnified }, { engines }) => {
      for (const fitIntercept of [true, false]) {
        const own = await fitted(engines, { ...options, fitIntercept, standardize }, given);
        const apart = await fitted(engines, { ...options, fitIntercept }, standardised(given.data, columns, CONSTANT));
        const largest = standardised(given.data, columns, CONSTANT).data.reduce(
          (most, v) => Math.max(most, Math.abs(v)),
          1,
        );
        // Errors of the logits come back multiplied by x. Both fits have errors; the plain one's are the smaller.
        const floor = 2 * STEPS * magnified * gradientError(D, K, condition, BATCH) * (1 + largest);
        const expected = [...apart.coef.data, ...apart.intercept];
        expectClose(inStandardUnits(own, columns), expected, { floor, label: `fitIntercept ${fitIntercept}` });
        expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(10 * floor);
      }
    });
  });

  test.for([true, false])(
    "L-BFGS ends at the optimum of standardised rows; intercept: %s",
    async (fitIntercept, { engines }) => {
      const [l2, tolerance] = [0.05, 1e-5];
      const columns = columnsOf(x.data, D, undefined, false);
      const own = await fitted(engines, { l2, tolerance, fitIntercept, standardize: true }, x);
      const apart = await fitted(engines, { l2, tolerance, fitIntercept }, standardised(x.data, columns, CONSTANT));
      // J is l2-strongly convex in V, and each gradient ends within the tolerance but for rounding.
      const rounding = gradientError(D, K, conditionOf(x.data, columns), N);
      const floor = (2 * (tolerance + rounding) * Math.sqrt((D + 1) * K)) / l2;
      const [v, expected] = [inStandardUnits(own, columns), [...apart.coef.data]];
      expectClose(v.slice(0, D * K), expected, { floor });
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(10 * floor);
      // A constant column has nothing to say.
      expect(Array.from(own.coef.data.subarray((D - 1) * K))).toEqual([0, 0, 0]);
      if (!fitIntercept) for (const c of v.slice(D * K)) expect(Math.abs(c)).toBeLessThan(D * 300 * 2 ** -22);
    },
  );

  test("rows count by their weight: 0 is absent, and 2 is twice", async ({ engines }) => {
    const weights = randomWeights(N, 5);
    const columns = columnsOf(x.data, D, weights, false);
    const options = { l2: 0.05, tolerance: 1e-5 };
    const own = await fitted(engines, { ...options, standardize: true }, x, { sampleWeight: weights });
    const apart = await fitted(engines, options, standardised(x.data, columns, CONSTANT), { sampleWeight: weights });
    const floor = (2 * (1e-5 + gradientError(D, K, conditionOf(x.data, columns), N)) * Math.sqrt((D + 1) * K)) / 0.05;
    expectClose(inStandardUnits(own, columns).slice(0, D * K), [...apart.coef.data], { floor });
  });

  test("bytes stay bytes, and predictions are of X as it is given", async ({ engines }) => {
    const engine = engines[device];
    const bytes = Uint8Array.from(base.x.data, (v, e) =>
      e % D === D - 1 ? 9 : Math.round((v + 3) * 20 * (1 + (e % D)) * 0.25),
    );
    const pixels = { data: bytes, shape: [N, D] as const, scale: 1 / 255, offset: -0.25 };
    const values = Float32Array.from(bytes, (v) => v / 255 - 0.25);
    const columns = columnsOf(values, D, undefined, false);
    const before = engine.stats().uploadBytes;
    const own = await fitted(engines, { standardize: true, tolerance: 1e-5 }, pixels);
    // X itself, a byte a value and padding; the rest is labels, weights and scalars.
    expect(engine.stats().uploadBytes - before).toBeLessThan(N * 8 + N * 4 + 4 * 1024);
    const apart = await fitted(engines, { tolerance: 1e-5 }, standardised(values, columns, CONSTANT));
    const floor = (2 * (1e-5 + gradientError(D, K, conditionOf(values, columns), N)) * Math.sqrt((D + 1) * K)) / 0.05;
    expectClose(inStandardUnits(own, columns).slice(0, D * K), [...apart.coef.data], { floor });
    expect(await own.score(pixels, base.y)).toBe(await apart.score(standardised(values, columns, CONSTANT), base.y));
  });

  test("70 classes, outside the fused range", async ({ engines }) => {
    const columns = columnsOf(x.data, D, undefined, false);
    const many = Array.from({ length: N }, (_, i) => i % 70);
    const options = { engine: engines[device], solver: "sgd", learningRate: 0.5, batchSize: BATCH, epochs: 1 } as const;
    for (const sampleWeight of [undefined, randomWeights(N, 3)]) {
      const given = sampleWeight ? { sampleWeight } : {};
      const columns = columnsOf(x.data, D, sampleWeight, false);
      const [own, apart] = [new SoftmaxRegression({ ...options, standardize: true }), new SoftmaxRegression(options)];
      await own.fit(x, many, given);
      await apart.fit(standardised(x.data, columns, CONSTANT), many, given);
      const floor = 2 * 5 * 0.5 * (70 + D + Math.sqrt(BATCH)) * conditionOf(x.data, columns) * 2 ** -22 * 4;
      const v = own.coef.data.map((w, e) => w * columns.deviations[Math.floor(e / 70)]);
      expectClose(v, apart.coef.data, { floor });
    }
    expect(columns.deviations).toHaveLength(D);
  });

  test("a warm start goes on from W and b, and an early stop keeps the best of those", async ({ engines }) => {
    const options = { engine: engines[device], standardize: true, l2: 0.05 } as const;
    const model = new SoftmaxRegression({ ...options, warmStart: true, tolerance: 1e-4 });
    const first = await model.fit(x, base.y);
    expect(first.converged).toBe(true);
    // Where it stopped is where it starts.
    expect((await model.fit(x, base.y)).iterations).toBeLessThanOrEqual(1);
    const stopping = new SoftmaxRegression({ ...options, solver: "sgd", epochs: 5 });
    const report = await stopping.fit(x, base.y, { validation: { x, y: base.y }, earlyStopping: true });
    const best = report.history.find(({ iteration }) => iteration === report.bestIteration);
    expect((await stopping.evaluate(x, base.y)).logLoss).toBeCloseTo(best?.validationLoss ?? Number.NaN, 4);
  });

  test("the same seed gives the same bits, and no memory stays behind", async ({ engines }) => {
    const engine = engines[device];
    const before = engine.stats().buffers;
    for (const solver of ["lbfgs", "adam"] as const) {
      const [one, other] = [
        await fitted(engines, { solver, standardize: true }, x),
        await fitted(engines, { solver, standardize: true }, x),
      ];
      expectSameBits(one.coef.data, other.coef.data);
    }
    expect(engine.stats().buffers).toBe(before);
  });
});
