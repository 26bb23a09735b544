import { afterEach, describe, expect, vi } from "vitest";
import {
  type Engine,
  type EngineStats,
  type FitOptions,
  type LabelsLike,
  SoftmaxRegression,
  type SoftmaxRegressionOptions,
} from "../../../src/index.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { randomSoftTargets, randomWeights } from "../../support/random-matrix.js";
import { clusters } from "./clusters.js";

const [ROWS, BATCH] = [95, 10];
const BATCHES = Math.ceil(ROWS / BATCH);
const data = clusters(ROWS, 6, 3);
const soft = { data: randomSoftTargets(ROWS, 3, 4), shape: [ROWS, 3] };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The engine's counters after each step. */
async function countSteps(
  engine: Engine,
  options: SoftmaxRegressionOptions,
  fit: { readonly y?: LabelsLike; readonly options?: FitOptions } = {},
): Promise<EngineStats[]> {
  const steps: EngineStats[] = [];
  const pace = engine.pace.bind(engine);
  vi.spyOn(engine, "pace").mockImplementation(() => {
    steps.push(engine.stats());
    return pace();
  });
  // While the clock stands still, no report is due.
  vi.spyOn(performance, "now").mockReturnValue(1000);
  const model = new SoftmaxRegression({ engine, batchSize: BATCH, epochs: 3, ...options });
  await model.fit(data.x, fit.y ?? data.y, fit.options);
  vi.restoreAllMocks();
  return steps;
}

const created = ({ buffersCreated, pipelines, bindGroups, readbacks }: EngineStats) => ({
  buffersCreated,
  pipelines,
  bindGroups,
  readbacks,
});

describe.each(ENGINE_DEVICES)("a minibatch step on %s", (device) => {
  test.for([
    ["sgd", { solver: "sgd" }, {}],
    ["sgd with momentum, no intercept", { solver: "sgd", momentum: 0.9, fitIntercept: false }, {}],
    ["adam", { solver: "adam" }, {}],
    ["sgd with sample weights", { solver: "sgd" }, { options: { sampleWeight: randomWeights(ROWS, 3) } }],
    ["adam with soft targets", { solver: "adam" }, { y: soft }],
  ] as const)("%s: no readback, no new buffer, pipeline or bind group", async ([, options, fit], { engines }) => {
    const engine = engines[device];
    const before = engine.stats();
    const steps = await countSteps(engine, options, fit);
    expect(steps).toHaveLength(3 * BATCHES);
    // Late in the first epoch all has been met, the short last batch too.
    const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1]));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(first.readbacks).toBe(before.readbacks);
    // One report at the end is all that is read.
    expect(engine.stats().readbacks).toBe(before.readbacks + 1);
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
    if (device === "webgpu") expect(dispatches).toEqual(dispatches.map(() => 2));
    else expect(Math.min(...dispatches)).toBeGreaterThan(2);
  });

  test("70 classes, outside the fused range: gather twice, product, loss, its sum, product, update", async ({
    engines,
  }) => {
    const engine = engines[device];
    const labels = Array.from({ length: ROWS }, (_, i) => i % 70);
    const steps = await countSteps(engine, { solver: "sgd" }, { y: labels });
    const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1] as EngineStats));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - (steps[i] as EngineStats).dispatches);
    expect(dispatches).toEqual(dispatches.map(() => (device === "webgpu" ? 7 : dispatches[0])));
  });

  test("readbacks come from reports alone, a hundred milliseconds apart", async ({ engines }) => {
    const engine = engines[device];
    let now = 1000;
    const pace = engine.pace.bind(engine);
    vi.spyOn(engine, "pace").mockImplementation(async () => {
      now += 30;
      await pace();
      // A step takes a while, so that a report arrives before the next is due.
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const before = engine.stats().readbacks;
    const told: number[] = [];
    const model = new SoftmaxRegression({ engine, solver: "sgd", batchSize: BATCH, epochs: 3 });
    const report = await model.fit(data.x, data.y, { onProgress: ({ iteration }) => told.push(iteration) });
    vi.restoreAllMocks();
    const reads = engine.stats().readbacks - before;
    // 30 steps of 30 ms.
    expect(reads).toBeGreaterThanOrEqual(3);
    expect(reads).toBeLessThanOrEqual(10);
    expect(told.at(-1)).toBe(report.iterations);
    expect(report.iterations).toBe(30);
  });
});
