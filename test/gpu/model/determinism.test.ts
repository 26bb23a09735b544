import { describe, expect } from "vitest";
import { type Engine, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { judge } from "./exact-objective.js";

const [ROWS, FEATURES, CLASSES, BATCH, EPOCHS] = [75, 9, 4, 16, 3];
const data = clusters(ROWS, FEATURES, CLASSES);

async function weightsAfter(engine: Engine, options: SoftmaxRegressionOptions): Promise<Float32Array> {
  const model = new SoftmaxRegression(usable({ engine, batchSize: BATCH, epochs: EPOCHS, l2: 0.01, ...options }));
  await model.fit(data.x, data.y);
  return Float32Array.of(...model.coef.data, ...model.intercept);
}

const COURSES: readonly SoftmaxRegressionOptions[] = [
  { solver: "lbfgs" },
  { solver: "sgd", momentum: 0.5 },
  { solver: "adam" },
];

describe.each(COURSES)("$solver", (course) => {
  test.for(ENGINE_DEVICES)("the same seed on %s gives the same bits", async (device, { engines }) => {
    const engine = engines[device];
    const first = await weightsAfter(engine, { ...course, seed: 7 });
    expect(new Set(first).size).toBeGreaterThan(10);
    // Other work in between leaves other buffers in the pool and another speed in the scheduler.
    await weightsAfter(engine, { solver: "adam", batchSize: 5 });
    expectSameBits(await weightsAfter(engine, { ...course, seed: 7 }), first);
  });

  test("two fits at once on one engine do not mix", async ({ engines }) => {
    for (const device of ENGINE_DEVICES) {
      const alone = await weightsAfter(engines[device], { ...course, seed: 1 });
      const [first] = await Promise.all([
        weightsAfter(engines[device], { ...course, seed: 1 }),
        weightsAfter(engines[device], { ...course, seed: 2, l2: 0.3 }),
      ]);
      expectSameBits(first, alone, device);
    }
  });
});

test("another seed gives other weights where rows are drawn at random, and only there", async ({ engines }) => {
  for (const solver of ["sgd", "adam"] as const) {
    const [one, other] = [
      await weightsAfter(engines.cpu, { solver, seed: 1 }),
      await weightsAfter(engines.cpu, { solver, seed: 2 }),
    ];
    expect(one).not.toEqual(other);
    const unshuffled = { solver, shuffle: false } as const;
    expectSameBits(
      await weightsAfter(engines.cpu, { ...unshuffled, seed: 1 }),
      await weightsAfter(engines.cpu, { ...unshuffled, seed: 2 }),
    );
  }
  expectSameBits(
    await weightsAfter(engines.cpu, { solver: "lbfgs", seed: 1 }),
    await weightsAfter(engines.cpu, { solver: "lbfgs", seed: 2 }),
  );
});

describe("WebGPU and CPU", () => {
  const LARGEST = data.x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  const STEPS = EPOCHS * Math.ceil(ROWS / BATCH);
  /** What float32 may add to a gradient: sums over the features, the classes and the batch, of values up to the largest |x|. */
  const GRADIENT_ERROR = (FEATURES + CLASSES + BATCH) * LARGEST * 2 ** -24;

  test("L-BFGS ends at the same optimum", async ({ engines }) => {
    const [l2, tolerance] = [0.01, 1e-6];
    const models = ENGINE_DEVICES.map((device) => new SoftmaxRegression({ engine: engines[device], l2, tolerance }));
    for (const model of models) await model.fit(data.x, data.y);
    const [one, other] = models.map((model) => judge(model, data, { l2 }));
    // ‖W − W*‖ ≤ ‖dJ‖ / l2 for each
    const floor = (one.gradientLength + other.gradientLength) / l2;
    expect(floor).toBeLessThan(0.01);
    expectClose(models[0].coef.data, models[1].coef.data, { floor });
    expect(Math.abs(one.loss - other.loss)).toBeLessThanOrEqual(floor * (one.gradientLength + other.gradientLength));
  });

  test("SGD takes the same way: a step of convex J never drives two points apart", async ({ engines }) => {
    const learningRate = 0.1;
    const [gpu, cpu] = [
      await weightsAfter(engines.webgpu, { solver: "sgd", learningRate }),
      await weightsAfter(engines.cpu, { solver: "sgd", learningRate }),
    ];
    expectClose(gpu, cpu, { floor: STEPS * learningRate * GRADIENT_ERROR });
  });

  test("Adam takes the same way", async ({ engines }) => {
    const learningRate = 0.01;
    const [gpu, cpu] = [
      await weightsAfter(engines.webgpu, { solver: "adam", learningRate }),
      await weightsAfter(engines.cpu, { solver: "adam", learningRate }),
    ];
    // Adam divides by the gradients' own size, about a hundredth here, and so magnifies their error.
    expectClose(gpu, cpu, { floor: STEPS * learningRate * 100 * GRADIENT_ERROR });
  });
});
