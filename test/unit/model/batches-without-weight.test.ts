/** Batches none of whose rows counts: as if they were not there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createEngine,
  type Engine,
  type Label,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { usable } from "../../support/usable-options.js";

const X = Array.from({ length: 20 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const Y = X.map((_, i) => ["a", "b"][i % 2]);
/** Rows 5 … 9 are all of the second batch. */
const WITHOUT: Readonly<
  Record<string, (i: number) => { readonly y: (Label | null)[]; readonly sampleWeight?: number[] }>
> = {
  "weights of 0": (i) => ({ y: Y.slice(i, i + 5), sampleWeight: new Array(5).fill(i === 5 ? 0 : 2) }),
  "labels that are ignored": (i) => ({ y: i === 5 ? new Array(5).fill(null) : Y.slice(i, i + 5) }),
  "a class of weight 0": (i) => ({ y: i === 5 ? new Array(5).fill("c") : Y.slice(i, i + 5) }),
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
});
afterAll(() => engine.dispose());

test.for(
  Object.entries(WITHOUT).flatMap(([name, rest]) => (["lbfgs", "sgd"] as const).map((s) => [name, s, rest] as const)),
)("%s, by %s", async ([name, solver, rest]) => {
  const options: SoftmaxRegressionOptions = {
    ...{
      engine,
      solver,
      classes: ["a", "b", "c"],
      ignoreLabel: null,
      classWeight: { c: 0 },
      batchSize: 5,
      momentum: 0.5,
    },
  };
  const batches = (places: readonly number[]) => () =>
    places.map((i) => ({ x: X.slice(i, i + 5), ...rest(i) }) as never);
  const [model, fresh, none] = [0, 1, 2].map(() => new SoftmaxRegression(usable(options)));
  const report = await model.fit(batches([0, 5, 10, 15]));
  const without = await fresh.fit(batches([0, 10, 15]));
  expectSameBits(model.coef.data, fresh.coef.data);
  expectSameBits(model.intercept, fresh.intercept);
  expect(report.iterations).toBe(without.iterations);
  await expect(none.fit(batches([5, 5])), name).rejects.toMatchObject({
    code: "BAD_LABEL",
    message: expect.stringContaining("fit: no row counts"),
  });
});
