/** Calls that look like something else, refused at once with nothing changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addClass,
  createEngine,
  crossValidate,
  type Engine,
  fitPath,
  forget,
  loadModel,
  memoryStore,
  removeClass,
  renameClass,
  SoftmaxRegression,
  saveModel,
} from "../../../src/index.js";

const X = [
  [0, 1],
  [1, 0],
  [2, 1],
  [1, 2],
];
const Y = ["a", "b", "a", "b"];

let engine: Engine;
let model: SoftmaxRegression;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
  model = new SoftmaxRegression({ engine });
  await model.fit(X, Y);
});
afterAll(() => engine.dispose());

const BAD = { name: "OptionError", code: "BAD_OPTION" };
const UNKNOWN = { name: "OptionError", code: "UNKNOWN_OPTION" };
const any = (value: unknown): never => value as never;

test.for<[string, () => unknown, object]>([
  [
    "options behind batches' own",
    () =>
      model.fit(
        any(async function* () {}),
        any(undefined),
        any({ signal: 1 }),
      ),
    BAD,
  ],
  [
    "batches' options that are null",
    () =>
      model.fit(
        any(async function* () {}),
        any(null),
      ),
    BAD,
  ],
  ["partialFit's options that are null", () => model.partialFit(X, Y, any(null)), BAD],
  ["partialFit's options that are a number", () => model.partialFit(X, Y, any(3)), BAD],
  ["a model that is none, to add to", async () => addClass(any({}), "c"), BAD],
  ["a model that is none, to rename in", async () => renameClass(any(null), "a", "c"), BAD],
  ["a model that is none, to remove from", async () => removeClass(any(model.toJSON()), "a"), BAD],
  ["a model that is none, to forget", () => forget(any({}), X, Y, [0]), BAD],
  ["bytes of row numbers", () => forget(model, X, Y, any(new DataView(new ArrayBuffer(4)))), BAD],
  ["big integers as folds", () => crossValidate(X, Y, any({ engine, l2s: [1], folds: [0n, 1n, 0n, 1n] })), BAD],
  ["penalties with a hole", () => fitPath(X, Y, any({ engine, l2s: new Array(1) })), BAD],
  ["a misspelt store", () => saveModel("m", model, any({ stoer: memoryStore() })), UNKNOWN],
  ["a store that is none", () => saveModel("m", model, any({ store: {} })), BAD],
  ["no options", () => loadModel("m", any(null)), BAD],
  ["a model's option that there is not", () => loadModel("m", any({ store: memoryStore(), l3: 1 })), UNKNOWN],
])("%s", async ([, call, error]) => {
  const before = JSON.stringify(model);
  await expect((async () => call())()).rejects.toMatchObject(error);
  expect(JSON.stringify(model)).toBe(before);
});

test("a store that throws is the caller's fault, and told as that", async () => {
  const store = {
    ...memoryStore(),
    put: () => Promise.reject(new Error("no")),
    get: () => Promise.reject(new Error("no")),
  };
  const expected = { name: "CallbackError", cause: { message: "no" } };
  await expect(saveModel("m", model, { store })).rejects.toMatchObject(expected);
  await expect(loadModel("m", { store })).rejects.toMatchObject(expected);
});

test("a class needs an intercept", async () => {
  const bare = new SoftmaxRegression({ engine, fitIntercept: false });
  await bare.fit(X, Y);
  expect(() => addClass(bare, "c")).toThrow("addClass: the model has no intercept");
});

test("sparse rows have no scale, offset or type", async () => {
  const sparse = { data: Uint8Array.of(255, 1, 2, 3), indices: [0, 1, 0, 1], indptr: [0, 1, 2, 3, 4], shape: [4, 2] };
  for (const more of [{ scale: 1 / 255 }, { offset: 1 }, { type: "float16" }])
    await expect(model.predict({ ...sparse, ...more })).rejects.toMatchObject(BAD);
  expect(await model.predict(any({ ...sparse, scale: 1, offset: 0 }))).toHaveLength(4);
});

test("a getter that throws is told with what it belongs to, and what it threw", async () => {
  const cause = new Error("not now");
  const broken = (name: string, rest: object = {}): never =>
    Object.defineProperty({ ...rest }, name, {
      enumerable: true,
      get() {
        throw cause;
      },
    }) as never;
  const before = JSON.stringify(model);
  const data = { code: "UNSUPPORTED_TYPE", cause };
  const named = (name: string) => ({ ...data, message: expect.stringContaining(`${name} cannot be read`) });
  await expect(model.fit(broken("data", { shape: [4, 2] }), Y)).rejects.toMatchObject(named("fit: X"));
  await expect(model.fit(broken("indices", { indptr: [0], shape: [4, 2], data: [] }), Y)).rejects.toMatchObject(
    named("X"),
  );
  await expect(model.fit(X, broken("data", { shape: [4] }))).rejects.toMatchObject(named("fit: y"));
  await expect(model.fit(X, Y, { sampleWeight: broken("3", [1, 1, 1]) })).rejects.toMatchObject({
    code: "UNSUPPORTED_TYPE",
  });
  const lazy = Object.defineProperty([1, 1, 1, 1], "2", { get: () => (broken("x") as { x: never }).x });
  await expect(model.fit(X, Y, { sampleWeight: lazy })).rejects.toMatchObject(named("fit: sampleWeight"));
  await expect(model.fit(X, Y, broken("signal"))).rejects.toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining("option `signal` cannot be read"),
    cause,
  });
  const option = (name: string) => ({
    code: "BAD_OPTION",
    message: expect.stringContaining(`option \`${name}\` cannot be read`),
    cause,
  });
  await expect(model.partialFit(X, Y, broken("sampleWeight"))).rejects.toMatchObject(option("sampleWeight"));
  await expect(fitPath(X, Y, broken("l2s"))).rejects.toMatchObject(option("l2s"));
  await expect(crossValidate(X, Y, broken("folds", { engine, l2s: [1] }))).rejects.toMatchObject(option("folds"));
  await expect(forget(model, X, Y, [0], broken("onProgress"))).rejects.toMatchObject(option("onProgress"));
  await expect(model.fit(X, Y, { validation: broken("y", { x: X }) })).rejects.toMatchObject(option("y"));
  await expect(createEngine(broken("device"))).rejects.toMatchObject(option("device"));
  expect(() => new SoftmaxRegression(broken("l2"))).toThrow(expect.objectContaining({ code: "BAD_OPTION", cause }));
  const { proxy, revoke } = Proxy.revocable({ data: [1, 2], shape: [1, 2] }, {});
  revoke();
  await expect(model.predict(proxy)).rejects.toMatchObject({ code: "UNSUPPORTED_TYPE", cause: expect.any(TypeError) });
  expect(() => engine.tensor(broken("data", { shape: [1, 2] }))).toThrow(expect.objectContaining(data));
  await expect(engine.sparse(broken("indptr", { data: [], indices: [] }))).rejects.toMatchObject(data);
  expect(JSON.stringify(model)).toBe(before);
});
