import { describe, expect } from "vitest";
import { type ModelJson, SoftmaxRegression } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "./clusters.js";

/** Scores of a row [t]: a gives 100·t, b 0, c −100·t + 1. */
const json: ModelJson = {
  format: "luce/softmax-regression",
  version: 1,
  classes: ["a", "b", "c"],
  features: 1,
  coef: [100, 0, -100],
  intercept: [0, 0, 1],
};
const ROWS = [[0], [0.01], [5], [-5], [1e4]];
const SCORES = ROWS.flatMap(([t]) => [100 * t, 0, -100 * t + 1]);
const logProba = SCORES.map((z, e) => {
  const own = SCORES.slice(e - (e % 3), e - (e % 3) + 3);
  const maximum = Math.max(...own);
  return z - maximum - Math.log(own.reduce((sum, v) => sum + Math.exp(v - maximum), 0));
});
const proba = logProba.map(Math.exp);

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("scores, probabilities and their logarithms, exact where a probability itself is 0", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    const shape = [5, 3];
    const [z, p, l] = [
      await model.decisionFunction(ROWS),
      await model.predictProba(ROWS),
      await model.predictLogProba(ROWS),
    ];
    for (const result of [z, p, l]) expect(result.shape).toEqual(shape);
    // 0.01 itself is rounded.
    expectClose(z.data, SCORES, { floor: 2 ** -22, relativeFloor: 2 ** -22 });
    // exp, a sum and a division: 3 + 2|x| + 2.5 units in the last place and the sum's rounding.
    expectClose(p.data, proba, { floor: 2 ** -20 });
    expectClose(l.data, logProba, { floor: 2 ** -20, relativeFloor: 2 ** -22 });
    // e⁻¹⁰⁰⁰ is no float32, −1000 is.
    expect(p.data[8]).toBe(0);
    expect(l.data[8]).toBeCloseTo(-999, 3);
    expect(l.data[14]).toBeCloseTo(-2e6, -1);
    for (let i = 0; i < 5; i++) expect(p.data[3 * i] + p.data[3 * i + 1] + p.data[3 * i + 2]).toBeCloseTo(1, 6);
  });

  test("labels, and the top of them", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    expect(await model.predict(ROWS)).toEqual(["c", "a", "a", "c", "a"]);
    // Where two probabilities are 0, the first class comes first.
    const top = await model.predictTopK(ROWS, 2);
    expect(top.map((row) => row.map(({ label }) => label))).toEqual([
      ["c", "a"],
      ["a", "b"],
      ["a", "b"],
      ["c", "a"],
      ["a", "b"],
    ]);
    top.forEach((row, i) => {
      const best = proba.slice(3 * i, 3 * i + 3).sort((a, b) => b - a);
      expectClose(
        row.map(({ probability }) => probability),
        best.slice(0, 2),
        { floor: 2 ** -20 },
      );
    });
    for (const row of await model.predictTopK(ROWS, 99)) expect(row).toHaveLength(3);
  });

  test("score counts rows, by their weights", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    const labels = ["c", "b", "a", "c", "b"];
    expect(await model.score(ROWS, labels)).toBe(3 / 5);
    expect(await model.score(ROWS, labels, [1, 2, 3, 0, 4])).toBe(4 / 10);
    expect(await model.score(ROWS, labels, [1, 0, 1, 1, 0])).toBe(1);
    const soft = [
      [0.1, 0.2, 0.7],
      [0, 1, 0],
      [0.5, 0.5, 0],
      [0, 0, 1],
      [0.3, 0.4, 0.3],
    ];
    expect(await model.score(ROWS, soft)).toBe(3 / 5);
  });

  test("a tensor of the engine's is predicted where it is, and left alone", async ({ engines }) => {
    const engine = engines[device];
    const model = SoftmaxRegression.fromJSON(json, { engine });
    using x = engine.tensor(ROWS);
    expectSameBits((await model.predictProba(x)).data, (await model.predictProba(ROWS)).data);
    expect(x.disposed).toBe(false);
  });

  test("saved and loaded, a model gives the same bits", async ({ engines }) => {
    const data = clusters(30, 4, 3);
    const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 10 });
    await model.fit(data.x, data.y);
    const again = SoftmaxRegression.fromJSON(JSON.stringify(model), { engine: engines[device] });
    expectSameBits((await again.predictProba(data.x)).data, (await model.predictProba(data.x)).data);
    expectSameBits(again.coef.data, model.coef.data);
    expectSameBits(again.intercept, model.intercept);
    expect(again.classes).toEqual(model.classes);
  });

  test("what a model hands out is a copy", async ({ engines }) => {
    const model = SoftmaxRegression.fromJSON(json, { engine: engines[device] });
    model.coef.data.fill(0);
    model.intercept.fill(9);
    (model.classes as string[]).reverse();
    expect(await model.predict([[1]])).toEqual(["a"]);
    expect(model.toJSON()).toEqual(json);
  });

  test("validation is measured on the rows given for it", async ({ engines }) => {
    const [train, held] = [clusters(40, 3, 3, 1), clusters(15, 3, 3, 2)];
    const model = new SoftmaxRegression({ engine: engines[device], maxIterations: 12 });
    const { history } = await model.fit(train.x, train.y, { validation: { x: held.x, y: held.y } });
    const last = history[history.length - 1];
    expect(last.validationAccuracy).toBe(await model.score(held.x, held.y));
    const { data } = await model.predictLogProba(held.x);
    const loss = held.y.reduce((sum, c, i) => sum - data[3 * i + c], 0) / 15;
    expect(last.validationLoss).toBeCloseTo(loss, 5);
  });
});
