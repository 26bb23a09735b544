/** That a classifier learns what it should: classes, probabilities, weights, penalties. */
import type { Check, CheckedLabel } from "./classifier.js";
import { agree, demand, distributions, probabilities } from "./expectations.js";
import { clouds } from "./sample-rows.js";

const { x, y } = clouds(60, 3, 3);

/** The share of rows predicted right. */
const accuracy = (predicted: ArrayLike<unknown>, expected: readonly unknown[]): number =>
  expected.filter((label, i) => predicted[i] === label).length / expected.length;

/** Labels of any kind come back as they were given, and `classes` lists them in their order. */
async function keeps(make: Parameters<Check>[0]["make"], names: CheckedLabel[]): Promise<string> {
  const model = make();
  const labels = y.map((label) => names[label % names.length]);
  await model.fit(x, labels);
  demand(
    Array.from(model.classes).join("|") === names.join("|"),
    `the classes ${names.join(", ")}`,
    [...model.classes].join(", "),
  );
  const predicted = Array.from(await model.predict(x));
  for (const label of predicted) demand(names.includes(label as CheckedLabel), "a label that was given", label);
  return `${names.join(", ")}: ${(100 * accuracy(predicted, labels)).toFixed(0)} % right`;
}

export const learningChecks: Readonly<Record<string, Check>> = {
  "it learns: three clouds of points are told apart": async ({ make }) => {
    const model = make();
    await model.fit(x, y);
    const right = accuracy(await model.predict(x), y);
    demand(right >= 0.6, "60 % of the rows right, nearly twice chance", right);
    return `${(100 * right).toFixed(0)} % right`;
  },

  "probabilities lie in [0, 1], add up to 1, and are largest at the predicted class": async ({ make }) => {
    const model = make();
    await model.fit(x, y);
    const given = await probabilities(model, x);
    distributions(given, x.length, 3);
    const predicted = await model.predict(x);
    for (let i = 0; i < x.length; i++) {
      const row = Array.from(given.data).slice(3 * i, 3 * i + 3);
      const best = model.classes[row.indexOf(Math.max(...row))];
      demand(best === predicted[i], `${String(best)} for row ${i}`, predicted[i]);
    }
    return `${x.length} rows`;
  },

  "the intercept is learnt and not penalised: mean probabilities are the shares of the classes": async ({
    make,
    options,
  }) => {
    const model = make({ l2: 10 });
    const rows = x.filter((_, i) => y[i] !== 2 || i % 4 === 0);
    const labels = y.filter((label, i) => label !== 2 || i % 4 === 0);
    await model.fit(rows, labels);
    const { data } = await probabilities(model, rows);
    const mean = [0, 1, 2].map((j) => rows.reduce((sum, _, i) => sum + data[3 * i + j], 0) / rows.length);
    const share = [0, 1, 2].map((j) => labels.filter((label) => label === j).length / rows.length);
    return agree("mean probabilities and shares", mean, share, options.tolerance);
  },

  "numbers with gaps are labels": ({ make }) => keeps(make, [-7, 0.5, 1000]),
  "strings are labels": ({ make }) => keeps(make, ["cat", "dog", "λ"]),
  "booleans are labels": ({ make }) => keeps(make, [false, true]),
  "names that every object has are labels": ({ make }) => keeps(make, ["__proto__", "constructor", "toString"]),

  "one feature is enough": async ({ make }) => {
    const model = make();
    const column = x.map((row) => [row[0]]);
    await model.fit(column, y);
    distributions(await probabilities(model, column), x.length, 3);
    return "works";
  },

  "one row a class is enough, and one row of all declared": async ({ make }) => {
    const pair = make();
    await pair.fit([[0], [2]], [0, 1]);
    demand(Array.from(await pair.predict([[-1], [3]])).join() === "0,1", "0 and 1", await pair.predict([[-1], [3]]));
    const one = make({ classes: [0, 1] });
    await one.fit([[1, 2]], [1]);
    demand((await one.predict([[1, 2]]))[0] === 1, "the only label there was", (await one.predict([[1, 2]]))[0]);
    return "works";
  },

  "a declared class without rows stays possible, and all is finite": async ({ make }) => {
    const model = make({ classes: [0, 1, 2, 3] });
    await model.fit(x, y);
    distributions(await probabilities(model, x), x.length, 4);
    return "works";
  },

  "constant columns and large numbers leave all finite": async ({ make }) => {
    const rows = x.map((row, i) => [...row, 5, 0, 1e6 * (1 + (i % 3))]);
    const model = make();
    await model.fit(rows, y);
    distributions(await probabilities(model, rows), rows.length, 3);
    return "works";
  },

  "a larger penalty gives probabilities nearer to the shares": async ({ make }) => {
    const spread: number[] = [];
    for (const l2 of [0.01, 0.1, 1, 10]) {
      const model = make({ l2 });
      await model.fit(x, y);
      const { data } = await probabilities(model, x);
      spread.push(Array.from(data).reduce((sum, p) => sum + (p - 1 / 3) ** 2, 0) / x.length);
    }
    for (let i = 1; i < spread.length; i++) demand(spread[i] < spread[i - 1], `less than ${spread[i - 1]}`, spread[i]);
    return spread.map((each) => each.toPrecision(2)).join(" > ");
  },

  // Cross-entropy of clipped probabilities has no gradient here and never learns (TensorFlow.js); of scores it has [1, −1, 0].
  "a start that is confidently wrong is left": async ({ options: { startingAt } }) => {
    const model = startingAt?.([[40], [0], [0]], [0, 0, 0]);
    if (!model) throw new Error("expected `startingAt`.");
    await model.fit([[1], [-1], [0]], [1, 0, 2]);
    const predicted = Array.from(await model.predict([[1], [-1]]));
    demand(predicted.join() === "1,0", "1 and 0 after the fit", predicted.join(" and "));
    return "predicts what it was taught";
  },
};
