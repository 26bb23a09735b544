/** Workers that do not come, that end, and that are asked for in ways that cannot be. */
import { describe, expect, test } from "vitest";
import { createEngine, DeviceError, OptionError, SoftmaxRegression } from "../../../src/index.js";

const WITHOUT = "on the page's own thread, without workers: ";

/** A worker of a script of its own. */
const scripted = (code: string): Worker =>
  new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });

describe("without workers the page's own thread does the work, and the reason says why", () => {
  const REFUSALS: Readonly<Record<string, readonly [() => Worker, string]>> = {
    "when making one throws": [
      () => {
        throw new Error("no workers today");
      },
      "no workers today",
    ],
    "when its script cannot be loaded": [
      () => new Worker("/there/is/none.js", { type: "module" }),
      "could not be loaded",
    ],
    "when its script throws": [() => scripted("throw new Error('broken')"), "broken"],
    "when it is somebody else's": [() => scripted("postMessage('hello')"), "did not answer"],
  };
  test.each(Object.entries(REFUSALS))("%s", async (_, [createWorker, why]) => {
    using engine = await createEngine({ device: "cpu", workers: 2, createWorker });
    expect(engine.workers).toBe(0);
    expect(engine.reason).toContain(WITHOUT);
    expect(engine.reason).toContain(why);
    expect(await engine.tensor([1, 2]).read()).toEqual(Float32Array.of(1, 2));
  });

  test("when none are wanted, by an engine or by a model", async () => {
    using engine = await createEngine({ device: "cpu", workers: 0 });
    expect(engine.workers).toBe(0);
    using model = new SoftmaxRegression({ device: "cpu", workers: 0 });
    expect((await model.engine).workers).toBe(0);
  });
});

/** An engine whose workers can be got at. */
async function withWorkers(): Promise<{ engine: Awaited<ReturnType<typeof createEngine>>; made: Worker[] }> {
  const made: Worker[] = [];
  const createWorker = (): Worker => {
    const url = new URL("../../../src/engine/cpu/workers/worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    made.push(worker);
    return worker;
  };
  const engine = await createEngine({ device: "cpu", workers: 2, createWorker });
  expect([engine.workers, made.length]).toEqual([2, 2]);
  return { engine, made };
}

describe("a worker that is gone", () => {
  test("fails what waits, every later read, and a fit", async () => {
    const { engine, made } = await withWorkers();
    const a = engine.tensor({ data: new Float32Array(600 * 600), shape: [600, 600] });
    const reading = engine.matmul(a, a).read();
    made[1].terminate();
    await expect(reading).rejects.toMatchObject({ name: "DeviceError", code: "DEVICE_LOST" });
    await expect(a.read()).rejects.toThrow(DeviceError);
    engine.matmul(a, a);
    await engine.pace();
    const model = new SoftmaxRegression({ engine });
    await expect(model.fit([[1], [2]], [0, 1])).rejects.toThrow(DeviceError);
    engine.dispose();
  });

  test("while a fit is under way, ends it", async () => {
    const { engine, made } = await withWorkers();
    const model = new SoftmaxRegression({ engine, solver: "sgd", epochs: 1e6 });
    const fitting = model.fit(
      [
        [1, 0],
        [0, 1],
      ],
      [0, 1],
      { onProgress: () => made[0].terminate() },
    );
    await expect(fitting).rejects.toThrow(DeviceError);
    engine.dispose();
  });

  test("by dispose: what waits is told so", async () => {
    const { engine } = await withWorkers();
    const reading = engine.tensor([1, 2]).read();
    engine.dispose();
    await expect(reading).rejects.toMatchObject({ code: "DISPOSED" });
  });
});

test("the number of workers is checked at the door", async () => {
  for (const workers of [-1, 17, 1.5, Number.NaN, "2", null]) {
    const options = { device: "cpu", workers } as unknown as Parameters<typeof createEngine>[0];
    await expect(createEngine(options), String(workers)).rejects.toThrow(OptionError);
    expect(() => new SoftmaxRegression(options as object), String(workers)).toThrow(OptionError);
  }
  const createWorker = "worker.js" as unknown as () => Worker;
  await expect(createEngine({ device: "cpu", createWorker })).rejects.toThrow(OptionError);
  expect(() => new SoftmaxRegression({ createWorker })).toThrow(OptionError);
});

test("stats count a tensor once, however many workers have it", async () => {
  using engine = await createEngine({ device: "cpu", workers: 3 });
  using a = engine.tensor({ data: new Float32Array(300 * 300).fill(1), shape: [300, 300] });
  using c = engine.matmul(a, a);
  expect((await c.read())[0]).toBe(300);
  expect(engine.stats()).toMatchObject({
    buffers: 2,
    bytes: 2 * 4 * 300 * 300,
    uploadBytes: 4 * 300 * 300,
    readbacks: 1,
  });
});
