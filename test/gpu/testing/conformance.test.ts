/** Luce passes the checks that it offers for any classifier. */
import { describe, expect } from "vitest";
import { fromSklearn, SoftmaxRegression } from "../../../src/index.js";
import { checkClassifier, checkNames } from "../../../src/testing/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("all of them", { timeout: 240_000 }, async ({ engines }) => {
    const engine = engines[device];
    const results = await checkClassifier(
      (settings) => new SoftmaxRegression({ engine, tolerance: 1e-6, ...settings }),
      {
        // Gradients of at most 1e-6 and what float32 hides of sums over 60 rows, 4e-6: 80 · 5e-6 · √9.
        tolerance: 1.2e-3,
        reload: (fitted) => SoftmaxRegression.fromJSON(JSON.stringify(fitted), { engine }),
        startingAt: (coef, intercept) => fromSklearn({ coef, intercept }, { engine, warmStart: true }),
        sparse: true,
        liveMemory: () => engine.stats().buffers,
      },
    );
    expect(results.map(({ check }) => check)).toEqual(checkNames);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });
});
