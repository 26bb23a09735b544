/** Weight decay, clipping and averaging against PyTorch's AdamW, clip_grad_norm_ and AveragedModel, step for step on iris. */
import { describe, expect } from "vitest";
import { SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import iris from "../../golden/logistic.json" with { type: "json" };
import golden from "../../golden/optimisers.json" with { type: "json" };
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";

const { batchSize, epochs } = golden;
const cases = golden.cases as readonly Case[];
const features = iris.features.map((row) => row.map((v) => Math.fround(v / 8)));
const [D, K] = [4, 3];
/** Rows are below 2 long, so the curvature of the mean loss is below ½ · (2² + 1) + l2: no step here magnifies an error of θ. */
const LONGEST = Math.max(...features.map((row) => Math.hypot(...row)));

interface Case {
  readonly solver: "sgd" | "adam" | "adamw";
  readonly rate: number;
  readonly l2?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly clip?: number;
  readonly averageFrom?: number;
  readonly coefficients: readonly (readonly number[])[];
  readonly intercept: readonly number[];
  readonly norms: readonly number[];
}

function optionsOf({ solver, rate, clip, averageFrom, ...rest }: Case): SoftmaxRegressionOptions {
  const { l2, weightDecay, momentum, nesterov } = rest;
  return {
    ...{ solver, learningRate: rate, batchSize, epochs, shuffle: false },
    // What is left out has PyTorch's default here, too: AdamW no l2, and a decay of 0.01.
    ...(l2 !== undefined && { l2 }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(momentum !== undefined && { momentum }),
    ...(nesterov !== undefined && { nesterov }),
    ...(clip !== undefined && { clipNorm: clip }),
    ...(averageFrom !== undefined && { averageWeights: { from: averageFrom / epochs } }),
  };
}

/** How far a relative error `cut` of a clipped gradient, and an absolute one of all, get into θ. */
function floorOf({ solver, rate, clip, momentum = 0, nesterov = false, norms }: Case): number {
  // Sums over features, classes and rows, exp and a division: each within some 2⁻²², of values up to 1.
  const error = (D + K + batchSize) * 2 ** -22;
  // PyTorch divides by the norm plus 1e-6; gradients, cut or not, are no longer than the limit.
  const cut = clip === undefined ? 0 : (1e-6 / clip) * Math.min(clip, Math.max(...norms));
  // Adam divides by √v̂, which is a hundredth and more: no batch holds as many rows of one class as of another.
  const growth = solver === "sgd" ? (rate * (1 + (nesterov ? momentum : 0))) / (1 - momentum) : rate * 100;
  return norms.length * growth * (error + cut);
}

describe.each(ENGINE_DEVICES)("PyTorch's steps on %s", (device) => {
  test.for(cases.map((each) => [JSON.stringify(optionsOf(each)), each] as const))(
    "%s",
    async ([, each], { engines }) => {
      expect(LONGEST).toBeLessThan(2);
      const model = new SoftmaxRegression({ engine: engines[device], ...optionsOf(each) });
      const report = await model.fit(features, iris.labels);
      expect(report.iterations).toBe(each.norms.length);
      const expected = [...each.coefficients.flat(), ...each.intercept];
      expectClose([...model.coef.data, ...model.intercept], expected, { floor: floorOf(each) });
    },
  );

  test("some gradients are cut, and some need not be", () => {
    for (const { clip, norms } of cases) {
      if (clip === undefined) continue;
      expect(Math.max(...norms)).toBeGreaterThan(clip);
      expect(Math.min(...norms)).toBeLessThan(clip);
    }
  });
});
