/** What would change a model otherwise than its caller means: refused with nothing changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  addClass,
  createEngine,
  type Engine,
  forget,
  renameClass,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";

const X = Array.from({ length: 12 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
const Y = X.map((_, i) => ["a", "b", "c"][i % 3]);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ device: "cpu", workers: 0 });
});
afterAll(() => engine.dispose());

async function fitted(options: SoftmaxRegressionOptions = {}): Promise<SoftmaxRegression> {
  const model = new SoftmaxRegression({ engine, ...options });
  await model.fit(X, Y);
  return model;
}

test("the label to ignore is no class, however it would become one", async () => {
  const model = await fitted({ ignoreLabel: "?" });
  const before = JSON.stringify(model);
  const bad = expect.objectContaining({
    code: "BAD_LABEL",
    message: expect.stringContaining("option `ignoreLabel`"),
  });
  expect(() => renameClass(model, "a", "?")).toThrow(bad);
  expect(() => addClass(model, "?")).toThrow(bad);
  expect(JSON.stringify(model)).toBe(before);
  renameClass(model, "a", "!");
  expect(model.classes).toEqual(["!", "b", "c"]);
  const isClass = expect.objectContaining({
    code: "BAD_OPTION",
    message: 'SoftmaxRegression: option `ignoreLabel` is a class: expected none of "a", "b", got the string "a".',
  });
  expect(() => new SoftmaxRegression({ classes: ["a", "b"], ignoreLabel: "a" })).toThrow(isClass);
  // −0 is the same class as 0.
  expect(() => new SoftmaxRegression({ classes: [0, 1], ignoreLabel: -0 })).toThrow("`ignoreLabel` is a class");
  expect(() => SoftmaxRegression.fromJSON(before, { ignoreLabel: "c" })).toThrow("`ignoreLabel` is a class");
});

test("rows to forget are numbers or truth values, and nobody has to guess which", async () => {
  const out = [1, 5, 6];
  const mask = X.map((_, i) => out.includes(i));
  const [byNumber, byMask] = [await fitted(), await fitted()];
  await forget(byNumber, X, Y, out);
  await forget(byMask, X, Y, mask);
  expectSameBits(byMask.coef.data, byNumber.coef.data);
  const none = await fitted();
  await forget(
    none,
    X,
    Y,
    mask.map(() => false),
  );
  const all = await fitted();
  await forget(all, X, Y, []);
  expectSameBits(none.coef.data, all.coef.data);

  const before = JSON.stringify(byMask);
  const refused = (rows: unknown) => expect(forget(byMask, X, Y, rows as never)).rejects;
  const ambiguous = { code: "BAD_OPTION", message: expect.stringContaining("Pass Array.from(rows, Boolean)") };
  await refused(Uint8Array.from(mask, Number)).toMatchObject(ambiguous);
  await refused(mask.map(Number)).toMatchObject(ambiguous);
  await refused(new Uint8Array(X.length)).toMatchObject(ambiguous);
  await refused(mask.slice(1)).toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining("expected 12, got 11"),
  });
  await refused([...mask.slice(1), 1]).toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining("no truth value at 11"),
  });
  await refused([0, true]).toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining("no row number at 1"),
  });
  expect(JSON.stringify(byMask)).toBe(before);
  // Bytes that are row numbers stay row numbers.
  const byBytes = await fitted();
  await forget(byBytes, X, Y, Uint8Array.from(out));
  expectSameBits(byBytes.coef.data, byNumber.coef.data);
});

test("an intercept that a model has is not dropped by one that learns none", async () => {
  const saved = (await fitted()).toJSON();
  const later = SoftmaxRegression.fromJSON(saved, { engine, fitIntercept: false, warmStart: true, solver: "sgd" });
  const refused = {
    code: "BAD_OPTION",
    message: expect.stringContaining("option `fitIntercept` is false"),
  };
  async function* batches() {
    yield { x: X, y: Y };
  }
  await expect(later.fit(X, Y)).rejects.toMatchObject(refused);
  await expect(later.partialFit(X, Y)).rejects.toMatchObject(refused);
  await expect(forget(later, X, Y, [0])).rejects.toMatchObject(refused);
  const batched = { engine, fitIntercept: false, warmStart: true, classes: ["a", "b", "c"] } as const;
  for (const solver of ["sgd", "lbfgs"] as const)
    await expect(SoftmaxRegression.fromJSON(saved, { ...batched, solver }).fit(batches)).rejects.toMatchObject(refused);
  expect(later.intercept.some((b) => b !== 0)).toBe(true);
  expect(later.toJSON()).toMatchObject({ coef: saved.coef, intercept: saved.intercept });
  // Begun anew it may have none, and go on from there; and so may one whose columns are scaled, and which has one for that.
  for (const standardize of [false, true]) {
    const bare = new SoftmaxRegression({ engine, fitIntercept: false, warmStart: true, standardize });
    await bare.fit(X, Y);
    expect(bare.intercept.some((b) => b !== 0)).toBe(standardize);
    expect((await bare.fit(X, Y)).converged).toBe(true);
  }
});
