/** What must hold of any softmax regression. Models are judged by J's exact gradient: where it vanishes is the optimum. */
import fc from "fast-check";
import { describe, expect } from "vitest";
import {
  type Engine,
  type Features,
  type LabelsLike,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";
import { judge } from "./exact-objective.js";

const L2 = 0.1;
const TOLERANCE = 1e-5;

const create = (engine: Engine, data: Dataset, options: SoftmaxRegressionOptions = {}): SoftmaxRegression =>
  new SoftmaxRegression({
    engine,
    l2: L2,
    tolerance: TOLERANCE,
    classes: Array.from({ length: data.classes }, (_, j) => j),
    ...options,
  });

/** max|dJ| of a converged model: the tolerance, and float32's error in the model's own gradient. */
const stationary = ({ x }: Dataset): number => {
  const largest = x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return TOLERANCE + (x.shape[0] + x.shape[1]) * largest * 2 ** -23;
};

/** How far two converged models' probabilities may lie apart: ‖W − W*‖ ≤ ‖dJ‖₂ / l2 each, times a row's length. */
const apart = (data: Dataset): number => {
  const [n, d] = data.x.shape;
  let longest = 0;
  for (let i = 0; i < n; i++) longest = Math.max(longest, Math.hypot(1, ...data.x.data.subarray(i * d, (i + 1) * d)));
  return (2 * stationary(data) * Math.sqrt((d + 1) * data.classes) * longest) / L2;
};

const shapes = fc.record({
  n: fc.integer({ min: 6, max: 24 }),
  d: fc.integer({ min: 1, max: 7 }),
  k: fc.integer({ min: 2, max: 5 }),
  seed: fc.nat(1000),
});
const check = async (property: fc.IAsyncProperty<[{ n: number; d: number; k: number; seed: number }]>): Promise<void> =>
  fc.assert(property, { numRuns: 4, seed: 3 });

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("a weight of 2 is the row twice, a weight of 0 the row left out", async ({ engines }) => {
    await check(
      fc.asyncProperty(shapes, async ({ n, d, k, seed }) => {
        const data = clusters(n, d, k, seed);
        const sampleWeight = data.y.map((_, i) => (i < k ? 1 : (i + seed) % 3));
        const repeated = rowsOf(
          data,
          sampleWeight.flatMap((weight, i) => new Array<number>(weight).fill(i)),
        );
        const weighted = create(engines[device], data);
        await weighted.fit(data.x, data.y, { sampleWeight });
        expect(judge(weighted, repeated, { l2: L2 }).gradientNorm).toBeLessThanOrEqual(stationary(repeated));
        const twice = create(engines[device], data);
        await twice.fit(repeated.x, repeated.y);
        expect(judge(twice, data, { l2: L2, weights: sampleWeight }).gradientNorm).toBeLessThanOrEqual(
          stationary(data),
        );
      }),
    );
  });

  test("only the proportion of weights matters, tiny or huge", async ({ engines }) => {
    const data = clusters(20, 3, 3);
    const weights = data.y.map((_, i) => 1 + (i % 4));
    const fits: Float32Array[] = [];
    for (const factor of [1, 2 ** -140, 2 ** 120]) {
      const model = create(engines[device], data);
      const { stopReason } = await model.fit(data.x, data.y, { sampleWeight: weights.map((w) => w * factor) });
      expect(stopReason).toBe("converged");
      fits.push(model.coef.data);
    }
    // Powers of two change no bit.
    expect(fits[1]).toEqual(fits[0]);
    expect(fits[2]).toEqual(fits[0]);
  });

  test("rows in another order give the same model, classes in another order the same model turned", async ({
    engines,
  }) => {
    await check(
      fc.asyncProperty(shapes, async ({ n, d, k, seed }) => {
        const data = clusters(n, d, k, seed);
        const model = create(engines[device], data);
        await model.fit(data.x, data.y);
        const { data: proba } = await model.predictProba(data.x);
        const order = data.y.map((_, i) => i).sort((a, b) => ((a * 7 + seed) % n) - ((b * 7 + seed) % n) || a - b);
        const turned = rowsOf(data, order);
        const other = create(engines[device], data);
        // Class j becomes class k − 1 − j.
        await other.fit(
          turned.x,
          turned.y.map((j) => k - 1 - j),
        );
        const { data: mirrored } = await other.predictProba(data.x);
        const back = mirrored.map((_, e) => mirrored[Math.floor(e / k) * k + (k - 1 - (e % k))]);
        expectClose(back, proba, { floor: apart(data) });
      }),
    );
  });

  test("an intercept is a column of ones without a penalty", async ({ engines }) => {
    await check(
      fc.asyncProperty(shapes, async ({ n, d, k, seed }) => {
        const data = clusters(n, d, k, seed);
        const model = create(engines[device], data);
        await model.fit(data.x, data.y);
        const best = judge(model, data, { l2: L2 });
        // A column of the constant c costs l2/2 · ‖b/c‖²: next to nothing where c is large.
        const c = 64;
        const wide: Dataset = { ...data, x: { data: withColumn(data, c), shape: [n, d + 1] } };
        const penalised = create(engines[device], data, { fitIntercept: false });
        await penalised.fit(wide.x, wide.y);
        expect(Array.from(penalised.intercept)).toEqual(new Array(k).fill(0));
        const other = judge(penalised, wide, { l2: L2, fitIntercept: false });
        const cost = (L2 / 2) * model.intercept.reduce((sum, b) => sum + (b / c) ** 2, 0);
        // J − J* ≤ ‖dJ‖² / (2·l2) for each of the two.
        expect(other.loss).toBeLessThanOrEqual(best.loss + cost + other.gradientLength ** 2 / (2 * L2));
        expect(best.loss).toBeLessThanOrEqual(other.loss + best.gradientLength ** 2 / (2 * L2));
      }),
    );
  });

  test("the same numbers in another form give the same model", async ({ engines }) => {
    const [n, d, k] = [24, 5, 3];
    const bytes = Uint8Array.from({ length: n * d }, (_, e) => (e * 97 + (e % 7) * 31) % 256);
    const base = clusters(n, d, k);
    const data: Dataset = { ...base, x: { data: Float32Array.from(bytes, (v) => v / 255 - 0.5), shape: [n, d] } };
    const oneHot = data.y.map((j) => Array.from({ length: k }, (_, c) => Number(c === j)));
    const proba = async (x: Features, y: LabelsLike): Promise<Float32Array> => {
      const model = create(engines[device], data);
      await model.fit(x, y);
      return (await model.predictProba(x)).data;
    };
    const expected = await proba(data.x, data.y);
    const floor = apart(data);
    expectClose(await proba({ data: bytes, shape: [n, d], scale: 1 / 255, offset: -0.5 }, data.y), expected, { floor });
    expectClose(await proba(data.x, oneHot), expected, { floor });
    using x = engines[device].tensor(data.x);
    expectClose(await proba(x, data.y), expected, { floor });
  });

  test("a constant added to a feature moves the intercept, not the predictions", async ({ engines }) => {
    const data = clusters(24, 4, 3);
    // Multiples of 2⁻⁸, to which float32 can add 8 without rounding.
    data.x.data.forEach((v, e) => {
      data.x.data[e] = Math.round(v * 256) / 256;
    });
    const shifted: Dataset = { ...data, x: { ...data.x, data: data.x.data.map((v, e) => v + (e % 4 === 2 ? 8 : 0)) } };
    const [one, other] = [create(engines[device], data), create(engines[device], data)];
    await one.fit(data.x, data.y);
    await other.fit(shifted.x, shifted.y);
    const [p, q] = [await one.predictProba(data.x), await other.predictProba(shifted.x)];
    expectClose(q.data, p.data, { floor: apart(shifted) });
    expect(one.intercept).not.toEqual(other.intercept);
  });
});

function withColumn({ x }: Dataset, value: number): Float32Array {
  const [n, d] = x.shape;
  return Float32Array.from({ length: n * (d + 1) }, (_, e) => {
    const [i, l] = [Math.floor(e / (d + 1)), e % (d + 1)];
    return l < d ? x.data[i * d + l] : value;
  });
}
