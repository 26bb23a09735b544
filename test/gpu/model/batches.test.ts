import { describe, expect } from "vitest";
import type { Batches, FitProgress, RowBatch, SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { csrOf, denseOf, sparseOf } from "../../support/sparse-cases.js";
import { CLASSES, CUTS, classes, create, data, FEATURES, inPieces, piece, ROWS, thetaOf } from "./batch-pieces.js";
import { clusters } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("L-BFGS ends at the optimum of all rows, with weights, soft targets and without an intercept", async ({
    engines,
  }) => {
    const engine = engines[device];
    const l2 = 0.01;
    const weights = Array.from({ length: ROWS }, (_, i) => (i % 5) / 2);
    const soft: RowBatch[] = CUTS.slice(1).map((to, i) => {
      const { x, y } = piece(CUTS[i], to);
      const rows = y.map((label) => classes.map((c) => (c === label ? 0.7 : 0.1)));
      return { x, y: rows };
    });
    const whole = { y: data.y.map((label) => classes.map((c) => (c === label ? 0.7 : 0.1))) };
    const cases: [string, SoftmaxRegressionOptions, Batches, Parameters<typeof judge>[2] | undefined, unknown[]][] = [
      ["plain", {}, () => inPieces(), { l2 }, [data.y]],
      ["weights", {}, () => inPieces(CUTS, weights), undefined, [data.y, { sampleWeight: weights }]],
      ["no intercept", { fitIntercept: false }, () => inPieces(), undefined, [data.y]],
      ["soft targets, in a plain array", {}, () => soft, undefined, [whole.y]],
      ["halves", { features: "f16" }, async () => inPieces(), undefined, [data.y]],
    ];
    for (const [name, options, batches, exact, rest] of cases) {
      const streamed = create(engine, { tolerance: 1e-6, ...options });
      const report = await expectMemoryBack(engine, () => streamed.fit(batches));
      expect(["converged", "precision"], name).toContain(report.stopReason);
      const model = create(engine, { tolerance: 1e-6, ...options });
      const [y, fit] = rest as [number[], object?];
      const direct = await model.fit(data.x, y, fit);
      // ‖W − W*‖ ≤ ‖dJ‖ / l2 for each, and max |dJ| bounds a part of ‖dJ‖ each.
      const parts = Math.sqrt((FEATURES + 1) * CLASSES);
      const floor = (parts * ((report.gradientNorm as number) + (direct.gradientNorm as number) + 2e-7)) / l2;
      expect(floor, name).toBeLessThan(0.01);
      expectClose(streamed.coef.data, model.coef.data, { floor });
      if (exact) expect(judge(streamed, data, exact).gradientLength).toBeLessThan(2e-6 * parts);
    }
  });

  test.for(["lbfgs", "sgd"] as const)(
    "%s: sparse batches are what the same batches are with their zeros",
    async (solver, { engines }) => {
      const engine = engines[device];
      const l2 = 0.1;
      const pieces = CUTS.slice(1).map((to, i) => {
        const { x, y } = piece(CUTS[i], to);
        return { sparse: sparseOf(x.data, x.shape, 0.5), y };
      });
      const options: SoftmaxRegressionOptions = { solver, l2, tolerance: 1e-6, epochs: 1, shuffle: false };
      const sparse = create(engine, options);
      const report = await expectMemoryBack(engine, () =>
        sparse.fit(() => pieces.map(({ sparse: rows, y }) => ({ x: csrOf(rows), y }))),
      );
      const dense = create(engine, options);
      const other = await dense.fit(() =>
        pieces.map(({ sparse: rows, y }) => ({ x: { data: denseOf(rows), shape: [rows.rows, FEATURES] }, y })),
      );
      const parts = Math.sqrt((FEATURES + 1) * CLASSES);
      const gradients = (report.gradientNorm ?? 0) + (other.gradientNorm ?? 0) + 2e-7;
      // Twelve steps of 0.1: sums of 8 rows and 9 features, in another order.
      const floor = solver === "lbfgs" ? (parts * gradients) / l2 : 12 * 0.1 * 17 * 4 * 2 ** -24;
      expectClose(sparse.coef.data, dense.coef.data, { floor });
      expect(dense.coef.data.some((w) => Math.abs(w) > 0.01)).toBe(true);
    },
  );

  test.for(["sgd", "adam"] as const)(
    "%s in one batch takes the steps that it takes on the rows",
    async (solver, { engines }) => {
      const engine = engines[device];
      const options: SoftmaxRegressionOptions = {
        solver,
        epochs: 1,
        shuffle: false,
        momentum: solver === "sgd" ? 0.5 : 0,
      };
      const direct = create(engine, options);
      await direct.fit(data.x, data.y);
      const whole = create(engine, options);
      const report = await expectMemoryBack(engine, () => whole.fit(inPieces([0, ROWS])));
      expect(report).toMatchObject({ iterations: Math.ceil(ROWS / 8), passes: 2, stopReason: "max-iterations" });
      // Cut where minibatches end, the steps are the same as well: momentum and Adam's count go on across batches.
      const cut = create(engine, options);
      await cut.fit(inPieces([0, 16, 40, ROWS]));
      expectSameBits(thetaOf(cut), thetaOf(whole));
      if (device === "cpu") expectSameBits(thetaOf(whole), thetaOf(direct));
      // Steps many to a launch add up in another order on a GPU: sums of 8 rows and 9 features, 12 times, Adam's divided by gradients of 1e-2.
      else expectClose(thetaOf(whole), thetaOf(direct), { floor: 12 * 100 * 17 * 2 ** -24 });
    },
  );

  test.for(["sgd", "adam"] as const)(
    "%s: epochs, progress, the same bits again, and a warm start",
    async (solver, { engines }) => {
      const engine = engines[device];
      const told: FitProgress[] = [];
      const { x, y } = clusters(30, FEATURES, CLASSES, 2);
      const validation = { x, y };
      const runs: Float32Array[] = [];
      for (let run = 0; run < 2; run++) {
        const model = create(engine, { solver, seed: 5, warmStart: true });
        const report = await model.fit(() => inPieces(), {
          validation,
          onProgress: (progress) => void told.push(progress),
        });
        const steps = 3 * (1 + 4 + 1 + 7);
        expect(report.iterations).toBe(steps);
        expect(report.passes).toBe(6);
        const last = told.at(-1);
        expect(last).toMatchObject({ iteration: steps, maxIterations: steps, epoch: 3 });
        expect(last?.validationAccuracy).toBeCloseTo(await model.score(x, y), 6);
        expect(last?.samplesPerSecond).toBeGreaterThan(0);
        runs.push(thetaOf(model));
        if (run === 1) {
          const before = report.loss;
          const more = await model.fit(() => inPieces());
          expect(more.loss).toBeLessThan(before);
        }
      }
      expectSameBits(runs[1], runs[0]);
    },
  );

  test.for(["lbfgs", "sgd"] as const)("%s: classes may be declared in any order", async (solver, { engines }) => {
    const names = ["pear", "apple", "quince", "fig"];
    const named = async function* (): AsyncGenerator<RowBatch> {
      for await (const { x, y } of inPieces()) yield { x, y: (y as number[]).map((label) => names[label]) };
    };
    const held = { x: data.x, y: data.y.map((label) => names[label]) };
    const model = create(engines[device], { solver, classes: names, epochs: 10, learningRate: 0.3 });
    const report = await model.fit(named, { validation: held });
    expect(model.classes).toEqual(["apple", "fig", "pear", "quince"]);
    const score = await model.score(held.x, held.y);
    expect(score).toBeGreaterThan(0.8);
    expect(report.history.at(-1)?.validationAccuracy).toBeCloseTo(score, 6);
  });
});
