/** However many workers there are, and without any: the same bits. */
import { describe, expect, test } from "vitest";
import {
  createEngine,
  crossValidate,
  type Engine,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { randomBytes, randomLabels } from "../../support/random-matrix.js";
import { csrOf, randomSparse } from "../../support/sparse-cases.js";
import { usable } from "../../support/usable-options.js";

/** Enough for products to be shared out, in blocks the last of which is short. */
const [rows, features, classes] = [9_000, 300, 7];
const x = { data: randomBytes(rows * features, 1), shape: [rows, features], scale: 1 / 255 };
const y = Int32Array.from(randomLabels(rows, classes, 2));
const sampleWeight = Float32Array.from(randomBytes(rows, 3), (b) => (b + 1) / 64);

interface Outcome {
  readonly coef: Float32Array;
  readonly intercept: Float32Array;
  readonly probabilities: Float32Array;
  readonly losses: readonly number[];
}

async function outcomeOf(engine: Engine, options: SoftmaxRegressionOptions): Promise<Outcome> {
  const model = new SoftmaxRegression({ ...options, engine });
  const { history } = await model.fit(x, y, { sampleWeight });
  const { data } = await model.predictProba(x);
  return {
    coef: model.coef.data,
    intercept: model.intercept,
    probabilities: data,
    losses: options.solver === "lbfgs" ? history.map(({ loss }) => loss) : [],
  };
}

const COURSES: Readonly<Record<string, SoftmaxRegressionOptions>> = {
  // Past twenty iterations the logits are summed anew.
  lbfgs: { solver: "lbfgs", maxIterations: 24, tolerance: 0 },
  "lbfgs with a Gram matrix": { solver: "lbfgs", maxIterations: 24, tolerance: 0, preconditioner: "gram" },
  "lbfgs without an intercept": { solver: "lbfgs", maxIterations: 6, tolerance: 0, fitIntercept: false },
  "lbfgs with exact zeros": { solver: "lbfgs", maxIterations: 12, tolerance: 0, l1: 1e-3 },
  sgd: { solver: "sgd", epochs: 1, momentum: 0.9 },
  "sgd in large batches": { solver: "sgd", epochs: 1, batchSize: 4000 },
  adam: { solver: "adam", epochs: 1 },
  "adamw, clipped and averaged": { solver: "adamw", epochs: 2, clipNorm: 0.5, averageWeights: true },
  "adam with exact zeros": { solver: "adam", epochs: 1, l1: 1e-3 },
  "lbfgs of scaled columns": { solver: "lbfgs", maxIterations: 6, tolerance: 0, standardize: true },
  "sgd of scaled columns": { solver: "sgd", epochs: 1, standardize: true },
};

describe.for(Object.keys(COURSES))("%s", (name) => {
  test("gives the same bits with 1, 2, 3 and 5 workers as on the page's thread", async () => {
    using alone = await createEngine({ device: "cpu", workers: 0 });
    const expected = await outcomeOf(alone, COURSES[name]);
    for (const workers of [1, 2, 3, 5]) {
      using engine = await createEngine({ device: "cpu", workers });
      expect(engine.workers).toBe(workers);
      const { coef, intercept, probabilities, losses } = await outcomeOf(engine, COURSES[name]);
      expectSameBits(coef, expected.coef, `coef, ${workers} workers`);
      expectSameBits(intercept, expected.intercept, `intercept, ${workers} workers`);
      expectSameBits(probabilities, expected.probabilities, `probabilities, ${workers} workers`);
      expect(losses).toEqual(expected.losses);
      expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }
  });
});

test("models that are trained together have the same bits as well", async () => {
  const outcome = async (workers: number) => {
    using engine = await createEngine({ device: "cpu", workers });
    const options = { l2s: [0.1, 0.01], folds: 3, maxIterations: 22, tolerance: 0 };
    const { scores, model } = await crossValidate(x, y, { engine, ...options, sampleWeight });
    expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    return { scores: scores.map(({ logLoss, accuracy }) => [logLoss, accuracy]), coef: model?.coef };
  };
  const expected = await outcome(0);
  for (const workers of [1, 3]) expect(await outcome(workers)).toEqual(expected);
});

test("sparse rows are learnt from with the same bits", async () => {
  const sparse = csrOf(randomSparse(3_000, 400, 0.05, 6));
  const labels = y.subarray(0, 3_000);
  for (const solver of ["lbfgs", "sgd", "adam"] as const) {
    const coefs: Float32Array[] = [];
    for (const workers of [0, 3]) {
      using engine = await createEngine({ device: "cpu", workers });
      const model = new SoftmaxRegression(usable({ solver, maxIterations: 5, tolerance: 0, epochs: 1, engine }));
      await model.fit(sparse, labels, { validation: { x: sparse, y: labels } });
      coefs.push(model.coef.data);
      expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }
    expectSameBits(coefs[1] as Float32Array, coefs[0] as Float32Array, solver);
  }
});

test("a tensor serves one solver after the other, wherever its rows were last", async () => {
  using alone = await createEngine({ device: "cpu", workers: 0 });
  using engine = await createEngine({ device: "cpu", workers: 3 });
  const [there, here] = [alone.tensor(x), engine.tensor(x)];
  for (const solver of ["lbfgs", "sgd", "lbfgs", "sgd", "lbfgs"] as const) {
    const options = usable({ solver, epochs: 1, maxIterations: 3, tolerance: 0 });
    const expected = new SoftmaxRegression({ ...options, engine: alone });
    const model = new SoftmaxRegression({ ...options, engine });
    await Promise.all([expected.fit(there, y), model.fit(here, y)]);
    expectSameBits(model.coef.data, expected.coef.data, solver);
  }
  expect(await here.read()).toEqual(x.data);
  expect(await here.slice(3_000, 3_500).read()).toEqual(x.data.subarray(3_000 * features, 6_500 * features));
});

test("wide products in every order, and parts of matrices, have the same bits", async () => {
  using alone = await createEngine({ device: "cpu", workers: 0 });
  using engine = await createEngine({ device: "cpu", workers: 3 });
  const size = 300;
  const values = (seed: number): Float32Array => Float32Array.from(randomBytes(size * size, seed), (b) => b / 64 - 2);
  const results = await Promise.all(
    [alone, engine].map(async (on) => {
      const [a, b] = [4, 5].map((seed) => on.tensor({ data: values(seed), shape: [size, size] }));
      const ab = on.matmul(a, b);
      const all = [
        ab,
        on.matmul(ab, a),
        on.matmul(a, a),
        on.matmul(ab, ab, { transposeA: true }),
        on.matmul(a, ab, { transposeA: true }),
        on.matmul(b, ab, { transposeB: true }),
        on.matmul(ab.slice(37, 200), b),
        on.softmax(ab.slice(37, 200)),
        on.argmax(ab),
        on.summarize(ab),
        on.addScaled(on.zeros([size, size]), 2, ab, { y: b, beta: 3 }),
      ];
      on.write(ab.slice(10, 2), new Float32Array(2 * size).fill(1));
      return on.read(...all, on.matmul(ab, b));
    }),
  );
  for (const [i, expected] of results[0].entries()) expect(results[1][i], `result ${i}`).toEqual(expected);
});

test("few long rows, and many short ones, have the same softmax and cross-entropy", async () => {
  using alone = await createEngine({ device: "cpu", workers: 0 });
  using engine = await createEngine({ device: "cpu", workers: 3 });
  for (const [n, k] of [
    [1_000, 301],
    [40_000, 10],
  ]) {
    const values = Float32Array.from(randomBytes(n * k, 6), (b) => b / 16 - 8);
    const labels = Int32Array.from(randomLabels(n, k, 7));
    const [here, there] = await Promise.all(
      [alone, engine].map(async (on) => {
        const z = on.tensor({ data: values, shape: [n, k] });
        const { loss, gradient } = on.crossEntropy(z, on.tensor(labels));
        return on.read(on.softmax(z), on.logSoftmax(z), loss, gradient);
      }),
    );
    for (const [i, expected] of here.entries()) {
      expectSameBits(there[i] as Float32Array, expected as Float32Array, `${n} × ${k}, result ${i}`);
    }
  }
});
