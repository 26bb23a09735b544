/** Arguments that are nothing of the kind: each is refused in words, by an error of the library. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createEngine,
  crossValidate,
  DataError,
  type Engine,
  forget,
  fromSafetensors,
  fromSklearn,
  logLoss,
  memoryStore,
  NotFittedError,
  OptionError,
  SoftmaxRegression,
  saveModel,
  toONNX,
  toSafetensors,
  toSklearn,
} from "../../../src/index.js";

const [X, Y] = [
  [[0], [1], [2], [3]],
  [0, 0, 1, 1],
];
let engine: Engine;
let model: SoftmaxRegression;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
  model = new SoftmaxRegression({ engine });
  await model.fit(X, Y);
});
afterAll(() => engine.dispose());

const NOTHING: readonly unknown[] = [null, undefined, "", 1, () => 1, {}, [], { coef: {}, intercept: [], classes: [] }];

describe("what is no model is written to no file", () => {
  const WRITERS: Readonly<Record<string, (model: never) => unknown>> = {
    toSafetensors,
    toONNX,
    toSklearn,
    saveModel: (no) => saveModel("m", no, { store: memoryStore() }),
  };
  test.for(Object.entries(WRITERS))("%s", async ([name, write]) => {
    const where = name === "saveModel" ? "toSafetensors" : name;
    for (const no of NOTHING) {
      const call = async (): Promise<unknown> => write(no as never);
      await expect(call()).rejects.toMatchObject({
        name: "OptionError",
        code: "BAD_OPTION",
        message: expect.stringContaining(`${where}: the model is none: expected a SoftmaxRegression`),
      });
    }
    const unfitted = async (): Promise<unknown> => write(new SoftmaxRegression() as never);
    await expect(unfitted()).rejects.toThrow(NotFittedError);
  });
});

test("options and parameters that are no objects", () => {
  const file = toSafetensors(model);
  for (const no of [null, 1, "a"]) {
    expect(() => fromSafetensors(file, no as never)).toThrow(OptionError);
    expect(() => fromSklearn(no as never)).toThrow(OptionError);
    expect(() => logLoss([0, 1], [0.5, 0.5], no as never)).toThrow(OptionError);
  }
});

test("arrays whose memory has been transferred away", async () => {
  const gone = Int32Array.of(0, 1);
  structuredClone(gone, { transfer: [gone.buffer] });
  const detached = { code: "DETACHED_BUFFER" };
  await expect(forget(model, X, Y, gone)).rejects.toMatchObject(detached);
  const folds = crossValidate(X, Y, { engine, l2s: [1], folds: gone });
  await expect(folds).rejects.toMatchObject(detached);
});

test("objects that throw when they are looked into", async () => {
  const thrower = new Proxy(
    {},
    {
      get: (_, key) => {
        throw new Error(`no ${String(key)}`);
      },
      has: () => {
        throw new Error("nothing");
      },
    },
  );
  await expect(new SoftmaxRegression({ engine }).fit(thrower as never, Y)).rejects.toThrow(DataError);
  expect(() => new SoftmaxRegression({ loss: thrower as never })).toThrow("option `loss`");
  expect(() => new SoftmaxRegression({ solver: "sgd", learningRate: thrower as never })).toThrow(
    "option `learningRate`",
  );
});

test("a learning rate that is promised, or cannot be shown", async () => {
  for (const [rate, words] of [
    [Promise.resolve(1), "got a Promise"],
    [Object.create(null), "got an object"],
  ] as const) {
    const late = new SoftmaxRegression({ engine, solver: "sgd", learningRate: () => rate as never });
    await expect(late.fit(X, Y)).rejects.toMatchObject({
      name: "OptionError",
      message: expect.stringContaining(words),
    });
  }
});
