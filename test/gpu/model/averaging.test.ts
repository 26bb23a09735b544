/** What a fit tells and leaves while weights are averaged; options that cannot be used; extremes of all three options. */
import { describe, expect } from "vitest";
import { OptionError, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRejection } from "../../unit/data/fault.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

const data = clusters(60, 5, 3);
const held = clusters(40, 5, 3, 9);
const EPOCHS = 6;
const thetaOf = (model: SoftmaxRegression): Float32Array => Float32Array.of(...model.coef.data, ...model.intercept);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  const WAYS: readonly SoftmaxRegressionOptions[] = [
    { solver: "sgd", batchSize: 10 },
    // Steps by themselves on a GPU, too.
    { solver: "adamw", batchSize: 10, clipNorm: 0.5 },
  ];

  test.for(WAYS)(
    "progress, validation and early stopping are of the mean once it has begun: %j",
    async (way, { engines }) => {
      const create = (options: SoftmaxRegressionOptions) =>
        new SoftmaxRegression({ engine: engines[device], epochs: EPOCHS, shuffle: false, ...way, ...options });
      const fit = { validation: { x: held.x, y: held.y }, earlyStopping: { patience: 100 } };
      const told = async (model: SoftmaxRegression) => {
        const thetas: Float32Array[] = [];
        const onProgress = () => thetas.push(thetaOf(model));
        const report = await expectMemoryBack(engines[device], () => model.fit(data.x, data.y, { ...fit, onProgress }));
        const ends = report.history.filter(({ iteration }) => iteration % 6 === 0);
        return { thetas: thetas.slice(-EPOCHS), ends: ends.slice(-EPOCHS), report };
      };
      // Begins with the sixth epoch: the same kernels as the other's, whatever a compiler makes of them.
      const plain = await told(create({ averageWeights: { from: 0.99 } }));
      const averaged = await told(create({ averageWeights: true }));
      // Up to the fourth epoch nothing differs.
      for (const epoch of [0, 1, 2]) {
        expectSameBits(averaged.thetas[epoch], plain.thetas[epoch], `epoch ${epoch}`);
        expect(averaged.ends[epoch].validationLoss).toBe(plain.ends[epoch].validationLoss);
      }
      for (const epoch of [3, 4]) {
        expect(averaged.thetas[epoch]).not.toEqual(plain.thetas[epoch]);
        expect(averaged.ends[epoch].validationLoss).not.toBe(plain.ends[epoch].validationLoss);
        // The steps themselves are the same, and so is the loss that they see but for the penalty.
        expect(averaged.ends[epoch].loss).toBe(plain.ends[epoch].loss);
      }
      const losses = averaged.ends.map(({ validationLoss }) => validationLoss as number);
      expect(averaged.report.bestIteration).toBe(averaged.ends[losses.indexOf(Math.min(...losses))].iteration);
    },
  );

  test("a fit that is broken off leaves the mean so far", async ({ engines }) => {
    const options = { engine: engines[device], solver: "sgd", batchSize: 10, shuffle: false } as const;
    const abort = new AbortController();
    const model = new SoftmaxRegression({ ...options, epochs: 4, averageWeights: { from: 0.25 } });
    const fit = { validation: { x: held.x, y: held.y }, earlyStopping: { patience: 100 }, signal: abort.signal };
    const onProgress = ({ epoch }: { readonly epoch: number | undefined }) => {
      if (epoch === 3) abort.abort("enough");
    };
    await expect(model.fit(data.x, data.y, { ...fit, onProgress })).rejects.toBe("enough");
    // After three epochs the mean is of the last two.
    const same = new SoftmaxRegression({ ...options, epochs: 3, averageWeights: { from: 0.34 } });
    await same.fit(data.x, data.y);
    expectSameBits(thetaOf(model), thetaOf(same));
  });

  test("the same seed, the same bits; another one, others", async ({ engines }) => {
    for (const way of WAYS) {
      const trained = async (seed: number) => {
        const model = new SoftmaxRegression({ engine: engines[device], epochs: 4, averageWeights: true, seed, ...way });
        await model.fit(data.x, data.y);
        return thetaOf(model);
      };
      const one = await trained(3);
      expectSameBits(one, await trained(3));
      expect(one).not.toEqual(await trained(4));
    }
  });

  test("a limit that no gradient reaches cuts nothing, and a tiny one lets nothing move", async ({ engines }) => {
    const trained = async (options: SoftmaxRegressionOptions) => {
      const model = new SoftmaxRegression({
        engine: engines[device],
        solver: "sgd",
        epochs: 2,
        batchSize: 10,
        ...options,
      });
      const report = await model.fit(data.x, data.y);
      expect(report.stopReason).toBe("max-iterations");
      return thetaOf(model);
    };
    expectSameBits(await trained({ clipNorm: 1e300 }), await trained({ clipNorm: 1e9 }));
    // Twelve steps of 0.1 · 1e-30.
    expect(Math.hypot(...(await trained({ clipNorm: 1e-30 })))).toBeLessThan(1.3e-30);
    expect((await trained({ clipNorm: 5e-324 })).every(Number.isFinite)).toBe(true);
    // Balanced classes with features of 0 have no gradient at 0, and no penalty there.
    const model = new SoftmaxRegression({ engine: engines[device], solver: "adam", epochs: 2, clipNorm: 1e-20 });
    await model.fit({ data: new Float32Array(24), shape: [12, 2] }, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    expect([...thetaOf(model)]).toEqual(new Array(6).fill(0));
    // What would run away is held: each step moves θ by 5 · 2 at most.
    const wild = { learningRate: 5, clipNorm: 2 };
    expect(Math.hypot(...(await trained(wild)))).toBeLessThanOrEqual(12 * 10);
  });

  test("of scaled columns: what the same rows, scaled before, come to", async ({ engines }) => {
    const [n, d] = data.x.shape;
    const columns = Array.from({ length: d }, (_, j) => Array.from({ length: n }, (_, i) => data.x.data[i * d + j]));
    const scaled = data.x.data.map((v, e) => {
      const column = columns[e % d];
      const mean = column.reduce((sum, c) => sum + c, 0) / n;
      return (v - mean) / Math.sqrt(column.reduce((sum, c) => sum + (c - mean) ** 2, 0) / n);
    });
    const options = { engine: engines[device], solver: "sgd", batchSize: 10, epochs: 4, shuffle: false } as const;
    const all = { ...options, clipNorm: 0.25, weightDecay: 0.5, averageWeights: true };
    const inside = new SoftmaxRegression({ ...all, standardize: true });
    const outside = new SoftmaxRegression(all);
    await inside.fit(data.x, data.y);
    await outside.fit({ data: scaled, shape: [n, d] }, data.y);
    const [a, b] = [
      await inside.decisionFunction(data.x),
      await outside.decisionFunction({ data: scaled, shape: [n, d] }),
    ];
    // 24 steps of 0.1, whose gradients' errors are sums over features, classes and rows of values up to 4, some 2⁻²² each; and the logits'.
    expectClose(a.data, b.data, { floor: (24 * 0.1 + 1) * (d + 3 + 10) * 4 * 4 * 2 ** -22 });
    expect(Math.max(...a.data)).toBeGreaterThan(0.1);
  });

  test("partialFit knows no share of all steps", async ({ engines }) => {
    const model = new SoftmaxRegression({ engine: engines[device], solver: "sgd", averageWeights: true });
    const more = model.partialFit(data.x, data.y, { classes: [0, 1, 2] });
    await expectRejection(more, OptionError, "BAD_OPTION", "`averageWeights`");
    expect(() => model.coef).toThrow("not been fitted");
  });
});
