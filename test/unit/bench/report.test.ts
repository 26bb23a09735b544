import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { passesMs } from "../../../bench/measure/gpu-clock.js";
import { median } from "../../../bench/measure/median.js";
import { readArguments } from "../../../bench/measure/options.js";
import type { LaneResult } from "../../../bench/measure/race.js";
import { bestOf, ratioToBestPeer, roofMsOf } from "../../../bench/report/markdown.js";
import { figure, table } from "../../../bench/report/table.js";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

test("the median is the middle, whatever the order, and leaves its input alone", () => {
  const values = [5, 1, 100];
  expect(median(values)).toBe(5);
  expect(values).toEqual([5, 1, 100]);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a table keeps its columns whatever the cells hold", () => {
  expect(table(["row", "ms"], [["a|b", "1\n2"]])).toBe("| row | ms |\n|---|---|\n| a\\|b | 1 2 |");
});

test.each([
  [0.012345, "0.0123"],
  [4.5678, "4.57"],
  [789.4, "789"],
  [999.6, "1,000"],
  [12_345, "12,300"],
  [0, "0"],
  [Number.NaN, "–"],
])("the figure of %d is %s", (value, text) => {
  expect(figure(value)).toBe(text);
});

const lane = (contestant: string, ms?: number, variant = ""): LaneResult => ({
  contestant,
  device: contestant.endsWith("webgpu") ? "webgpu" : "wasm",
  variant,
  ...(ms !== undefined && { ms }),
});

test("the ratio is to the fastest peer on the same kind of device, by its fastest way", () => {
  const lanes = [
    lane("Luce webgpu", 10),
    lane("Luce cpu", 4),
    lane("TF.js webgpu", 90, "model.fit"),
    lane("TF.js webgpu", 30, "loop"),
    lane("jax-js webgpu"),
    lane("jax-js wasm", 2),
  ];
  expect(ratioToBestPeer(lanes, true)).toBe(3);
  expect(ratioToBestPeer(lanes, false)).toBe(0.5);
  expect(ratioToBestPeer([lane("Luce webgpu", 1), lane("jax-js webgpu")], true)).toBeUndefined();
  expect(bestOf(lanes, "TF.js webgpu")?.variant).toBe("loop");
  expect(bestOf(lanes, "jax-js webgpu")?.ms).toBeUndefined();
});

test("the roof is the longer of memory and arithmetic", () => {
  const roof = { adapter: "", software: false, copyBytesPerSecond: 1e9 };
  expect(roofMsOf({ flops: 1e9, bytes: 1e6 }, roof)).toBe(1);
  expect(roofMsOf({ flops: 1e9, bytes: 1e6 }, { ...roof, peakFlops: 1e11 })).toBe(10);
});

test("passes add up, unless the clock's steps are too coarse for them", () => {
  expect(passesMs(new BigUint64Array([1_000n, 2_001_000n, 5_000_000n, 6_000_000n]))).toBe(3);
  const step = 65_536n;
  expect(passesMs(new BigUint64Array([0n, 100n * step]))).toBe(6.5536);
  expect(passesMs(new BigUint64Array([0n, 5n * step]))).toBeUndefined();
  expect(passesMs(new BigUint64Array([7n, 7n]))).toBeUndefined();
});

test("the words of the command line", () => {
  expect(readArguments([])).toMatchObject({
    ...{ chosen: [], quick: false, gpuOnly: false, cpuOnly: false, budget: Infinity },
  });
  expect(readArguments(["matmul", "--quick", "--cpu-only", "sgd", "--budget", "120", "--peak", "66.9"])).toMatchObject({
    chosen: ["matmul", "sgd"],
    quick: true,
    cpuOnly: true,
    budget: 120,
    peak: 66.9,
  });
  expect(() => readArguments(["matmull"])).toThrow(/expected some of sgd, matmul.*got matmull/);
  expect(() => readArguments(["--budget", "soon"])).toThrow(/--budget.*expected a number above 0, got soon/);
});

test("the peers' versions are exact and the lock names no host", () => {
  const { dependencies } = JSON.parse(read("bench/package.json")) as { dependencies: Record<string, string> };
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const lock = read("bench/package-lock.json");
  expect(lock).toContain("@jax-js/jax");
  expect(lock).not.toMatch(/resolved|https?:\/\/[^"]*registry/);
});
