import { describe, expect, test } from "vitest";
import { CpuBackend } from "../../../src/engine/cpu/cpu-backend.js";
import { createEngine } from "../../../src/engine/create-engine.js";
import { Engine } from "../../../src/engine/engine.js";
import { operations } from "../../../src/engine/operations.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import { lineSearch } from "../../../src/ops/line-search.js";
import { matmul } from "../../../src/ops/matmul.js";
import type { Matrix, Op } from "../../../src/ops/op.js";
import { summarize } from "../../../src/ops/summarize.js";
import { expectClose, FLOAT32_ROUNDING } from "../../support/compare.js";
import { randomLabels, randomValues } from "../../support/random-matrix.js";
import { stateWith } from "../../support/target-cases.js";
import { BUILDS } from "./cpu/simd-fixture.js";

const cpu = (): Promise<Engine> => createEngine({ device: "cpu" });

/** An op whose work is `work`. */
const opOf = (work: () => void): Op<{ out: Matrix }> => ({ name: "made", check() {}, plan() {}, reference: work });

/** Puts the turn to timers, after microtasks and messages. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("the CPU's queue", () => {
  test("an op that throws rejects the read, and the queue goes on", async () => {
    using engine = await cpu();
    const [a, b] = [engine.zeros([4]), engine.tensor([1, 2, 3, 4])];
    const boom = new Error("boom");
    engine.addScaled(a, 1, b);
    engine.run(
      opOf(() => {
        throw boom;
      }),
      { out: a },
    );
    engine.addScaled(a, 1, b);
    await expect(a.read()).rejects.toBe(boom);
    expect([...(await a.read())]).toEqual([2, 4, 6, 8]);
    await engine.pace();
  });

  test("all who wait are told of the same failure, and nobody of it later", async () => {
    using engine = await cpu();
    const t = engine.zeros([1]);
    engine.run(
      opOf(() => {
        throw new Error("boom");
      }),
      { out: t },
    );
    const all = await Promise.allSettled([t.read(), engine.pace(), t.read()]);
    expect(all.map((each) => each.status)).toEqual(["rejected", "rejected", "rejected"]);
    await engine.pace();
    expect([...(await t.read())]).toEqual([0]);
  });

  test("reads that begin in any microtask find their data", async () => {
    using engine = await cpu();
    const t = engine.tensor([1, 2, 3]);
    // One after the other, each a few microtasks later than the one before, so that some fall just when a drain ends.
    const readAfter = async (microtasks: number): Promise<number[]> => {
      for (let i = 0; i < microtasks; i++) await undefined;
      return [...(await t.read())];
    };
    const results = await Promise.all(Array.from({ length: 60 }, (_, i) => readAfter(i)));
    for (const result of results) expect(result).toEqual([1, 2, 3]);
  });

  test("dispose rejects what waits, at once or in mid-work, and leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on("unhandledRejection", listen);
    const disposed = { name: "DisposedError", code: "DISPOSED" };
    for (const wait of [async () => undefined, later]) {
      const engine = await cpu();
      const a = engine.zeros([2000, 300]);
      const b = engine.zeros([300, 300]);
      const c = engine.empty([2000, 300]);
      engine.matmul(a, b, { out: c });
      for (let i = 0; i < 50; i++) engine.addScaled(c, 1, a);
      const waiting = Promise.allSettled([c.read(), engine.pace()]);
      await wait();
      engine.dispose();
      for (const each of await waiting) expect(each).toMatchObject({ status: "rejected", reason: disposed });
      expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    }
    await later();
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("1,000 tensors come and go", async () => {
    using engine = await cpu();
    for (let i = 0; i < 1000; i++) {
      using t = engine.zeros([i + 1]);
      using s = engine.softmax(t);
      if (i % 100 === 0) await s.read();
    }
    await engine.pace();
    expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });

  test("more memory than there is", async () => {
    using engine = await cpu();
    const full = { name: "DeviceError", code: "OUT_OF_MEMORY" };
    expect(() => engine.zeros([2 ** 30, 2 ** 20])).toThrow(expect.objectContaining(full));
    expect(engine.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  });
});

/** None: plain TypeScript, as where WebAssembly is refused. */
describe.each(["none", ...BUILDS] as const)("work cut into slices is the same work, kernels %s", (build) => {
  const rows = 20_011;
  const made = (): Engine => new Engine(new CpuBackend(build), "for a test", operations);

  test.each([
    { transposeA: false, transposeB: false },
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: false },
    { transposeA: true, transposeB: true },
  ])("matmul %o", async ({ transposeA, transposeB }) => {
    using engine = made();
    const [m, depth, n] = transposeA ? [7, 1009, 5] : [rows, 13, 5];
    const a = { data: randomValues(m * depth, 1), shape: transposeA ? [depth, m] : [m, depth] };
    const b = { data: randomValues(depth * n, 2), shape: transposeB ? [n, depth] : [depth, n] };
    const bias = randomValues(n, 3);
    const ones = transposeA;
    const options = { transposeA, transposeB, alpha: -0.5, ones, bias: engine.tensor(bias) };
    const c = await engine.matmul(engine.tensor(a), engine.tensor(b), options).read();
    const out = hostMatrix(new Float64Array(c.length), m + Number(ones), n);
    const host = (x: typeof a) => hostMatrix(x.data, x.shape[0], x.shape[1]);
    const plain = { transposeA, transposeB, alpha: -0.5, ones, bias: hostMatrix(bias, 1, n) };
    matmul.reference({ a: host(a), b: host(b), out, ...plain });
    // Plain sums are kept in float64; of float32, each passes as many roundings as it has terms, and a few for the rest.
    const floor = build !== "none" ? (depth + 8) * FLOAT32_ROUNDING * (depth + 1) : 2 ** -149;
    expectClose(c, out.data, { floor, relativeFloor: FLOAT32_ROUNDING });
  });

  test("sums over rows, bit for bit the same every time", async () => {
    using engine = made();
    const classes = 11;
    const logits = randomValues(rows * classes, 4, -5, 5);
    const direction = randomValues(rows * classes, 5);
    const labels = Int32Array.from(randomLabels(rows, classes, 6));
    const rest = {
      soft: undefined,
      classWeight: undefined,
      rowWeight: undefined,
      labelSmoothing: 0,
      ignoreIndex: -100,
    };
    const z = engine.tensor({ data: logits, shape: [rows, classes] });
    const d = engine.tensor({ data: direction, shape: [rows, classes] });
    const y = engine.tensor(labels);
    const results: Float32Array[] = [];
    for (let i = 0; i < 5; i++) {
      const line = engine.empty([4]);
      const state = engine.tensor({ data: stateWith({ trials: 1 }, [0.5]).data, shape: [1, 28] });
      engine.run(lineSearch, { logits: z, direction: d, labels: y, state, out: line, ...rest });
      const [sums, all] = await engine.read(line, engine.summarize(z));
      results.push(Float32Array.of(...sums, ...all));
    }
    for (const result of results) expect(result).toEqual(results[0]);
    const expected = hostMatrix(new Float64Array(4), 1, 4);
    const host = (data: Float32Array) => hostMatrix(data, rows, classes);
    const hosted = { logits: host(logits), direction: host(direction), labels: hostMatrix(labels, 1, rows) };
    lineSearch.reference({ ...hosted, state: stateWith({ trials: 1 }, [0.5]), out: expected, ...rest });
    const summary = hostMatrix(new Float64Array(4), 1, 4);
    summarize.reference({ x: host(logits), out: summary });
    [...expected.data, ...summary.data].forEach((value, i) => {
      expect(Math.abs(results[0][i] - value)).toBeLessThanOrEqual(2 ** -23 * Math.abs(value));
    });
  });
});
