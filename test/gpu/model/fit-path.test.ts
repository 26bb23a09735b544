/**
 * Models that are trained together against each of them fitted alone. J is strongly convex in W with modulus l2, so J − J* ≤ ‖dJ‖²/(2·l2)
 * and ‖W − W*‖ ≤ ‖dJ‖/l2 wherever a solver stopped; dJ is computed in float64 from the weights that came out.
 */
import { describe, expect, vi } from "vitest";
import type { Engine, PathPoint } from "../../../src/index.js";
import { fitPath, SoftmaxRegression } from "../../../src/index.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "./clusters.js";
import { judge } from "./exact-objective.js";

const data = clusters(150, 7, 3);
const L2S = [1, 0.1, 0.01, 1e-3, 1e-4];
const CONTROL = { tolerance: 1e-6, maxIterations: 1000 };
/** What float32 can hide of a gradient that is a mean over n rows. */
const HIDDEN = (data.y.length + 8) * 2 ** -24;

async function path(engine: Engine, l2s: readonly number[] = L2S, more: object = {}): Promise<PathPoint[]> {
  return fitPath(data.x, data.y, { engine, l2s, ...CONTROL, ...more });
}

describe.each(ENGINE_DEVICES)("fitPath on %s", (device) => {
  test("every model is the one that a fit of its own gives", async ({ engines }) => {
    const engine = engines[device];
    const weights = data.y.map((_, row) => ((7 * row) % 9) / 4);
    for (const fitIntercept of [true, false]) {
      const points = await path(engine, L2S, { fitIntercept, sampleWeight: weights });
      expect(points.map(({ l2 }) => l2)).toEqual(L2S);
      for (const { l2, model, report } of points) {
        expect(report.stopReason).toMatch(/^(converged|precision)$/);
        const alone = new SoftmaxRegression({ engine, l2, fitIntercept, ...CONTROL });
        await alone.fit(data.x, data.y, { sampleWeight: weights });
        const [here, there] = [model, alone].map((each) => judge(each, data, { l2, weights, fitIntercept }));
        expect(here.gradientNorm).toBeLessThanOrEqual(CONTROL.tolerance + HIDDEN);
        // The report's J, in float32, is the exact one.
        expect(Math.abs(report.loss - here.loss)).toBeLessThanOrEqual(data.y.length * 2 ** -24);
        expect(Math.abs(here.loss - there.loss) / there.loss).toBeLessThanOrEqual(1e-6);
        const bound = (here.gradientLength + there.gradientLength) / l2;
        expectClose(model.coef.data, alone.coef.data, { floor: bound, label: `l2 ${l2}` });
        expect(await model.score(data.x, data.y)).toBeCloseTo(await alone.score(data.x, data.y), 10);
        expect(report.history).toHaveLength(report.iterations + 1);
        expect(report.history.at(-1)).toMatchObject({ loss: report.loss, passes: report.passes });
      }
    }
  });

  test("passes over X are those of the slowest alone and a few", async ({ engines }) => {
    const engine = engines[device];
    const x = engine.tensor(data.x);
    const run = vi.spyOn(engine, "run");
    const points = await fitPath(x, data.y, { engine, l2s: L2S, ...CONTROL });
    const products = run.mock.calls.filter(([op, args]) => op.name === "matmul" && (args as { a?: unknown }).a === x);
    run.mockRestore();
    const passes = Math.max(...points.map(({ report }) => report.passes));
    const iterations = Math.max(...points.map(({ report }) => report.iterations));
    // One for the means, one for the first gradient, two an iteration, one every twenty; attempts whose search failed or went on count too.
    expect(passes).toBeGreaterThanOrEqual(2 + 2 * iterations + Math.floor(iterations / 20));
    // What is recorded after the last has stopped, before somebody looks: three iterations, and once θ's logits.
    expect(products.length).toBeGreaterThanOrEqual(passes);
    expect(products.length).toBeLessThanOrEqual(passes + 2 * 3 + 1);
    const alone: number[] = [];
    for (const l2 of L2S) {
      const model = new SoftmaxRegression({ engine, l2, ...CONTROL });
      alone.push((await model.fit(x, data.y)).passes);
    }
    expect(products.length).toBeLessThan(alone.reduce((sum, count) => sum + count, 0) / 2);
    x.dispose();
  });

  test("the same bits on every run", async ({ engines }) => {
    const [first, second] = [await path(engines[device]), await path(engines[device])];
    first.forEach(({ model, report }, i) => {
      expect(model.coef.data).toEqual(second[i].model.coef.data);
      expect(report.loss).toBe(second[i].report.loss);
    });
  });

  test("leaves nothing on the device", async ({ engines }) => {
    const engine = engines[device];
    const before = engine.stats().buffers;
    await path(engine);
    expect(engine.stats().buffers).toBe(before);
    const controller = new AbortController();
    const stop = path(engine, L2S, { signal: controller.signal, onProgress: () => controller.abort("enough") });
    await expect(stop).rejects.toBe("enough");
    expect(engine.stats().buffers).toBe(before);
  });
});
