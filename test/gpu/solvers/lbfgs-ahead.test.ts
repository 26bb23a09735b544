/** L-BFGS recorded ahead of the device: when the host looks decides nothing, and it seldom looks. */
import { describe, expect } from "vitest";
import { createEngine, type Engine, type FitReport, SoftmaxRegression } from "../../../src/index.js";
import { crossEntropyLoss } from "../../../src/losses/cross-entropy.js";
import { LinearObjective } from "../../../src/losses/linear-objective.js";
import { Descent } from "../../../src/solvers/descent.js";
import { minimiseLbfgs, type Pacing } from "../../../src/solvers/lbfgs.js";
import type { SolverProgress, SolverResult } from "../../../src/solvers/solver.js";
import { Workspace } from "../../../src/solvers/workspace.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { clusters } from "../model/clusters.js";

const data = clusters(90, 7, 3);
// Columns of very different size make L-BFGS take many iterations.
data.x.data.forEach((v, e) => {
  data.x.data[e] = v * 4 ** (e % 7);
});

async function objectiveOn(workspace: Workspace, factor = 1): Promise<LinearObjective> {
  const x = { ...data.x, data: data.x.data.map((v) => v * factor) };
  return LinearObjective.create(workspace, {
    x: workspace.tensor(x),
    targets: {
      labels: workspace.tensor(Int32Array.from(data.y)),
      soft: undefined,
      rowWeight: undefined,
      labelSmoothing: 0,
    },
    rowWeight: undefined,
    totalWeight: data.y.length,
    classes: 3,
    loss: crossEntropyLoss,
    l1: 0,
    l2: 1e-4,
    fitIntercept: true,
    start: undefined,
  });
}

interface Run {
  readonly result: SolverResult;
  readonly told: readonly SolverProgress[];
  readonly theta: Float32Array;
  readonly looks: number;
  readonly attempts: number;
  /** Passes recorded after the last iteration that counted. */
  readonly inVain: number;
}

interface Given {
  readonly maxIterations?: number;
  readonly tolerance?: number;
  readonly memory?: number;
  readonly factor?: number;
}

async function minimise(engine: Engine, pacing: Pacing | undefined, given: Given = {}): Promise<Run> {
  const workspace = new Workspace(engine);
  try {
    const objective = await objectiveOn(workspace, given.factor);
    const told: SolverProgress[] = [];
    let looks = 0;
    const before = objective.passes;
    const result = await minimiseLbfgs(workspace, objective, {
      ...{ maxIterations: 500, tolerance: 1e-5, memory: 20, ...given },
      observe: async (progress) => {
        told.push(...progress);
        looks++;
      },
      throwIfStopped: () => undefined,
      ...(pacing && { pacing }),
    });
    const [theta] = await engine.read(objective.parameters);
    const attempts = (objective.passes - before - 1) / 2;
    const inVain = objective.passes - result.passes;
    return { result, told, theta: theta as Float32Array, looks, attempts, inVain };
  } finally {
    workspace.dispose();
  }
}

const PACINGS: Readonly<Record<string, Pacing>> = {
  "a look at each iteration": { aheadMs: 0, mostMs: 0, leastMs: 0 },
  "looks as often as can be, far ahead": { aheadMs: 1e9, mostMs: 0, leastMs: 0 },
  "no look until the ring is half full": { aheadMs: 1e9, mostMs: 1e9, leastMs: 1e9 },
  "now and then": { aheadMs: 20, mostMs: 7, leastMs: 7 },
};

const COURSES: Readonly<Record<string, Given>> = {
  // Columns of 4096 times the size: float32 sees no gradient below 1e-4 there, on some adapters.
  converged: { tolerance: 1e-3 },
  "max-iterations": { maxIterations: 33 },
  precision: { tolerance: 0, maxIterations: 3000 },
  diverged: { factor: 1e20 },
};

describe.for(Object.keys(COURSES))("however far ahead, the same bits and the same history: %s", (name) => {
  test("on webgpu, and each iteration told once", async ({ engines }) => {
    const course = COURSES[name] as Given;
    const usual = await minimise(engines.webgpu, undefined, course);
    expect(usual.result.stopReason).toBe(name);
    expect(usual.told.map((p) => p.iteration)).toEqual(usual.told.map((_, i) => i));
    for (const [how, pacing] of Object.entries(PACINGS)) {
      const run = await minimise(engines.webgpu, pacing, course);
      expect(run.told, how).toEqual(usual.told);
      expect(run.result, how).toEqual(usual.result);
      expectSameBits(run.theta, usual.theta, how);
    }
  });
});

test("it matters not where a line search is cut by the end of an iteration", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const { perLaunch } = engine.trialSteps;
    const whole = { perLaunch, launches: 12 };
    const runs: Run[] = [];
    for (const trialSteps of [whole, { perLaunch, launches: 1 }, { perLaunch, launches: 2 }]) {
      Object.defineProperty(engine, "trialSteps", { value: trialSteps, configurable: true });
      try {
        // No refresh of the logits within so few attempts.
        runs.push(await minimise(engine, undefined, { maxIterations: 6 }));
      } finally {
        Reflect.deleteProperty(engine, "trialSteps");
      }
    }
    for (const { told, theta, attempts } of runs) {
      expectSameBits(theta, runs[0].theta, device);
      expect(told.map((p) => p.loss)).toEqual(runs[0].told.map((p) => p.loss));
      expect(attempts).toBeLessThan(19);
    }
    // With one launch an iteration a search goes on in the next, and the passes in vain are counted.
    expect(runs[1].result.passes).toBeGreaterThan(runs[0].result.passes);
  }
});

test("looks far apart: many iterations are told at once, and few in vain", async ({ engines }) => {
  const seldom = await minimise(engines.webgpu, { aheadMs: 1e9, mostMs: 1e9, leastMs: 1e9 }, { maxIterations: 100 });
  expect(seldom.told.length).toBeGreaterThan(30);
  // One at the start, and some at the end: an attempt in vain is made up for when it is known.
  expect(seldom.looks).toBeLessThanOrEqual(6);
  const often = await minimise(engines.webgpu, { aheadMs: 0, mostMs: 0, leastMs: 0 }, { maxIterations: 100 });
  // One iteration ahead is none in vain: the next is recorded when the last is known.
  expect(often.inVain).toBe(0);
  expect(often.looks).toBe(often.told.length);
  using onPage = await createEngine({ device: "cpu", workers: 0 });
  const onCpu = await minimise(onPage, undefined, {});
  // On the page's own thread an attempt in vain would cost time: none is made before the last one is known.
  expect(onCpu.looks).toBe(onCpu.told.length);
});

describe("what it costs on webgpu", () => {
  async function fitted(engine: Engine, maxIterations: number): Promise<{ report: FitReport; reports: number }> {
    const model = new SoftmaxRegression({ engine, l2: 1e-6, tolerance: 0, maxIterations });
    let reports = 0;
    const report = await model.fit(data.x, data.y, { onProgress: () => void reports++ });
    return { report, reports };
  }

  test("at most 16 launches an iteration beside the two products with X", async ({ engines }) => {
    const engine = engines.webgpu;
    const workspace = new Workspace(engine);
    const objective = await objectiveOn(workspace);
    for (const [trialSteps, most] of [
      [engine.trialSteps, 20],
      [{ perLaunch: 4, launches: 3 }, 16],
    ] as const) {
      Object.defineProperty(engine, "trialSteps", { value: trialSteps, configurable: true });
      const descent = new Descent(workspace, objective, { memory: 20, tolerance: 0, maxIterations: 100 });
      descent.begin();
      const before = engine.stats().dispatches;
      descent.aim();
      for (let launch = 0; launch < trialSteps.launches; launch++) descent.search();
      descent.evaluate();
      // Of a small product, which is not split: two launches with X and one with the means.
      expect(engine.stats().dispatches - before).toBeLessThanOrEqual(most);
      Reflect.deleteProperty(engine, "trialSteps");
    }
    await engine.read(objective.parameters);
    workspace.dispose();
  });

  test("a readback for each report, one in between, and a few at the start", async ({ engines }) => {
    const engine = engines.webgpu;
    await fitted(engine, 20);
    const before = engine.stats();
    const { report, reports } = await fitted(engine, 300);
    const after = engine.stats();
    expect(report.iterations).toBeGreaterThan(100);
    expect(report.history).toHaveLength(report.iterations + 1);
    expect(after.readbacks - before.readbacks).toBeLessThanOrEqual(2 * reports + 20);
    expect(after.readbacks - before.readbacks).toBeLessThan(report.iterations / 3);
    expect(after.pipelines).toBe(before.pipelines);
  });
});
