import { describe, expect } from "vitest";
import { LabelError, OptionError } from "../../../src/errors.js";
import type { FitReport, LossOption, SoftmaxRegressionOptions } from "../../../src/index.js";
import { fromSklearn, SoftmaxRegression } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomValues } from "../../support/random-matrix.js";
import { usable } from "../../support/usable-options.js";

const NAMED: Readonly<Record<string, LossOption>> = {
  squared: "squared",
  "squared on probabilities": { name: "squared", on: "probabilities" },
  absolute: "absolute",
  margin: "margin",
  "squared margin": { name: "margin", power: 2 },
  "largest margin": { name: "margin", form: "max", delta: 2 },
};
const NAMES = Object.keys(NAMED);

/** Three clouds in four dimensions, 90 rows that overlap somewhat. */
const NOISE = randomValues(360, 5, -1, 1);
const ROWS = Array.from({ length: 90 }, (_, i) => {
  const own = [2, 0, -1, 1].map((v, j) => v * ((i % 3) - 1) * (j === 1 ? 0 : 1) + (i % 3 === 1 && j === 1 ? 1.5 : 0));
  return own.map((v, j) => v + 1.2 * (NOISE[4 * i + j] as number));
});
const LABELS = ROWS.map((_, i) => ["a", "b", "c"][i % 3] as string);
const ONE_HOT = LABELS.map((label) => ["a", "b", "c"].map((name) => Number(name === label)));

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(NAMES)("%s: every solver brings it down, and predicts", async (name, { engines }) => {
    const engine = engines[device];
    const loss = NAMED[name] as LossOption;
    const fits: Record<string, FitReport> = {};
    /** J of all rows at the last weights. */
    const reached: Record<string, number> = {};
    for (const solver of ["lbfgs", "sgd", "adam"] as const) {
      const options: SoftmaxRegressionOptions = {
        engine,
        loss,
        solver,
        l2: 0.01,
        epochs: 60,
        batchSize: 32,
        learningRate: 0.02,
      };
      using model = new SoftmaxRegression(usable(options));
      const report = await model.fit(ROWS, LABELS, { validation: { x: ROWS, y: LABELS } });
      fits[solver] = report;
      expect(await model.score(ROWS, LABELS), solver).toBeGreaterThan(0.9);
      const last = report.history.at(-1);
      const { data } = model.coef;
      const penalty = 0.005 * data.reduce((sum, w) => sum + w * w, 0);
      // Validation is by the same loss, without penalty: here of the same rows. Minibatches report a mean over moving weights.
      reached[solver] = (last?.validationLoss as number) + penalty;
      if (solver === "lbfgs") expectClose([reached.lbfgs as number], [report.loss], { floor: 1e-5 });
      for (const row of (await model.predictProba(ROWS.slice(0, 2))).data) expect(row).toBeGreaterThanOrEqual(0);
    }
    const lbfgs = fits.lbfgs as FitReport;
    // Losses with corners are left a little above the optimum, and those that are not convex in a minimum of their own.
    for (const other of [reached.sgd, reached.adam]) expect(lbfgs.loss).toBeLessThan(1.02 * (other as number));
    const hasCorners = name === "margin" || name === "largest margin";
    expect(lbfgs.stopReason).toBe(hasCorners ? "precision" : "converged");
    if (hasCorners) expect(lbfgs.advice).toMatch(/corners.*power: 2/);
  });

  test.for(NAMES)("%s: a weight of 2 is the row twice, 0 the row left out", async (name, { engines }) => {
    const options = { engine: engines[device], loss: NAMED[name] as LossOption, l2: 0.05, tolerance: 1e-6 };
    using weighted = new SoftmaxRegression(options);
    using repeated = new SoftmaxRegression(options);
    const weights = LABELS.map((_, i) => i % 4);
    const one = await weighted.fit(ROWS, LABELS, { sampleWeight: weights });
    const order = LABELS.flatMap((_, i) => Array.from({ length: i % 4 }, () => i));
    const other = await repeated.fit(
      order.map((i) => ROWS[i] as number[]),
      order.map((i) => LABELS[i] as string),
    );
    // The same minimum: a loss with corners is left a little above it, and at another place each time.
    const share = name.includes("margin") && name !== "squared margin" ? 2e-3 : 2e-5;
    expectClose([one.loss], [other.loss], { floor: 0, relativeFloor: share });
  });

  test("one-hot rows are labels to every loss", async ({ engines }) => {
    for (const name of NAMES) {
      const options = { engine: engines[device], loss: NAMED[name] as LossOption, l2: 0.05 };
      using labelled = new SoftmaxRegression(options);
      using soft = new SoftmaxRegression({ ...options, classes: ["a", "b", "c"] });
      const [one, other] = [await labelled.fit(ROWS, LABELS), await soft.fit(ROWS, ONE_HOT)];
      expectClose([other.loss], [one.loss], {
        floor: 0,
        relativeFloor: name.includes("margin") ? 0 : 1e-5,
        label: name,
      });
    }
  });

  test("soft targets and smoothing train all but margin, which refuses them and changes nothing", async ({
    engines,
  }) => {
    const engine = engines[device];
    const targets = ONE_HOT.map((row) => row.map((q) => 0.25 + 0.25 * q));
    for (const loss of ["squared", { name: "squared", on: "probabilities" }, "absolute"] as const) {
      using smoothed = new SoftmaxRegression({ engine, loss, l2: 0.05, labelSmoothing: 0.75 });
      using soft = new SoftmaxRegression({ engine, loss, l2: 0.05, classes: ["a", "b", "c"] });
      const [one, other] = [await smoothed.fit(ROWS, LABELS), await soft.fit(ROWS, targets)];
      // (1 − ¾)·onehot + ¾/3 is the same target.
      expectClose([other.loss], [one.loss], { floor: 0, relativeFloor: 2e-4, label: JSON.stringify(loss) });
    }
    using margin = new SoftmaxRegression({ engine, loss: "margin", classes: ["a", "b", "c"] });
    const refused = margin.fit(ROWS, targets);
    await expect(refused).rejects.toThrow(LabelError);
    await expect(refused).rejects.toThrow(/row 0: expected targets of 0 and 1 for loss "margin", got 0.5/);
    await expect(margin.fit(ROWS, LABELS, { validation: { x: ROWS, y: targets } })).rejects.toThrow(
      /fit: validation: y/,
    );
    await expect(margin.predict(ROWS)).rejects.toThrow(/fit/);
  });

  test("ignored rows and class weights count as with cross-entropy", async ({ engines }) => {
    for (const name of NAMES) {
      const options = { engine: engines[device], loss: NAMED[name] as LossOption, l2: 0.05 };
      using ignoring = new SoftmaxRegression({ ...options, ignoreLabel: null, classWeight: { a: 2 } });
      using plain = new SoftmaxRegression(options);
      const ignored = LABELS.map((label, i) => (i % 5 === 0 ? null : label));
      const one = await ignoring.fit(ROWS, ignored as unknown as string[]);
      const weights = LABELS.map((label, i) => (i % 5 === 0 ? 0 : label === "a" ? 2 : 1));
      const other = await plain.fit(ROWS, LABELS, { sampleWeight: weights });
      expectClose([one.loss], [other.loss], { floor: 0, relativeFloor: 1e-6, label: name });
    }
  });

  test("a confidently wrong row stays wrong under a bounded loss, and the history shows it", async ({ engines }) => {
    /** The scores of x = 1 are (40, 0, 0), and its class is the second. */
    const start = { coef: [[40], [0], [0]], intercept: [0, 0, 0], classes: ["a", "b", "c"] };
    const shared = {
      engine: engines[device],
      classes: ["a", "b", "c"],
      solver: "sgd",
      l2: 0,
      epochs: 40,
      learningRate: 0.5,
      warmStart: true,
    } as const;
    const historyOf = async (loss: LossOption): Promise<{ losses: number[]; coef: number[]; label: unknown }> => {
      using model = fromSklearn(start, { ...shared, loss });
      const { history } = await model.fit([[1]], ["b"]);
      const [label] = await model.predict([[1]]);
      return { losses: history.map((point) => point.loss), coef: Array.from(model.coef.data), label };
    };
    for (const loss of ["absolute", { name: "squared", on: "probabilities" }] as const) {
      const { losses, coef, label } = await historyOf(loss);
      // 2(1 − p) at p = e⁻⁴⁰: 40 steps of half its gradient, 2p, or 4p of squares, lead nowhere.
      for (const each of losses) expect(each).toBe(2);
      expectClose(coef, [40, 0, 0], { floor: 40 * 0.5 * 4.01 * Math.exp(-40) });
      expect(label).toBe("a");
    }
    const { losses, label } = await historyOf("cross-entropy");
    // The mean over the steps since the report before, the first of which has a loss of 40.
    expect(losses.at(-1)).toBeLessThan(30);
    expect(label).toBe("b");
  });
});

test("both devices find the same minimum of the smooth convex losses", async ({ engines }) => {
  for (const loss of ["squared", { name: "margin", power: 2 }] as const) {
    const coefs: Float32Array[] = [];
    for (const device of ENGINE_DEVICES) {
      using model = new SoftmaxRegression({ engine: engines[device], loss, l2: 0.1, tolerance: 1e-6 });
      await model.fit(ROWS, LABELS);
      coefs.push(Float32Array.from(model.coef.data));
    }
    // W is off by ‖dJ‖ / l2 at most: gradients below 1e-6 and the rounding of them, some 1e-6 here, times √12.
    expectClose(coefs[0] as Float32Array, coefs[1] as Float32Array, { floor: (4 * 3.5 * 1e-6) / 0.1 });
  }
});

test("options that no loss has are refused when the model is made", () => {
  const bad = [
    ...["hinge", "constructor", "", null, 1, {}, [], { name: "hinge" }, { name: "constructor" }, { delta: 1 }],
    ...[
      { name: "squared", on: "logits" },
      { name: "squared", delta: 1 },
      { name: "absolute", power: 1 },
    ],
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1"].map((delta) => ({ name: "margin", delta })),
    ...[0, 3, 1.5, "1"].map((power) => ({ name: "margin", power })),
    { name: "margin", form: "mean" },
  ];
  for (const loss of bad) {
    const make = (): SoftmaxRegression => new SoftmaxRegression({ loss: loss as LossOption });
    expect(make, JSON.stringify(loss)).toThrow(OptionError);
    expect(make).toThrow(/option `loss` cannot be used/);
  }
  expect(() => new SoftmaxRegression({ loss: "margin", labelSmoothing: 0.1 })).toThrow(/labelSmoothing.*margin/);
});

test("what becomes of the option's object afterwards does not matter", async ({ engines }) => {
  const loss = { name: "margin" as const, power: 2 as 1 | 2 };
  using model = new SoftmaxRegression({ engine: engines.cpu, loss });
  loss.power = 1;
  expect((await model.fit(ROWS, LABELS)).stopReason).toBe("converged");
});
