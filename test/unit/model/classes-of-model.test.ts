import { expect, test } from "vitest";
import {
  addClass,
  BusyError,
  DisposedError,
  fromSafetensors,
  type Label,
  LabelError,
  NotFittedError,
  OptionError,
  removeClass,
  renameClass,
  SoftmaxRegression,
  toSafetensors,
} from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { randomValues } from "../../support/random-matrix.js";

const D = 3;
const T = 1.75;
const CLASSES = ["bee", "cat", "dog", "elk"];
const x = Array.from({ length: 20 }, (_, i) => [...randomValues(D, i, -2, 2)]);
const y = x.map((_, i) => CLASSES[i % CLASSES.length]);
/** exp and the sum of a row's: some ULP of probabilities up to 1, of logits that are a few units. */
const FLOOR = 64 * 2 ** -23;

function modelOf(classes: readonly Label[] = CLASSES): SoftmaxRegression {
  const k = classes.length;
  const theta = [...randomValues((D + 1) * k, 7, -1.5, 1.5)];
  const [coef, intercept] = [theta.slice(0, D * k), theta.slice(D * k)];
  const content = {
    format: "luce/softmax-regression",
    version: 1,
    classes,
    features: D,
    coef,
    intercept,
    temperature: T,
  };
  return SoftmaxRegression.fromJSON(content, { device: "cpu", solver: "sgd", batchSize: 5 });
}

/** P of each class by its label. */
async function probabilities(model: SoftmaxRegression, rows: readonly number[][] = x): Promise<Map<Label, number[]>> {
  const { data } = await model.predictProba(rows as number[][]);
  const k = model.classes.length;
  return new Map(model.classes.map((label, j) => [label, rows.map((_, i) => data[i * k + j])]));
}

const of = (all: Map<Label, number[]>, label: Label): number[] => all.get(label) as number[];

test("a class is added in its place, with the probability asked for where x = 0", async () => {
  for (const [prior, expected] of [
    [undefined, 1 / 5],
    [0.01, 0.01],
    [0.9, 0.9],
  ] as const) {
    const model = modelOf();
    const before = await probabilities(model);
    addClass(model, "cow", prior === undefined ? {} : { prior });
    expect(model.classes).toEqual(["bee", "cat", "cow", "dog", "elk"]);
    expect(model.temperature).toBe(T);
    const { data, shape } = model.coef;
    expect(shape).toEqual([D, 5]);
    expect(Array.from({ length: D }, (_, l) => data[l * 5 + 2])).toEqual([0, 0, 0]);
    expectClose(of(await probabilities(model, [[0, 0, 0]]), "cow"), [expected], { floor: FLOOR });
    // The others keep their proportions, in every row.
    const after = await probabilities(model);
    for (const label of CLASSES) {
      const share = of(after, label).map((p, i) => p / (1 - (of(after, "cow")[i] as number)));
      expectClose(share, of(before, label), { floor: 16 * FLOOR });
    }
  }
});

test("a class is split in halves, and no other is touched", async () => {
  const model = modelOf();
  const before = await probabilities(model);
  addClass(model, "ant", { from: "dog" });
  expect(model.classes).toEqual(["ant", ...CLASSES]);
  const after = await probabilities(model);
  const half = of(before, "dog").map((p) => p / 2);
  for (const label of ["ant", "dog"]) expectClose(of(after, label), half, { floor: FLOOR });
  for (const label of ["bee", "cat", "elk"]) expectClose(of(after, label), of(before, label), { floor: FLOOR });
});

test("a class is renamed, and its column goes where it sorts", async () => {
  const model = modelOf();
  const before = await probabilities(model);
  renameClass(model, "bee", "zebra");
  expect(model.classes).toEqual(["cat", "dog", "elk", "zebra"]);
  const after = await probabilities(model);
  expectClose(of(after, "zebra"), of(before, "bee"), { floor: FLOOR });
  expectClose(of(after, "cat"), of(before, "cat"), { floor: FLOOR });
  renameClass(model, "zebra", "bee");
  expect(JSON.stringify(model)).toBe(JSON.stringify(modelOf()));
});

test("a class is removed, and the rest shares its probability in proportion", async () => {
  const model = modelOf();
  const before = await probabilities(model);
  removeClass(model, "cat");
  expect(model.classes).toEqual(["bee", "dog", "elk"]);
  const after = await probabilities(model);
  for (const label of model.classes) {
    const rest = of(before, label).map((p, i) => p / (1 - (of(before, "cat")[i] as number)));
    expectClose(of(after, label), rest, { floor: 16 * FLOOR });
  }
});

test("adding and removing comes to the same, and numbers sort by size", () => {
  const model = modelOf([2, 10, 30]);
  const before = JSON.stringify(model);
  addClass(model, 9);
  expect(model.classes).toEqual([2, 9, 10, 30]);
  removeClass(model, 9);
  expect(JSON.stringify(model)).toBe(before);
  const two = modelOf([false, true]);
  expect(() => addClass(two, "maybe")).toThrow("expected a boolean as the others");
});

test("what a file holds afterwards is the changed model", async () => {
  const model = modelOf();
  addClass(model, "cow", { from: "elk" });
  removeClass(model, "bee");
  const read = fromSafetensors(toSafetensors(model), { device: "cpu" });
  expect(JSON.stringify(read)).toBe(JSON.stringify(model));
});

test("a class that was added is learnt by partialFit, and rows of the old ones go on", async () => {
  const model = modelOf();
  addClass(model, "cow");
  const far = x.map((row, i) => (i % 5 === 0 ? row.map((v) => v + 9) : row));
  const labels = y.map((label, i) => (i % 5 === 0 ? "cow" : label));
  for (let pass = 0; pass < 40; pass++) await model.partialFit(far, labels);
  const predicted = await model.predict(far);
  expect(predicted.filter((_, i) => i % 5 === 0)).toEqual(["cow", "cow", "cow", "cow"]);
});

test("momentum outlives a new name, and not a new class", async () => {
  const make = async (): Promise<SoftmaxRegression> => {
    const model = new SoftmaxRegression({ device: "cpu", momentum: 0.9, batchSize: 5 });
    await model.partialFit(x, y, { classes: CLASSES });
    return model;
  };
  const [plain, renamed, restored] = [await make(), await make(), await make()];
  renameClass(renamed, "dog", "doe");
  addClass(restored, "cow");
  removeClass(restored, "cow");
  for (const model of [plain, restored]) await model.partialFit(x, y);
  await renamed.partialFit(
    x,
    y.map((label) => (label === "dog" ? "doe" : label)),
  );
  expect(renamed.coef.data).toEqual(plain.coef.data);
  expect(restored.coef.data).not.toEqual(plain.coef.data);
});

test.each([
  ["a class that there is", () => addClass(modelOf(), "cat"), LabelError, "such a class already"],
  ["another type", () => addClass(modelOf(), 3), LabelError, "expected a string as the others, got 3"],
  ["no label", () => addClass(modelOf(), Number.NaN), LabelError, "addClass: the label cannot be a class"],
  ["no class to split", () => addClass(modelOf(), "cow", { from: "fox" }), LabelError, 'got the string "fox"'],
  ["a prior of 1", () => addClass(modelOf(), "cow", { prior: 1 }), OptionError, "`prior`"],
  ["a prior for a split", () => addClass(modelOf(), "cow", { from: "cat", prior: 0.5 }), OptionError, "beside `from`"],
  ["an unknown option", () => addClass(modelOf(), "cow", { form: "cat" } as object), OptionError, "from"],
  ["no class to rename", () => renameClass(modelOf(), "fox", "cow"), LabelError, "no such class"],
  ["a name that is taken", () => renameClass(modelOf(), "cat", "dog"), LabelError, "such a class already"],
  ["no class to remove", () => removeClass(modelOf(), "fox"), LabelError, "no such class"],
  ["the last but one", () => removeClass(modelOf(["a", "b"]), "a"), LabelError, "nothing to tell apart"],
  ["an unfitted model", () => removeClass(new SoftmaxRegression(), "a"), NotFittedError, "removeClass"],
] as const)("%s is refused", (_, change, error, message) => {
  expect(change).toThrow(error);
  expect(change).toThrow(message);
});

test("neither a model in a fit nor one that is gone is changed", async () => {
  const model = modelOf();
  const fit = model.fit(x, y);
  expect(() => addClass(model, "cow")).toThrow(BusyError);
  await fit;
  model.dispose();
  expect(() => renameClass(model, "cat", "cow")).toThrow(DisposedError);
});
