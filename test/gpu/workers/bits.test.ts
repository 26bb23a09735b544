import { expect, test } from "vitest";
import { createEngine, SoftmaxRegression } from "../../../src/index.js";
import { randomBytes, randomLabels } from "../../support/random-matrix.js";

test("starts", async () => {
  const [n, d, k] = [20000, 784, 10];
  const x = { data: randomBytes(n * d, 1), shape: [n, d], scale: 1 / 255 };
  const y = Int32Array.from(randomLabels(n, k, 2));
  const xs = { data: randomBytes(3000 * 40, 1), shape: [3000, 40], scale: 1 / 255 };
  const ys = Int32Array.from(randomLabels(3000, k, 2));
  for (const [solver, mx, my] of [["lbfgs", x, y], ["lbfgs", xs, ys], ["sgd", x, y]] as const) {
    let first: Float32Array | undefined;
    for (const workers of [0, 1, 2, 3]) {
      const engine = await createEngine({ device: "cpu", workers });
      const model = new SoftmaxRegression({ engine, solver, maxIterations: 30, epochs: 1, tolerance: 0 });
      const t1 = performance.now();
      const report = await model.fit(mx, my);
      const t2 = performance.now();
      const p = await model.predictProba(mx);
      console.log(solver, workers, report.iterations, report.loss, t2 - t1, performance.now() - t2, p.data[5]);
      first ??= model.coef.data;
      expect(model.coef.data).toEqual(first);
      console.log(JSON.stringify(engine.stats()));
      engine.dispose();
    }
  }
});
