/** Sparse matrices that store nothing, on the CPU: they cost nothing, and tell nothing of how fast those are that follow. */
import { expect, test } from "vitest";
import { createEngine, SoftmaxRegression } from "../../../src/index.js";

test("products after some of them are right", async () => {
  using engine = await createEngine({ device: "cpu", workers: 0 });
  using blank = await engine.sparse({ data: [], indices: [], indptr: [0, 0, 0], shape: [2, 3] });
  using b = engine.tensor([
    [1, 2],
    [3, 4],
  ]);
  for (let i = 0; i < 3; i++) {
    using nothing = engine.matmul(blank, b, { transposeA: true });
    expect([...(await nothing.read())]).toEqual([0, 0, 0, 0, 0, 0]);
  }
  using a = await engine.sparse({ data: [1, 2, 3, 1], indices: [0, 1, 0, 1], indptr: [0, 1, 2, 4], shape: [3, 2] });
  using column = engine.tensor([[1], [10]]);
  using product = engine.matmul(a, column);
  expect([...(await product.read())]).toEqual([1, 20, 13]);
});

test("a last minibatch of blank rows leaves the fit and its predictions right", async () => {
  const [n, d] = [257, 50];
  const filled = Array.from({ length: n - 1 }, (_, i) => i % d);
  const indptr = Array.from({ length: n + 1 }, (_, i) => Math.min(i, n - 1));
  const rows = { data: filled.map(() => 1), indices: filled, indptr, shape: [n, d] as const };
  const labels = Array.from({ length: n }, (_, i) => (i % d < d / 2 ? "a" : "b"));
  const settings = { solver: "adam", fitIntercept: false, shuffle: false, learningRate: 0.1 } as const;
  using model = new SoftmaxRegression({ ...settings, epochs: 10, device: "cpu", workers: 0 });
  await model.fit(rows, labels);
  // The blank row's scores are all equal.
  expect(await model.score(rows, labels)).toBeGreaterThanOrEqual((n - 1) / n);
});
