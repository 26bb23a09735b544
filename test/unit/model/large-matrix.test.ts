/** A fit of a matrix that is checked piece by piece, and what is asked of such a one: what happens in the pauses. */
import { describe, expect, test } from "vitest";
import {
  BusyError,
  DataError,
  DisposedError,
  type Features,
  type LabelsLike,
  SoftmaxRegression,
} from "../../../src/index.js";

const [ROWS, COLUMNS] = [200_000, 32];

function digits(): { readonly x: { readonly data: Float32Array; readonly shape: number[] }; readonly y: Int32Array } {
  const data = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i) / 8);
  return { x: { data, shape: [ROWS, COLUMNS] }, y: Int32Array.from({ length: ROWS }, (_, i) => i % 3) };
}

/** Rounding to halves takes long enough to be paused on any machine. */
const OPTIONS = { device: "cpu", workers: 0, maxIterations: 1, features: "f16" } as const;

/** Resolves in the first pause. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Knows three classes of such rows. */
async function fitted(): Promise<SoftmaxRegression> {
  const model = new SoftmaxRegression(OPTIONS);
  const rows = Array.from({ length: 6 }, (_, i) => Array.from({ length: COLUMNS }, (_, j) => Math.cos(i * j)));
  await model.fit(rows, [0, 1, 2, 0, 1, 2]);
  return model;
}

describe("while a large matrix is looked through", () => {
  test.each<[string, (model: SoftmaxRegression, x: Features, y: LabelsLike) => Promise<unknown>]>([
    ["predict", (model, x) => model.predict(x)],
    ["predictProba", (model, x) => model.predictProba(x)],
    ["score", (model, x, y) => model.score(x, y)],
    ["evaluate", (model, x, y) => model.evaluate(x, y)],
    ["calibrate", (model, x, y) => model.calibrate(x, y)],
  ])("%s leaves the page its turns, and ends with the model", async (_, ask) => {
    using model = await fitted();
    const { x, y } = digits();
    const last = ROWS * COLUMNS - 1;
    x.data[last] = Number.NaN;
    const answer = ask(model, x, y);
    await soon();
    // It has not come so far yet.
    x.data[last] = 0;
    await answer;
    const another = ask(model, x, y);
    model.dispose();
    await expect(another).rejects.toThrow(DisposedError);
  });

  test("nobody fits a model that is being calibrated", async () => {
    using model = await fitted();
    const { x, y } = digits();
    const calibrating = model.calibrate(x, y);
    await soon();
    await expect(model.fit([[1], [2]], [0, 1])).rejects.toThrow(BusyError);
    expect(model.temperature).toBe(1);
    expect((await calibrating).temperature).toBe(model.temperature);
  });

  test("the page has its turns, and a second fit is refused", async () => {
    using model = new SoftmaxRegression(OPTIONS);
    const { x, y } = digits();
    let ended = false;
    const fitting = model.fit(x, y).finally(() => {
      ended = true;
    });
    await soon();
    expect(ended).toBe(false);
    await expect(model.fit([[1], [2]], [0, 1])).rejects.toThrow(BusyError);
    expect((await fitting).loss).toBeCloseTo(Math.log(3), 2);
  });

  test("an abort ends the fit, and the model keeps what it had", async () => {
    using model = new SoftmaxRegression(OPTIONS);
    await model.fit([[1], [2], [3]], [0, 1, 1]);
    const { data } = model.coef;
    const { x, y } = digits();
    // Nobody gets so far as to see it.
    x.data[ROWS * COLUMNS - 1] = Number.NaN;
    const abort = new AbortController();
    const fitting = model.fit(x, y, { signal: abort.signal });
    abort.abort("enough");
    await expect(fitting).rejects.toBe("enough");
    expect(model.coef.data).toEqual(data);
  });

  test("so does dispose", async () => {
    const model = new SoftmaxRegression(OPTIONS);
    const { x, y } = digits();
    const fitting = model.fit(x, y);
    model.dispose();
    await expect(fitting).rejects.toThrow(DisposedError);
  });

  test("a fault at its end changes nothing", async () => {
    using model = new SoftmaxRegression(OPTIONS);
    const { x, y } = digits();
    x.data[ROWS * COLUMNS - 2] = Number.POSITIVE_INFINITY;
    const fitting = model.fit(x, y);
    await expect(fitting).rejects.toThrow(DataError);
    await expect(fitting).rejects.toThrow(`contains Infinity at row ${ROWS - 1}, column ${COLUMNS - 2}`);
    expect(() => model.coef).toThrow();
    // The model is free again.
    await model.fit([[1], [2]], [0, 1]);
  });

  test("a share set aside is the same as of a small one", async () => {
    using model = new SoftmaxRegression({ ...OPTIONS, maxIterations: 2 });
    const { x, y } = digits();
    const { history } = await model.fit(x, y, { validation: 0.25 });
    expect(history.at(-1)?.validationLoss).toBeCloseTo(Math.log(3), 2);
  });
});
