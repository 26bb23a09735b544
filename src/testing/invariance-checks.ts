/** What must not make a difference, and what must make the same one. */
import type { Check, CheckContext, CheckedClassifier, CheckedFitOptions, CheckedRows } from "./classifier.js";
import { agree, demand, difference, probabilities } from "./expectations.js";
import { clouds, compressed, shuffled, snapshot } from "./sample-rows.js";

const { x, y } = clouds(40, 3, 3, 2);
const pick = <Value>(values: readonly Value[], order: readonly number[]): Value[] => order.map((i) => values[i]);

async function learnt(
  { make }: CheckContext,
  rows: CheckedRows = x,
  labels: number[] = y,
  options?: CheckedFitOptions,
): Promise<CheckedClassifier> {
  const model = make();
  await model.fit(rows, labels, options);
  return model;
}

const answers = async (model: CheckedClassifier): Promise<ArrayLike<number>> => (await probabilities(model, x)).data;

/** Rows of a row's own: what is said of it must not depend on those it comes with, beyond rounding. */
const ROUNDING = 2 ** -20;

export const invarianceChecks: Readonly<Record<string, Check>> = {
  "two identical fits give the same bits": async (context) => {
    const [one, other] = [await answers(await learnt(context)), await answers(await learnt(context))];
    const most = difference(one, other);
    demand(most === 0, "no difference", most);
    return "the same bits";
  },

  "a second fit of the same model gives what the first gave": async (context) => {
    const model = await learnt(context);
    const first = await answers(model);
    await model.fit(x, y);
    const most = difference(first, await answers(model));
    demand(most === 0, "no difference", most);
    return "the same bits";
  },

  "a fit forgets the fit before it": async (context) => {
    const model = await learnt(
      context,
      x.map((row) => row.map((v) => -3 * v)),
      pick(y, shuffled(y.length)),
    );
    await model.fit(x, y);
    const most = difference(await answers(model), await answers(await learnt(context)));
    demand(most === 0, "no difference", most);
    return "the same bits";
  },

  "inputs are left as they are": async (context) => {
    const [rows, labels, weights] = [x.map((row) => row.slice()), y.slice(), y.map((label) => 1 + label)];
    const before = [snapshot(rows, labels), weights.join()];
    const model = await learnt(context, rows, labels, { sampleWeight: weights });
    await model.predict(rows);
    await model.predictProba(rows);
    demand(snapshot(rows, labels) === before[0] && weights.join() === before[1], "the same numbers", "others");
    return "nothing changed";
  },

  "what is said of a row does not depend on the rows beside it": async (context) => {
    const model = await learnt(context);
    const all = Array.from(await answers(model));
    const singly: number[] = [];
    for (const row of x.slice(0, 12)) singly.push(...Array.from((await probabilities(model, [row])).data));
    return agree("answers of one row and of all", singly, all.slice(0, 36), ROUNDING);
  },

  "the order of the rows to predict does not matter": async (context) => {
    const model = await learnt(context);
    const order = shuffled(x.length);
    const all = Array.from(await answers(model));
    const expected = order.flatMap((i) => all.slice(3 * i, 3 * i + 3));
    return agree("answers in either order", (await probabilities(model, pick(x, order))).data, expected, ROUNDING);
  },

  "the order of the rows to learn from does not matter": async (context) => {
    const order = shuffled(x.length);
    const other = await learnt(context, pick(x, order), pick(y, order));
    return agree(
      "fits in either order",
      await answers(other),
      await answers(await learnt(context)),
      context.options.tolerance,
    );
  },

  "a sample weight of 2 is the row twice, of 0 the row left out": async (context) => {
    const weights = y.map((_, i) => i % 3);
    const order = weights.flatMap((weight, i) => new Array<number>(weight).fill(i));
    const weighed = await answers(await learnt(context, x, y, { sampleWeight: weights }));
    const repeated = await answers(await learnt(context, pick(x, order), pick(y, order)));
    const plain = await answers(await learnt(context));
    const effect = difference(weighed, plain);
    demand(effect > 2 * context.options.tolerance, "weights to have an effect", effect);
    return agree("weights and repetitions", weighed, repeated, context.options.tolerance);
  },

  "equal sample weights are none": async (context) => {
    const weighed = await answers(await learnt(context, x, y, { sampleWeight: y.map(() => 3) }));
    return agree("weights of 3 and none", weighed, await answers(await learnt(context)), context.options.tolerance);
  },

  "other names for the classes give the same probabilities": async (context) => {
    const model = context.make();
    await model.fit(
      x,
      y.map((label) => ["a", "b", "c"][label]),
    );
    return agree(
      "names and numbers",
      await answers(model),
      await answers(await learnt(context)),
      context.options.tolerance,
    );
  },

  "sparse rows are what the same rows are with their zeros": async (context) => {
    // About half of the values, and all of a row and of a column.
    const holed = x.map((row, i) => row.map((value, f) => (f === 1 || i === 7 || (3 * i + f) % 5 < 2 ? 0 : value)));
    const weights = y.map((label) => 1 + label);
    const dense = await learnt(context, holed, y, { sampleWeight: weights });
    const sparse = await learnt(context, compressed(holed), y, { sampleWeight: weights });
    const [expected, got] = [await probabilities(dense, holed), await probabilities(dense, compressed(holed))];
    agree("answers of one model", got.data, expected.data, ROUNDING);
    const other = await probabilities(sparse, compressed(holed));
    return agree("fits on either", other.data, expected.data, context.options.tolerance);
  },

  "saved and loaded it answers the same": async (context) => {
    const model = await learnt(context);
    const again = await context.options.reload?.(model);
    if (!again) throw new Error("expected `reload`.");
    demand(
      [...again.classes].join() === [...model.classes].join(),
      [...model.classes].join(),
      [...again.classes].join(),
    );
    const most = difference(await answers(model), await answers(again));
    demand(most === 0, "no difference", most);
    return "the same bits";
  },

  "fits leave no memory behind": async (context) => {
    const { liveMemory } = context.options;
    if (!liveMemory) throw new Error("expected `liveMemory`.");
    const counts: number[] = [];
    for (let i = 0; i < 4; i++) {
      const model = await learnt(context);
      await model.predict(x);
      model.dispose?.();
      counts.push(await liveMemory());
    }
    // The first fit may set up what the others use.
    demand(counts[3] <= counts[0], `at most ${counts[0]} alive`, counts[3]);
    return `${counts.join(", ")} alive after each`;
  },
};
