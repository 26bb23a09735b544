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
import { clusters, type Dataset } from "./clusters.js";

const [ROWS, BATCH] = [95, 15];
const BATCHES = Math.ceil(ROWS / BATCH);
const small = clusters(ROWS, 6, 3);
/** So many weights that a step is worth the whole device. */
const large = clusters(ROWS, 1300, 10);
const softTargets = (classes: number) => ({ data: randomSoftTargets(ROWS, classes, 4), shape: [ROWS, classes] });

afterEach(() => {
  vi.restoreAllMocks();
});

/** The engine's counters after each step, or each launch of many steps. */
async function countSteps(
  engine: Engine,
  data: Dataset,
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

const WAYS = [
  ["sgd", { solver: "sgd" }, {}],
  ["sgd with momentum, no intercept", { solver: "sgd", momentum: 0.9, fitIntercept: false }, {}],
  ["adam", { solver: "adam" }, {}],
  ["sgd with sample weights", { solver: "sgd" }, { options: { sampleWeight: randomWeights(ROWS, 3) } }],
  ["sgd by a schedule", { solver: "sgd", learningRate: { schedule: "cosine", initial: 0.2 } }, {}],
  ["adam with soft targets", { solver: "adam" }, { soft: true }],
] as const;

const targetsOf = (fit: object, classes: number): { y?: LabelsLike } =>
  "soft" in fit ? { y: softTargets(classes) } : {};

describe.each(ENGINE_DEVICES)("a minibatch step on %s", (device) => {
  test.for(WAYS)("%s: no readback, no new buffer, pipeline or bind group", async ([, options, fit], { engines }) => {
    const engine = engines[device];
    const plan = engine.explain({ rows: ROWS, features: 1300, classes: 10, batchSize: BATCH });
    expect(plan.stepsPerDispatch).toBeUndefined();
    const before = engine.stats();
    const steps = await countSteps(engine, large, options, { ...targetsOf(fit, 10), ...fit });
    expect(steps).toHaveLength(3 * BATCHES);
    // Late in the first epoch all has been met, the short last batch too.
    const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1]));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(first.readbacks).toBe(before.readbacks);
    // One report at the end is all that is read.
    expect(engine.stats().readbacks).toBe(before.readbacks + 1);
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
    // On the CPU the fused step is one op.
    expect(dispatches).toEqual(dispatches.map(() => (device === "webgpu" ? 2 : 1)));
  });

  test.for(WAYS)(
    "scaled columns, %s: W, b, the fused gradient, its rows, the update; nothing made",
    async (way, { engines }) => {
      const engine = engines[device];
      const [, options, fit] = way;
      const data = { ...targetsOf(fit, 3), ...fit };
      const steps = await countSteps(engine, small, { ...options, standardize: true }, data);
      expect(steps).toHaveLength(3 * BATCHES);
      const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1]));
      expect(second).toEqual(first);
      expect(third).toEqual(first);
      const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
      // On the CPU loss and gradient are one op.
      expect(dispatches).toEqual(dispatches.map(() => (device === "webgpu" ? 6 : 5)));
    },
  );

  test.for([
    ["sgd", "clipped: loss and gradient, their sum, the cut, the update", { clipNorm: 0.5 }, 4, 3],
    ["sgd", "averaged: one more", { averageWeights: { from: 0 } }, 3, 2],
    ["adam", "clipped, decayed and averaged", { clipNorm: 0.5, weightDecay: 0.1, averageWeights: { from: 0 } }, 5, 4],
    ["adam", "decayed: as many as without", { weightDecay: 0.1 }, 2, 1],
  ] as const)("%s, %s; nothing read or made", async ([solver, , options, onGpu, onCpu], { engines }) => {
    const engine = engines[device];
    const before = engine.stats();
    // On a GPU small steps, whose gradient is looked at, go by themselves too.
    const data = "clipNorm" in options ? small : large;
    const steps = await countSteps(engine, data, { solver, ...options });
    expect(steps).toHaveLength(3 * BATCHES);
    const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1]));
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(engine.stats().readbacks).toBe(before.readbacks + 1);
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
    expect(dispatches).toEqual(dispatches.map(() => (device === "webgpu" ? onGpu : onCpu)));
    const { clipNorm, averageWeights } = { clipNorm: undefined, averageWeights: undefined, ...options };
    const [, features] = data.x.shape;
    const sizes = { rows: ROWS, features, classes: data.classes, batchSize: BATCH };
    const plan = engine.explain(clipNorm === undefined ? sizes : { ...sizes, clipNorm });
    expect(plan.dispatchesPerStep + Number(averageWeights !== undefined)).toBe(dispatches[0]);
  });

  test("of many weights the cut is two launches, as the plan says", async ({ engines }) => {
    const engine = engines[device];
    const wide = clusters(ROWS, 5000, 2);
    const steps = await countSteps(engine, wide, { solver: "sgd", clipNorm: 0.5, epochs: 1 });
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
    const plan = engine.explain({ rows: ROWS, features: 5000, classes: 2, batchSize: BATCH, clipNorm: 0.5 });
    expect(plan).toMatchObject({ name: "fused", stepsPerDispatch: undefined });
    expect(dispatches).toEqual(dispatches.map(() => plan.dispatchesPerStep));
    expect(plan.dispatchesPerStep).toBe(device === "webgpu" ? 5 : 3);
  });

  test("an average that begins later costs nothing before", async ({ engines }) => {
    const options = { solver: "sgd", averageWeights: { from: 0.67 } } as const;
    const steps = await countSteps(engines[device], large, options);
    const dispatches = steps.slice(1).map((step, i) => step.dispatches - steps[i].dispatches);
    const each = device === "webgpu" ? 2 : 1;
    expect(dispatches).toEqual(dispatches.map((_, i) => each + Number(i + 1 >= 2 * BATCHES)));
  });

  test("70 classes, outside the fused range: gather twice, product, loss, its sum, product, update", async ({
    engines,
  }) => {
    const engine = engines[device];
    const labels = Array.from({ length: ROWS }, (_, i) => i % 70);
    for (const [options, onGpu] of [
      [{}, 7],
      [{ clipNorm: 0.1 }, 8],
      [{ averageWeights: { from: 0 } }, 8],
    ] as const) {
      const steps = await countSteps(engine, small, { solver: "sgd", ...options }, { y: labels });
      const [first, second, third] = [1, 2, 3].map((epoch) => created(steps[epoch * BATCHES - 1] as EngineStats));
      expect(second).toEqual(first);
      expect(third).toEqual(first);
      const dispatches = steps.slice(1).map((step, i) => step.dispatches - (steps[i] as EngineStats).dispatches);
      expect(dispatches).toEqual(dispatches.map(() => (device === "webgpu" ? onGpu : dispatches[0])));
      if (!("clipNorm" in options) || device === "cpu") continue;
      const sizes = { rows: ROWS, features: 6, classes: 70, batchSize: BATCH };
      expect(engine.explain({ ...sizes, ...options }).dispatchesPerStep).toBe(onGpu);
    }
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
    const report = await model.fit(large.x, large.y, { onProgress: ({ iteration }) => told.push(iteration) });
    vi.restoreAllMocks();
    const reads = engine.stats().readbacks - before;
    // 21 steps of 30 ms.
    expect(reads).toBeGreaterThanOrEqual(3);
    expect(reads).toBeLessThanOrEqual(7);
    expect(told.at(-1)).toBe(report.iterations);
    expect(report.iterations).toBe(3 * BATCHES);
  });
});

describe("small steps, many to a launch", () => {
  const averaged = [
    "adamw, averaged from the second epoch",
    { solver: "adamw", averageWeights: { from: 0.4 } },
    {},
  ] as const;
  test.for([...WAYS, averaged])(
    "%s: one dispatch an epoch, nothing read or made",
    async ([, options, fit], { engines }) => {
      const engine = engines.webgpu;
      const plan = engine.explain({ rows: ROWS, features: 6, classes: 3, batchSize: BATCH });
      expect(plan).toMatchObject({ stepsPerDispatch: BATCHES, dispatchesPerStep: 1 / BATCHES });
      const before = engine.stats();
      const launches = await countSteps(engine, small, options, { ...targetsOf(fit, 3), ...fit });
      expect(launches).toHaveLength(3);
      const [first, second, third] = launches.map(created);
      expect(second).toEqual(first);
      expect(third).toEqual(first);
      expect(engine.stats().readbacks).toBe(before.readbacks + 1);
      expect(launches.slice(1).map((launch, i) => launch.dispatches - launches[i].dispatches)).toEqual([1, 1]);
    },
  );

  test("an epoch is cut where a dispatch would be too long, and the counters say so", async ({ engines }) => {
    const engine = engines.webgpu;
    const rows = 700;
    const { stepsPerDispatch } = engine.explain({ rows, features: 6, classes: 3, batchSize: 1 });
    expect(stepsPerDispatch).toBeLessThan(rows);
    const launches = await countSteps(engine, clusters(rows, 6, 3), { solver: "sgd", batchSize: 1, epochs: 2 });
    expect(launches).toHaveLength(2 * Math.ceil(rows / (stepsPerDispatch as number)));
    const dispatches = (launches.at(-1) as EngineStats).dispatches - launches[0].dispatches;
    expect(dispatches).toBe(launches.length - 1);
  });

  test("steps of different lengths go 28 to a dispatch, the last of which may be followed by more of its length", async ({
    engines,
  }) => {
    const dispatches = async (learningRate: (step: number) => number): Promise<number> => {
      const engine = engines.webgpu;
      const launches = await countSteps(engine, small, { solver: "sgd", batchSize: 1, epochs: 1, learningRate });
      return launches.length;
    };
    expect(engines.webgpu.explain({ rows: ROWS, features: 6, classes: 3, batchSize: 1 }).stepsPerDispatch).toBe(ROWS);
    expect(await dispatches(() => 0.1)).toBe(1);
    expect(await dispatches((t) => 0.1 / (1 + t))).toBe(Math.ceil(ROWS / 28));
    expect(await dispatches((t) => 0.1 / (1 + Math.min(t, 27)))).toBe(1);
    expect(await dispatches((t) => 0.1 / (1 + Math.min(t, 28)))).toBe(2);
    expect(await dispatches((t) => (t < 60 ? 0.1 : 0.05))).toBe(2);
  });

  test("progress comes about ten times a second, and a signal ends the fit between launches", async ({ engines }) => {
    const engine = engines.webgpu;
    const data = clusters(700, 6, 3);
    let now = 1000;
    const pace = engine.pace.bind(engine);
    let launches = 0;
    vi.spyOn(engine, "pace").mockImplementation(async () => {
      now += 30;
      launches++;
      await pace();
      // A launch takes a while, so that a report arrives before the next is due.
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const stop = new AbortController();
    const told: number[] = [];
    const model = new SoftmaxRegression({ engine, solver: "sgd", batchSize: 1, epochs: 1000 });
    const fit = model.fit(data.x, data.y, {
      signal: stop.signal,
      onProgress: ({ iteration }) => {
        told.push(iteration);
        if (told.length === 3) stop.abort(new Error("enough"));
      },
    });
    await expect(fit).rejects.toThrow("enough");
    vi.restoreAllMocks();
    expect(told).toHaveLength(3);
    // A report is due after four launches of 30 ms, and may be a few more on its way.
    expect(launches).toBeGreaterThanOrEqual(12);
    expect(launches).toBeLessThan(30);
    // What was learnt until then is kept.
    expect(model.classes).toHaveLength(3);
  });
});
