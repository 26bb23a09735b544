/**
 * L-BFGS on the whole of MNIST through the public API: the objective that scikit-learn's solver ends at, the accuracy, and the
 * passes over the data that it takes. SciPy's L-BFGS needs 96 and 236 passes at l2 = 1e-2, 312 and 680 at l2 = 1e-4.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type FitReport, SoftmaxRegression } from "../../src/index.js";
import { type Digits, loadMnist } from "./load-mnist.js";

/** Optima of mean cross-entropy + l2/2·‖W‖², found in float64 to nine digits. */
const OPTIMUM = { strong: 0.543855, weak: 0.259248294 };

let digits: { train: Digits; test: Digits };
beforeAll(async () => {
  digits = await loadMnist();
});

interface Outcome {
  readonly report: FitReport;
  readonly accuracy: number;
  readonly buffersLeft: number;
}

async function trained(device: "webgpu" | "cpu", l2: number, tolerance?: number): Promise<Outcome> {
  using model = new SoftmaxRegression({ l2, device, ...(tolerance === undefined ? {} : { tolerance }) });
  const engine = await model.engine;
  expect(engine.device).toBe(device);
  const report = await model.fit(digits.train.x, digits.train.y);
  const accuracy = await model.score(digits.test.x, digits.test.y);
  return { report, accuracy, buffersLeft: engine.stats().buffers };
}

/** Passes over the data until the objective was within a relative gap of the optimum. */
function passesTo(gap: number, report: FitReport, optimum: number): number {
  const point = report.history.find((p) => p.loss <= optimum * (1 + gap));
  return point?.passes ?? Number.POSITIVE_INFINITY;
}

/** One for the means, one for the first gradient, two an iteration, and one every twenty to sum the logits anew. */
const passesOf = (iterations: number): number => 2 + 2 * iterations + Math.floor(iterations / 20);

describe.each(["cpu", "webgpu"] as const)("on %s", (device) => {
  test("l2 = 1e-2 is within 1e-6 of the optimum after at most 80 passes", async () => {
    const { report, accuracy, buffersLeft } = await trained(device, 1e-2, 1e-5);
    expect(report.stopReason).toBe("converged");
    expect(report.loss).toBeLessThanOrEqual(OPTIMUM.strong * (1 + 1e-6));
    expect(passesTo(1e-3, report, OPTIMUM.strong)).toBeLessThanOrEqual(40);
    expect(passesTo(1e-6, report, OPTIMUM.strong)).toBeLessThanOrEqual(80);
    expect(report.passes).toBe(passesOf(report.iterations));
    expect(accuracy).toBeGreaterThan(0.904);
    expect(buffersLeft).toBe(0);
  });

  test("l2 = 1e-4 is within 1e-4 of the optimum at the default tolerance, and right on 92.5 % of the test digits", async () => {
    const { report, accuracy } = await trained(device, 1e-4);
    expect(report.converged).toBe(true);
    expect(report.loss).toBeLessThanOrEqual(OPTIMUM.weak * (1 + 1e-4));
    expect(passesTo(1e-3, report, OPTIMUM.weak)).toBeLessThanOrEqual(80);
    expect(report.passes).toBe(passesOf(report.iterations));
    expect(accuracy).toBeGreaterThanOrEqual(0.925);
  });
});

test("l2 = 1e-4 on cpu is within 1e-6 of the optimum after at most 180 passes", async () => {
  const { report } = await trained("cpu", 1e-4, 3e-6);
  expect(passesTo(1e-6, report, OPTIMUM.weak)).toBeLessThanOrEqual(180);
});
