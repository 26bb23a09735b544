import { afterEach, describe, expect, vi } from "vitest";
import { type Engine, SoftmaxRegression, type SoftmaxRegressionOptions } from "../../../src/index.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { usable } from "../../support/usable-options.js";
import { clusters } from "./clusters.js";
import { judge } from "./exact-objective.js";
import { expectMemoryBack } from "./live-memory.js";
import { unhandledRejections } from "./unhandled.js";

const data = clusters(60, 5, 3);
const { x, y } = data;
const L2 = 1e-3;
const SOLVERS = ["lbfgs", "sgd", "adam"] as const;

const create = (engine: Engine, options: SoftmaxRegressionOptions): SoftmaxRegression =>
  new SoftmaxRegression(usable({ engine, l2: L2, tolerance: 1e-7, epochs: 100_000, batchSize: 16, ...options }));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Aborts while the answer to the engine's `count`-th read, or pause, is awaited: neither before nor after. */
function abortAfter(engine: Engine, call: "read" | "pace", count: number, abort: AbortController, reason: unknown) {
  const original = engine[call].bind(engine) as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  return vi
    .spyOn(engine as { [K in typeof call]: (...args: unknown[]) => Promise<unknown> }, call)
    .mockImplementation((...args: unknown[]) => {
      const waiting = original(...args);
      if (++calls === count) abort.abort(reason);
      return waiting;
    });
}

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(SOLVERS)(
    "%s, aborted before it begins: the reason, and the model as it was",
    async (solver, { engines }) => {
      const engine = engines[device];
      const model = create(engine, { solver, epochs: 1, maxIterations: 3 });
      await model.fit(x, y);
      const before = model.coef.data;
      const reason = { why: "changed my mind" };
      const dispatches = engine.stats().dispatches;
      const fit = () => expect(model.fit(x, y, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await expectMemoryBack(engine, fit);
      expect(engine.stats().dispatches).toBe(dispatches);
      expectSameBits(model.coef.data, before);
    },
  );

  test.for(SOLVERS)(
    "%s, aborted in the middle: weights so far, and a warm start goes on from them",
    async (solver, { engines }) => {
      const engine = engines[device];
      const model = create(engine, { solver, warmStart: true });
      const abort = new AbortController();
      const reason = new Error("stop");
      const stop = abortAfter(engine, "pace", solver === "lbfgs" ? 15 : 40, abort, reason);
      await expectMemoryBack(engine, () => expect(model.fit(x, y, { signal: abort.signal })).rejects.toBe(reason));
      stop.mockRestore();
      const soFar = judge(model, data, { l2: L2 }).loss;
      expect(soFar).toBeLessThan(Math.log(3));
      expect(await model.predict(x)).toHaveLength(60);

      const first: number[] = [];
      const end = new AbortController();
      const seen = ({ loss }: { loss: number }) => {
        first.push(loss);
        if (solver !== "lbfgs") end.abort("seen");
      };
      await model.fit(x, y, { onProgress: seen, signal: end.signal }).catch(() => undefined);
      // The first loss told is that of the weights so far, or of steps on from them: nothing like ln 3.
      expect(first[0]).toBeLessThanOrEqual(solver === "lbfgs" ? soFar + 1e-5 : Math.log(3) - 0.01);
      if (solver === "lbfgs") expect(judge(model, data, { l2: L2 }).loss).toBeLessThan(soFar + 1e-6);
      expect(await unhandledRejections()).toEqual([]);
    },
  );

  test.for(SOLVERS)("%s, aborted while a readback is on its way", async (solver, { engines }) => {
    const engine = engines[device];
    const model = create(engine, { solver });
    const abort = new AbortController();
    const reason = new DOMException("enough", "AbortError");
    const stop = abortAfter(engine, "read", 2, abort, reason);
    await expectMemoryBack(engine, () => expect(model.fit(x, y, { signal: abort.signal })).rejects.toBe(reason));
    stop.mockRestore();
    expect([...model.coef.data, ...model.intercept].every(Number.isFinite)).toBe(true);
    expect(await model.predict(x)).toHaveLength(60);
    expect(await unhandledRejections()).toEqual([]);
  });

  test("aborted while the engine is being made: nothing is uploaded", async () => {
    using model = new SoftmaxRegression({ device });
    const abort = new AbortController();
    const fit = model.fit(x, y, { signal: abort.signal });
    abort.abort("at once");
    await expect(fit).rejects.toBe("at once");
    expect((await model.engine).stats()).toMatchObject({ buffers: 0, buffersCreated: 0 });
    expect(() => model.coef).toThrow(expect.objectContaining({ code: "NOT_FITTED" }));
  });

  test("after an abort the model can be fitted as if nothing had been", async ({ engines }) => {
    const engine = engines[device];
    const [model, fresh] = [create(engine, { maxIterations: 4 }), create(engine, { maxIterations: 4 })];
    const abort = new AbortController();
    const onProgress = () => abort.abort("enough");
    await expect(model.fit(x, y, { onProgress, signal: abort.signal })).rejects.toBe("enough");
    await model.fit(x, y);
    await fresh.fit(x, y);
    expectSameBits(model.coef.data, fresh.coef.data);
  });

  test("a fit that ends before the signal does is not touched by it", async ({ engines }) => {
    const model = create(engines[device], { maxIterations: 2 });
    const abort = new AbortController();
    const report = await model.fit(x, y, { signal: abort.signal });
    abort.abort();
    expect(report.iterations).toBe(2);
    expect(await unhandledRejections()).toEqual([]);
  });

  test("while a callback never answers, and with options that are inherited", async ({ engines }) => {
    const engine = engines[device];
    for (const solver of SOLVERS) {
      const abort = new AbortController();
      const onProgress = (): Promise<void> => {
        setTimeout(() => abort.abort("enough"), 0);
        return new Promise(() => {});
      };
      const options = Object.create({ signal: abort.signal, onProgress }) as object;
      const model = create(engine, { solver });
      await expectMemoryBack(engine, () => expect(model.fit(x, y, options)).rejects.toBe("enough"));
    }
    expect(await unhandledRejections()).toEqual([]);
  });
});
