/** What a fit tells and leaves while weights are averaged; options that cannot be used; extremes of all three options. */
import { afterEach, describe, expect, vi } from "vitest";
import { type Engine, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { adam, batchGradient, sgd } from "../solvers/plain-steps.js";
import { clusters, type Dataset, rowsOf } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

const data = clusters(60, 5, 3);
const held = clusters(40, 5, 3, 9);
const EPOCHS = 6;
const thetaOf = (model: SoftmaxRegression): Float32Array => Float32Array.of(...model.coef.data, ...model.intercept);

afterEach(() => {
  vi.restoreAllMocks();
});

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
      // While the clock stands still only the ends of epochs are looked at, and each loss is that of a whole epoch.
      vi.spyOn(performance, "now").mockReturnValue(1000);
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
});

/** Half a pass of rows at a time: a step each on a GPU of launches of its own, and one among many in a launch. */
const [LARGE, SMALL] = [600, 20];
const rows = clusters(LARGE + SMALL, 5, 3, 4);
const numbered = (from: number, count: number): Dataset =>
  rowsOf(
    rows,
    Array.from({ length: count }, (_, i) => from + i),
  );
const parts = [numbered(0, LARGE), numbered(LARGE, SMALL), numbered(9, LARGE), numbered(LARGE - 5, SMALL)];
const L2 = 0.05;

describe.each(ENGINE_DEVICES)("partialFit on %s", (device) => {
  const create = (engine: Engine, options: SoftmaxRegressionOptions) =>
    new SoftmaxRegression({
      ...{ engine, batchSize: LARGE, shuffle: false, l2: L2, learningRate: 0.25, classes: [0, 1, 2] },
      ...{ averageWeights: true, ...options },
    });

  test.for([
    ["SGD", { solver: "sgd" }, () => sgd(0.25, 0, false), 0.25],
    ["momentum", { solver: "sgd", momentum: 0.5 }, () => sgd(0.25, 0.5, false), 0.25 / (1 - 0.5)],
    ["SGD, clipped", { solver: "sgd", clipNorm: 1e3 }, () => sgd(0.25, 0, false), 0.25],
    // Adam divides by the gradients, which are a hundredth and more where they matter.
    ["Adam", { solver: "adam", learningRate: 0.05 }, () => adam(0.05), 0.05 * 100],
  ] as const)(
    "%s: the mean of all steps so far, whatever calls and plans they come in",
    async ([, options, update, magnified], { engines }) => {
      const engine = engines[device];
      if (device === "webgpu") {
        const plans = parts.map(({ x }) =>
          engine.explain({ rows: x.shape[0], features: 5, classes: 3, batchSize: LARGE }),
        );
        expect(plans.map(({ stepsPerDispatch }) => stepsPerDispatch)).toEqual([undefined, 1, undefined, 1]);
      }
      const model = create(engine, options);
      const move = update();
      const theta = new Float64Array(6 * 3);
      const sum = new Float64Array(theta.length);
      const largest = rows.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
      let step = 0;
      for (const part of [...parts, ...parts]) {
        const ones = part.y.map(() => 1);
        move(theta, batchGradient(part, ones, theta, L2), ++step);
        for (let e = 0; e < theta.length; e++) sum[e] += theta[e];
        await expectMemoryBack(engine, () => model.partialFit(part.x, part.y));
        // Sums over features, classes and rows, exp and a division: each within some 2⁻²² of values up to |x|; 4·√n roundings over n rows.
        const floor = step * magnified * (5 + 3 + Math.sqrt(LARGE)) * largest * 2 ** -22;
        const mean = sum.map((s) => s / step);
        expectClose(thetaOf(model), mean, { floor });
        // What the mean is not: where the steps are.
        if (step > 2) expect(Math.hypot(...mean.map((m, e) => m - theta[e]))).toBeGreaterThan(20 * floor);
      }
    },
  );

  test("a mean begins with the first step after a fit, a file, or a pass that was broken off", async ({ engines }) => {
    const engine = engines[device];
    const [part, other] = parts;
    const options = { solver: "sgd", batchSize: 100 } as const;
    const stepOn = async (model: SoftmaxRegression): Promise<Float32Array> => {
      await model.partialFit(other.x, other.y);
      return thetaOf(model);
    };
    const again = (model: SoftmaxRegression, given: SoftmaxRegressionOptions = {}): SoftmaxRegression =>
      SoftmaxRegression.fromJSON(JSON.stringify(model), { engine, ...given });
    const fitted = create(engine, options);
    await fitted.fit(part.x, part.y);
    const [loaded, begun] = [again(fitted), again(fitted)] as const;
    expectSameBits(await stepOn(fitted), await stepOn(loaded));
    // A mean of one step is where that leads.
    expectSameBits(await stepOn(again(begun, { averageWeights: false })), thetaOf(loaded));

    const stopped = create(engine, options);
    await stopped.partialFit(part.x, part.y);
    const before = thetaOf(stopped);
    const abort = new AbortController();
    abort.abort("no");
    // Before it has begun, nothing is lost.
    await expect(stopped.partialFit(part.x, part.y, { signal: abort.signal })).rejects.toBe("no");
    expectSameBits(thetaOf(stopped), before);
    const throwing = { onProgress: () => Promise.reject(new Error("no")) };
    await expect(stopped.partialFit(part.x, part.y, throwing)).rejects.toThrow("onProgress threw");
    const whole = create(engine, options);
    for (let pass = 0; pass < 2; pass++) await whole.partialFit(part.x, part.y);
    // It was told at the end of the pass, of whose steps the model has the mean; what comes then is one step from there.
    expectSameBits(thetaOf(stopped), thetaOf(whole));
    expectSameBits(await stepOn(stopped), await stepOn(again(whole)));
  });
});
