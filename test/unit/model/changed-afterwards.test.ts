/** What the caller changes after a call, or after a model is made, changes nothing. */
import { expect, test } from "vitest";
import { crossValidate, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";

const x = Array.from({ length: 60 }, (_, i) => [Math.sin(i * i), Math.cos(i)]);
const y = x.map((_, i) => i % 3);

test("the folds of a cross-validation", async () => {
  const folds = y.map((_, i) => i % 5);
  const options = { l2s: [0.1], refit: false, device: "cpu" } as const;
  const alone = await crossValidate(x, y, { ...options, folds: [...folds] });
  const disturbed = crossValidate(x, y, { ...options, folds });
  folds.reverse().fill(1, 0, 30);
  expect((await disturbed).scores[0].logLoss).toEqual(alone.scores[0].logLoss);
});

const learningRate = { schedule: "cosine", initial: 0.1 } as const;
const NESTED: readonly [name: string, options: SoftmaxRegressionOptions, disturb: (options: never) => void][] = [
  [
    "a schedule",
    { learningRate: { ...learningRate } },
    (options: { learningRate: { initial: number } }) => {
      options.learningRate.initial = 5;
    },
  ],
  [
    "class weights of an object",
    { classWeight: { 1: 3 } },
    (options: { classWeight: Record<string, number> }) => {
      options.classWeight[2] = 40;
    },
  ],
  [
    "class weights of a map",
    { classWeight: new Map([[1, 3]]) },
    (options: { classWeight: Map<number, number> }) => {
      options.classWeight.set(2, 40);
    },
  ],
  [
    "classes",
    { classes: [0, 1, 2] },
    (options: { classes: number[] }) => {
      options.classes.push(3);
    },
  ],
];

test.each(NESTED)("options of a model: %s", async (_, nested, disturb) => {
  const options = { ...nested, solver: "sgd", epochs: 2, device: "cpu" } as const;
  using plain = new SoftmaxRegression(structuredClone(options));
  await plain.fit(x, y);
  using model = new SoftmaxRegression(options);
  disturb(options as never);
  await model.fit(x, y);
  expect(model.coef).toEqual(plain.coef);
  expect(model.trainingOptions).toEqual(plain.trainingOptions);
});

test("rows and labels that are predicted and judged", async () => {
  using model = new SoftmaxRegression({ device: "cpu", workers: 0 });
  await model.fit(x, y);
  const alone = await model.evaluate(x, y);
  const [rows, labels] = [x.map((row) => [...row]), [...y]];
  const [predicted, score, judged] = [model.predict(rows), model.score(rows, labels), model.evaluate(rows, labels)];
  for (const row of rows) row.fill(9);
  labels.fill(0);
  expect(await predicted).toEqual(await model.predict(x));
  expect(await score).toBe(alone.accuracy);
  expect((await judged).logLoss).toBe(alone.logLoss);
});
