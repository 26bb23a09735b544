/** evaluate, calibrate, thresholds and rejection, on both devices. */
import { describe, expect } from "vitest";
import {
  accuracy,
  balancedAccuracy,
  brierScore,
  calibrationError,
  confusionMatrix,
  logLoss,
  type ModelJson,
  precisionRecallF1,
  reliabilityCurve,
  SoftmaxRegression,
} from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "./clusters.js";
import { expectMemoryBack } from "./live-memory.js";

/** Scores of a row [t]: no −t, yes t. */
const json: ModelJson = {
  format: "luce/softmax-regression",
  version: 1,
  classes: ["no", "yes"],
  features: 1,
  coef: [-1, 1],
  intercept: [0, 0],
};
/** p(yes) = 1 / (1 + e^{−2t}) */
const rowOf = (p: number): number[] => [Math.log(p / (1 - p)) / 2];
const held = clusters(60, 4, 3, 7);
const sampleWeight = held.y.map((_, i) => (i % 5) / 2);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("evaluate equals the metrics of predictions", async ({ engines }) => {
    const engine = engines[device];
    const model = new SoftmaxRegression({ engine, maxIterations: 20 });
    await model.fit(clusters(80, 4, 3).x, clusters(80, 4, 3).y);
    for (const weights of [undefined, sampleWeight]) {
      const options = weights ? { sampleWeight: weights } : {};
      const found = await expectMemoryBack(engine, () => model.evaluate(held.x, held.y, options));
      const predicted = (await model.predict(held.x)) as number[];
      const [proba, logProba] = [await model.predictProba(held.x), await model.predictLogProba(held.x)];
      const all = { classes: [0, 1, 2], ...options };
      expect(found.rows).toBe(weights ? weights.filter((w) => w > 0).length : 60);
      expect(found.accuracy).toBe(accuracy(held.y, predicted, all));
      expect(found.accuracy).toBe(await model.score(held.x, held.y, weights));
      expect(found.balancedAccuracy).toBe(balancedAccuracy(held.y, predicted, all));
      expect(found.confusion).toEqual(confusionMatrix(held.y, predicted, all));
      expect(found.confusion).toBe(found.confusion);
      const { perClass, macro, micro, weighted } = precisionRecallF1(held.y, predicted, all);
      expect([found.perClass, found.macro, found.micro, found.weighted]).toEqual([perClass, macro, micro, weighted]);
      // The device's softmax: a few units in the last place of probabilities and of logarithms up to 20.
      expectClose([found.logLoss], [logLoss(held.y, logProba, { ...all, logarithms: true })], { floor: 2 ** -18 });
      expectClose([found.brierScore], [brierScore(held.y, proba, all)], { floor: 2 ** -20 });
      expectClose([found.calibrationError], [calibrationError(held.y, proba, all)], { floor: 2 ** -20 });
      const curve = reliabilityCurve(held.y, proba, all);
      expect(found.reliability.map(({ weight }) => weight)).toEqual(curve.map(({ weight }) => weight));
    }
  });

  test("evaluate takes soft targets, bins, and rows that are sure of what is wrong", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON({ ...json, coef: [-500, 500] }, { engine: engines[device] });
    const soft = await model.evaluate(
      [[1], [-1]],
      [
        [0.25, 0.75],
        [1, 0],
      ],
      { bins: 1 },
    );
    expect(soft.logLoss).toBeCloseTo((0.25 * 1000) / 2, 3);
    expect(soft.brierScore).toBeCloseTo((2 * 0.25 ** 2) / 2 / 2, 12);
    expect(soft.accuracy).toBe(1);
    const wrong = await model.evaluate([[1]], ["no"]);
    // p(no) = e⁻¹⁰⁰⁰ is no float32; its logarithm is told all the same.
    expect(wrong.logLoss).toBeCloseTo(1000, 3);
    expect([wrong.accuracy, wrong.calibrationError, wrong.brierScore]).toEqual([0, 1, 1]);
  });

  test("calibrate finds the temperature, and probabilities have it until the next fit", async ({ engines }) => {
    const engine = engines[device];
    const train = clusters(40, 4, 3, 3);
    const model = new SoftmaxRegression({ engine, l2: 0, maxIterations: 60 });
    await model.fit(train.x, train.y);
    expect(model.temperature).toBe(1);
    const [before, scores] = [await model.evaluate(held.x, held.y), await model.decisionFunction(held.x)];
    const labels = await model.predict(held.x);
    const report = await expectMemoryBack(engine, () => model.calibrate(held.x, held.y));
    expect(model.temperature).toBe(report.temperature);
    expect(report.temperature).toBeGreaterThan(1);
    expectClose([report.lossBefore], [before.logLoss], { floor: 2 ** -40 });
    const after = await model.evaluate(held.x, held.y);
    expectClose([after.logLoss], [report.lossAfter], { floor: 2 ** -40 });
    expect(after.logLoss).toBeLessThan(before.logLoss);

    expect(await model.predict(held.x)).toEqual(labels);
    expectSameBits((await model.decisionFunction(held.x)).data, scores.data);
    const expected = scores.data.map((z) => z / report.temperature);
    const logProba = Array.from(expected, (z, e) => {
      const own = expected.subarray(e - (e % 3), e - (e % 3) + 3);
      const most = Math.max(...own);
      return z - most - Math.log(own.reduce((sum, v) => sum + Math.exp(v - most), 0));
    });
    // Scores up to 50, divided before or after they are rounded.
    expectClose((await model.predictLogProba(held.x)).data, logProba, {
      floor: 50 * 2 ** -21,
      relativeFloor: 2 ** -21,
    });
    expectClose((await model.predictProba(held.x)).data, logProba.map(Math.exp), { floor: 50 * 2 ** -21 });
    const top = await model.predictTopK(held.x, 1);
    const { data } = await model.predictProba(held.x);
    expect(top.map(([{ probability }]) => probability)).toEqual(
      top.map((_, i) => Math.max(...data.subarray(3 * i, 3 * i + 3))),
    );

    const again = SoftmaxRegression.fromJSON(JSON.stringify(model), { engine });
    expect(again.temperature).toBe(report.temperature);
    expectSameBits((await again.predictProba(held.x)).data, data);
    // Calibrating begins from the scores, not from the last temperature.
    expect((await model.calibrate(held.x, held.y)).temperature).toBe(report.temperature);
    await model.fit(train.x, train.y);
    expect(model.temperature).toBe(1);
    expect(model.toJSON()).not.toHaveProperty("temperature");
  });

  test("a fit that is under way, and a model that is gone, are not calibrated", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    const rows = [[1], [2], [-1], [-2], [0.5], [-0.5]];
    const labels = ["yes", "yes", "no", "no", "no", "yes"];
    const fit = model.fit(rows, labels);
    await expect(model.calibrate(rows, labels)).rejects.toMatchObject({ code: "BUSY" });
    await fit;
    const calibration = model.calibrate(rows, labels);
    await expect(model.fit(rows, labels)).rejects.toMatchObject({ code: "BUSY" });
    await calibration;
    const last = model.calibrate(rows, labels);
    model.dispose();
    await expect(last).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(model.evaluate(rows, labels)).rejects.toMatchObject({ code: "DISPOSED" });
    const unfitted = new SoftmaxRegression({ engine: engines[device] });
    await expect(unfitted.calibrate(rows, labels)).rejects.toMatchObject({ code: "NOT_FITTED" });
    await expect(unfitted.evaluate(rows, labels)).rejects.toMatchObject({ code: "NOT_FITTED" });
    expect(() => unfitted.temperature).toThrow("has not been fitted");
  });

  test("thresholds of two classes and of more", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    const rows = [0.1, 0.29, 0.31, 0.6, 0.9].map(rowOf);
    expect(await model.predict(rows, {})).toEqual(await model.predict(rows));
    expect(await model.predict(rows, { threshold: 0.3 })).toEqual(["no", "no", "yes", "yes", "yes"]);
    expect(await model.predict(rows, { threshold: 0.8 })).toEqual(["no", "no", "no", "no", "yes"]);
    // p(yes) / 0.3 against p(no) / 0.7: the same as 0.3 for the second of two.
    expect(await model.predict(rows, { threshold: [0.7, 0.3] })).toEqual(await model.predict(rows, { threshold: 0.3 }));
    expect(await model.predict(rows, { threshold: [1, 1] })).toEqual(await model.predict(rows));
  });

  test("rows that are not sure enough get what the caller says", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    const rows = [0.1, 0.29, 0.31, 0.6, 0.9].map(rowOf);
    expect(await model.predict(rows, { reject: 0.7 })).toEqual(["no", "no", null, null, "yes"]);
    expect(await model.predict(rows, { reject: 0.7, rejected: "?" })).toEqual(["no", "no", "?", "?", "yes"]);
    expect(await model.predict(rows, { reject: 0 })).toEqual(await model.predict(rows));
    expect(await model.predict(rows, { threshold: 0.3, reject: 0.5 })).toEqual(["no", "no", null, "yes", "yes"]);
    // Temperature counts: the same scores say less.
    const unsure = SoftmaxRegression.fromJSON({ ...json, temperature: 10 }, { engine: engines[device] });
    expect(await unsure.predict(rows, { reject: 0.6 })).toEqual([null, null, null, null, null]);
  });
});
