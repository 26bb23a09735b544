/** The options that files keep: a model that is loaded trains on as the saved one would. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createEngine,
  type Engine,
  FormatError,
  forget,
  fromSafetensors,
  loadModel,
  memoryStore,
  OptionError,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
  saveModel,
  toSafetensors,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { expectFault } from "../data/fault.js";

const X = Array.from({ length: 30 }, (_, i) => [Math.sin(i), Math.cos(2 * i), (i % 7) / 7]);
const Y = X.map((_, i) => ["a", "b", "c"][(i + (i >> 2)) % 3]);
const MORE = X.map((row, i) => row.map((v) => v + Math.sin(5 * i)));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
});
afterAll(() => engine.dispose());

/** Ways from a model to one that is loaded. */
const WAYS: Readonly<
  Record<string, (model: SoftmaxRegression, options: SoftmaxRegressionOptions) => Promise<SoftmaxRegression>>
> = {
  "JSON as an object": async (model, options) => SoftmaxRegression.fromJSON(model.toJSON(), options),
  "JSON as text": async (model, options) => SoftmaxRegression.fromJSON(JSON.stringify(model), options),
  safetensors: async (model, options) => fromSafetensors(toSafetensors(model), options),
  "a store": async (model, options) => {
    const store = memoryStore();
    await saveModel("m", model, { store });
    return (await loadModel("m", { ...options, store })) as SoftmaxRegression;
  },
};

const MODELS: Readonly<Record<string, SoftmaxRegressionOptions>> = {
  "penalties, a tolerance and a warm start": { l2: 0.3, l1: 1e-3, tolerance: 1e-6, maxIterations: 7, warmStart: true },
  "another loss": { loss: { name: "margin", delta: 0.5, power: 2, form: "max" }, maxIterations: 3 },
  "SGD with a schedule": {
    ...{ solver: "sgd", epochs: 3, batchSize: 7, momentum: 0.5, nesterov: true, seed: 11 },
    learningRate: { schedule: "step", initial: 0.2, factor: 0.5, every: 4 },
  },
  "Adam in one order": { solver: "adam", learningRate: 0.03, shuffle: false, epochs: 2, labelSmoothing: 0.1 },
  "weights by class, in a Map": {
    classWeight: new Map([
      ["a", 3],
      ["c", 0.5],
    ]),
  },
  "weights by class, in an object": { classWeight: { a: 3, c: 0.5 } },
  "scaled columns, no intercept": { standardize: true, fitIntercept: false, classWeight: "balanced" },
  "declared classes, and a label to ignore": { classes: ["a", "b", "c", "d"], ignoreLabel: null, features: "f16" },
};

describe.each(Object.entries(WAYS))("%s", (_, load) => {
  test.for(Object.entries(MODELS))("%s", async ([, options]) => {
    const model = new SoftmaxRegression({ engine, ...options });
    await model.fit(X, Y);
    const again = await load(model, { engine });
    expect(again.trainingOptions).toEqual(model.trainingOptions);
    expect(Object.keys(model.trainingOptions).sort()).toEqual(Object.keys(options).sort());
    expectSameBits((await again.predictProba(MORE)).data, (await model.predictProba(MORE)).data);
    await model.fit(MORE, Y);
    await again.fit(MORE, Y);
    expectSameBits(again.coef.data, model.coef.data);
    expectSameBits(again.intercept, model.intercept);
  });

  test("AdamW with its decay, clipping and averages, as Adam with what makes it that", async () => {
    const steps = { solver: "adamw", clipNorm: 0.5, averageWeights: { from: 0.25 }, epochs: 3, batchSize: 7 } as const;
    const model = new SoftmaxRegression({ engine, ...steps });
    await model.fit(X, Y);
    const again = await load(model, { engine });
    expect(again.trainingOptions).toEqual(model.trainingOptions);
    expect(model.trainingOptions).toMatchObject({ solver: "adam", l2: 0, weightDecay: 0.01, clipNorm: 0.5 });
    await model.fit(MORE, Y);
    await again.fit(MORE, Y);
    expectSameBits(again.coef.data, model.coef.data);
  });

  test("options of the call go before those in the file, those that are undefined do not", async () => {
    const model = new SoftmaxRegression({ engine, l2: 0.3, l1: 0.1, maxIterations: 4 });
    await model.fit(X, Y);
    const again = await load(model, { l1: 0, maxIterations: undefined } as never);
    expect(again.trainingOptions).toEqual({ l2: 0.3, maxIterations: 4 });
    again.dispose();
  });

  test("functions, engines and devices stay behind; defaults are not written", async () => {
    const model = new SoftmaxRegression({ engine, device: "cpu", workers: 0, solver: "sgd", learningRate: () => 0.1 });
    await model.fit(X, Y);
    expect((await load(model, {})).trainingOptions).toEqual({ solver: "sgd" });
    const plain = new SoftmaxRegression({ engine, l2: 1e-4, loss: "cross-entropy" });
    await plain.fit(X, Y);
    expect(plain.toJSON()).not.toHaveProperty("options");
    expect(new TextDecoder().decode(toSafetensors(plain))).not.toContain("options");
  });
});

describe("what a file may not say", () => {
  const json = { format: "luce/softmax-regression", version: 1, classes: ["a", "b"], features: 1 };
  const numbers = { coef: [1, 2], intercept: [0, 0] };
  const model = {
    coef: { data: Float32Array.of(1, 2), shape: [1, 2] },
    intercept: new Float32Array(2),
    classes: ["a", "b"],
  };
  const OPTIONS: Readonly<Record<string, unknown>> = {
    "a device": { device: "webgpu" },
    "an engine": { engine: {} },
    "something of every object": JSON.parse('{"__proto__":{"l2":1}}'),
    "a penalty below 0": { l2: -1 },
    "a penalty of null": { l2: null },
    "a penalty as text": { l2: "1" },
    "a loss without a name": { loss: { delta: 1 } },
    "a loss with more fields": { loss: { name: "squared", delta: 1 } },
    "Nesterov without momentum": { nesterov: true },
    "weights of classes that are no numbers": { classWeight: { a: {} } },
    "weights of classes in another list": { classWeight: [["a", 1], ["b"]] },
    "weights of classes of null": { classWeight: null },
    "a weight of a class below 0": { classWeight: { a: -1 } },
    "weights of classes in a list, one below 0": { classWeight: [["a", -1]] },
    "a weight of a class beyond float32": { classWeight: { a: 1e39 } },
    "weights of what is no class": { classWeight: [[{}, 1]] },
    "a list of averages": { solver: "sgd", averageWeights: [] },
    "momentum below 0 where nobody uses it": { momentum: -1 },
    "a class of the model to ignore": { ignoreLabel: "b" },
    "one class": { classes: ["a"] },
    "classes twice": { classes: ["a", "a"] },
    "a class to ignore": { classes: ["a", "b"], ignoreLabel: "a" },
  };
  test.for(Object.entries(OPTIONS))("%s", ([, options]) => {
    const text = JSON.stringify({ ...json, ...numbers, options });
    expectFault(() => SoftmaxRegression.fromJSON(text), FormatError, "BAD_FIELD", "fromJSON: ");
    const file = toSafetensors({ ...model, trainingOptions: options } as never);
    expectFault(() => fromSafetensors(file), FormatError, "BAD_FIELD", "fromSafetensors: ");
  });

  test("options that are no object, in JSON", () => {
    for (const options of [null, 3, "l2", [], [["l2", 1]]]) {
      const call = () => SoftmaxRegression.fromJSON({ ...json, ...numbers, options });
      expectFault(call, FormatError, "BAD_FIELD", "field `options`", "expected an object");
    }
  });

  test("options that are no object, no JSON or ambiguous, in safetensors", () => {
    const sound = toSafetensors({ ...model, trainingOptions: { l2: 1, l1: 2 } } as never);
    const expected = String.raw`"{\"l2\":1,\"l1\":2}"`;
    const saying = (text: string): Uint8Array => {
      const written = JSON.stringify(text).padEnd(expected.length, " ");
      expect(written).toHaveLength(expected.length);
      const all = Array.from(sound, (byte) => String.fromCharCode(byte)).join("");
      expect(all).toContain(expected);
      return Uint8Array.from(all.replace(expected, written), (character) => character.charCodeAt(0));
    };
    expect(fromSafetensors(saying('{"l2":3}')).trainingOptions).toEqual({ l2: 3 });
    expectFault(() => fromSafetensors(saying("[1]")), FormatError, "BAD_FIELD", "expected an object");
    expectFault(() => fromSafetensors(saying("{")), FormatError, "BAD_JSON", "`options` is not JSON");
    expectFault(() => fromSafetensors(saying('{"l2":1,"l2":2}')), FormatError, "DUPLICATE_KEY", '"l2"');
  });

  test("a label to ignore that is a class of the model: the caller's fault where the caller says it", () => {
    const call = () => SoftmaxRegression.fromJSON({ ...json, ...numbers }, { ignoreLabel: "b" });
    expectFault(call, OptionError, "BAD_OPTION", "fromJSON: option `ignoreLabel` is a class");
  });

  test("a key twice, in JSON as text", () => {
    const text = JSON.stringify({ ...json, ...numbers, options: { l2: 1, l1: 2 } });
    for (const twice of [text.replace('"l1"', '"l2"'), text.replace("{", '{"features":1,')]) {
      expectFault(() => SoftmaxRegression.fromJSON(twice), FormatError, "DUPLICATE_KEY", "twice");
    }
    expect(SoftmaxRegression.fromJSON(text).trainingOptions).toEqual({ l2: 1, l1: 2 });
  });

  const LATER: Readonly<Record<string, readonly [Readonly<Record<string, unknown>>, SoftmaxRegressionOptions]>> = {
    "an option that there is not": [{ l3: { of: [1] } }, { l3: 0 } as object],
    "a solver that there is not": [{ solver: "newton" }, { solver: "sgd" }],
    "a loss that there is not": [{ loss: { name: "hinge", delta: 1 } }, { loss: "squared" }],
    "a word for a number": [{ averageWeights: "ema" }, { averageWeights: false }],
  };
  test.for(Object.entries(LATER))(
    "%s is of a later version: it predicts, and is not trained",
    async ([name, [later, given]]) => {
      const options = { l2: 0.5, ...later };
      const text = JSON.stringify({ ...json, ...numbers, options });
      const file = toSafetensors({ ...model, trainingOptions: options } as never);
      const where = { engine } as const;
      for (const read of [SoftmaxRegression.fromJSON(text, where), fromSafetensors(file, where)]) {
        expect(await read.predict([[1], [-1]])).toEqual(["b", "a"]);
        expect(read.trainingOptions).toEqual(options);
        expect(read.toJSON().options).toEqual(options);
        const [x, y] = [
          [[1], [2]],
          ["a", "b"],
        ];
        const word = Object.keys(later)[0] as string;
        for (const call of [
          () => read.fit(x, y),
          () => read.fit(() => [{ x, y }]),
          () => read.partialFit(x, y),
          () => forget(read, x, y, []),
        ])
          await expect(call()).rejects.toMatchObject({
            name: "FormatError",
            code: "BAD_VERSION",
            message: expect.stringContaining(word),
          });
      }
      if (name === "an option that there is not") return;
      const told = SoftmaxRegression.fromJSON(text, { engine, ...given });
      expect((await told.fit([[1], [2]], ["a", "b"])).iterations).toBeGreaterThan(0);
    },
  );
});

describe("another solver than the file's", () => {
  const fitted = async (options: SoftmaxRegressionOptions): Promise<SoftmaxRegression> => {
    const model = new SoftmaxRegression({ ...options, epochs: 1, engine });
    await model.fit(X, Y);
    return model;
  };

  test("options that nothing comes of, which older versions kept, are left aside", async () => {
    const file = { format: "luce/softmax-regression", version: 1, classes: ["a", "b"], features: 2 };
    const numbers = { coef: [1, 2, 3, 4], intercept: [0, 0] };
    const load = (options: object, given = {}): SoftmaxRegression =>
      SoftmaxRegression.fromJSON({ ...file, ...numbers, options }, { engine, ...given });
    expect(load({ solver: "lbfgs", epochs: 3, momentum: 0.5, l1: 0.1 }).trainingOptions).toEqual({
      solver: "lbfgs",
      l1: 0.1,
    });
    expect(load({ solver: "adam", momentum: 0.5, epochs: 3 }).trainingOptions).toEqual({ solver: "adam", epochs: 3 });
    expect(load({ solver: "sgd", momentum: 0.5 }, { solver: "adam" }).trainingOptions).toEqual({ solver: "adam" });
    const gram = { preconditioner: "gram", maxIterations: 9 };
    expect(load(gram).trainingOptions).toEqual(gram);
    expect(load(gram, { solver: "sgd" }).trainingOptions).toEqual({ solver: "sgd", maxIterations: 9 });
    expect(load(gram, { l1: 0.1 }).trainingOptions).toEqual({ l1: 0.1, maxIterations: 9 });
    // `partialFit` goes by them.
    expect(load({ momentum: 0.5 }).trainingOptions).toEqual({ momentum: 0.5 });
    expectFault(() => load({ solver: "adam" }, { momentum: 0.5 }), OptionError, "BAD_OPTION", "`momentum` is for SGD");
  });

  test("L-BFGS takes no options that are for minibatches alone", async () => {
    const saved = await fitted({ solver: "adamw", clipNorm: 1, averageWeights: true, l1: 1e-3 });
    const model = SoftmaxRegression.fromJSON(saved.toJSON(), { solver: "lbfgs", engine });
    expect(model.trainingOptions).toMatchObject({ l1: 1e-3 });
    for (const name of ["weightDecay", "clipNorm", "averageWeights"])
      expect(model.trainingOptions).not.toHaveProperty(name);
    await model.fit(X, Y);
    // Asked for in so many words they are refused as ever.
    const both = { solver: "lbfgs", clipNorm: 1, engine } as const;
    expectFault(() => SoftmaxRegression.fromJSON(saved.toJSON(), both), OptionError, "BAD_OPTION", "`clipNorm`");
  });

  test("no momentum, no look ahead", async () => {
    const saved = await fitted({ solver: "sgd", momentum: 0.5, nesterov: true });
    const model = SoftmaxRegression.fromJSON(saved.toJSON(), { momentum: 0, engine });
    expect(model.trainingOptions).not.toHaveProperty("nesterov");
  });
});
