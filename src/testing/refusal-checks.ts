/** Input that no classifier can learn from must be refused, not learnt from: TensorFlow.js's `fit` resolves on most of these. */
import type { Check, CheckContext } from "./classifier.js";
import { refuses } from "./expectations.js";
import { clouds } from "./sample-rows.js";

const { x, y } = clouds(24, 3, 3);

/** The rows with one number replaced. */
const spoilt = (bad: number): number[][] => x.map((row, i) => (i === 17 ? [row[0], bad, row[2]] : row.slice()));

async function fitted({ make }: CheckContext) {
  const model = make();
  await model.fit(x, y);
  return model;
}

const inTurn = async (calls: readonly (readonly [string, () => unknown])[]): Promise<string> => {
  const said: string[] = [];
  for (const [what, call] of calls) said.push(await refuses(what, call));
  return said.join("; ");
};

export const refusalChecks: Readonly<Record<string, Check>> = {
  "a model that has not been fitted does not predict": ({ make }) =>
    inTurn([
      ["predict", () => make().predict(x)],
      ["predictProba", () => make().predictProba(x)],
    ]),

  "fit refuses NaN and infinities": ({ make }) =>
    inTurn([
      ["NaN", () => make().fit(spoilt(Number.NaN), y)],
      ["Infinity", () => make().fit(spoilt(Number.POSITIVE_INFINITY), y)],
      ["-Infinity", () => make().fit(spoilt(Number.NEGATIVE_INFINITY), y)],
    ]),

  "predict refuses NaN and infinities": async (context) => {
    const model = await fitted(context);
    return inTurn([
      ["NaN", () => model.predict(spoilt(Number.NaN))],
      ["Infinity", () => model.predictProba(spoilt(Number.POSITIVE_INFINITY))],
    ]);
  },

  "empty input is refused": async (context) => {
    const model = await fitted(context);
    return inTurn([
      ["fit without rows", () => context.make().fit([], [])],
      ["fit without features", () => context.make().fit([[], []], [0, 1])],
      ["predict without rows", () => model.predict([])],
    ]);
  },

  "rows of different length are refused": ({ make }) =>
    inTurn([["ragged rows", () => make().fit([[1, 2], [3]], [0, 1])]]),

  "labels that are too few or too many are refused": ({ make }) =>
    inTurn([
      ["too few", () => make().fit(x, y.slice(1))],
      ["too many", () => make().fit(x, [...y, 0])],
    ]),

  "a single class is refused": ({ make }) =>
    inTurn([
      [
        "one class",
        () =>
          make().fit(
            x,
            y.map(() => 1),
          ),
      ],
    ]),

  "a label outside the declared classes is refused": ({ make }) =>
    inTurn([
      ["7 of 3", () => make({ classes: [0, 1, 2] }).fit(x, [...y.slice(1), 7])],
      ["-1", () => make({ classes: [0, 1, 2] }).fit(x, [...y.slice(1), -1])],
      ["0.5", () => make({ classes: [0, 1, 2] }).fit(x, [...y.slice(1), 0.5])],
      ["NaN", () => make({ classes: [0, 1, 2] }).fit(x, [...y.slice(1), Number.NaN])],
    ]),

  "another number of features than it was fitted with is refused": async (context) => {
    const model = await fitted(context);
    return inTurn([
      ["one less", () => model.predict(x.map((row) => row.slice(1)))],
      ["one more", () => model.predictProba(x.map((row) => [...row, 0]))],
    ]);
  },

  "sample weights that cannot be are refused": ({ make }) => {
    const weigh = (sampleWeight: number[]) => () => make().fit(x, y, { sampleWeight });
    return inTurn([
      ["negative", weigh(y.map((_, i) => (i === 3 ? -1 : 1)))],
      ["NaN", weigh(y.map((_, i) => (i === 3 ? Number.NaN : 1)))],
      ["all 0", weigh(y.map(() => 0))],
      ["too few", weigh([1, 2, 3])],
    ]);
  },

  "options that cannot be are refused": ({ make }) =>
    inTurn([
      ["an unknown option of fit", () => make().fit(x, y, { sampleWeigth: [] } as object)],
      ["a negative penalty", () => make({ l2: -1 }).fit(x, y)],
      ["a penalty of NaN", () => make({ l2: Number.NaN }).fit(x, y)],
    ]),

  "after a refusal the model answers as before": async (context) => {
    const model = await fitted(context);
    const before = await model.predictProba(x);
    const said = await refuses("a second fit on NaN", () => model.fit(spoilt(Number.NaN), y));
    const after = await model.predictProba(x);
    if (Array.from(before.data).join() !== Array.from(after.data).join())
      throw new Error("expected the same bits, got others.");
    return said;
  },
};
