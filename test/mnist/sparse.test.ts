/**
 * MNIST with an l1 penalty of 1e-3, against optima that test/golden/sparse.py proves by duality: all digits on the CPU, where
 * scikit-learn's saga agrees, and the first 6,000 on WebGPU, whose adapter here is a CPU in disguise.
 */
import { beforeAll, expect, test } from "vitest";
import { createEngine, type MatrixData, SoftmaxRegression } from "../../src/index.js";
import golden from "../golden/sparse.json" with { type: "json" };
import { requireDevice } from "../support/adapter.js";
import { type Digits, loadMnist } from "./load-mnist.js";

let digits: { train: Digits; test: Digits };
beforeAll(async () => {
  digits = await loadMnist();
});

const PIXELS = 784;

function blankPixels({ data }: MatrixData): number[] {
  const drawn = new Set<number>();
  for (let e = 0; e < data.length; e++) if (data[e] !== 0) drawn.add(e % PIXELS);
  return Array.from({ length: PIXELS }, (_, pixel) => pixel).filter((pixel) => !drawn.has(pixel));
}

test.each([
  { device: "cpu", rows: 60_000, accuracy: 0.89 },
  { device: "webgpu", rows: 6_000, accuracy: 0.87 },
] as const)("$rows digits on $device", async ({ device, rows, accuracy }) => {
  const known = golden.mnist.find((each) => each.rows === rows)!;
  const gpuDevice = device === "webgpu" ? await requireDevice() : undefined;
  using engine = await createEngine(gpuDevice ? { gpuDevice } : { device });
  const { train } = digits;
  const x = {
    ...train.x,
    data: (train.x.data as Uint8Array).subarray(0, rows * PIXELS),
    shape: [rows, PIXELS] as const,
  };
  const model = new SoftmaxRegression({ engine, l1: known.l1, l2: known.l2 });
  const report = await model.fit(x, train.y.subarray(0, rows));

  expect(report.stopReason).toBe("converged");
  expect(report.loss).toBeLessThanOrEqual(known.objective * (1 + 1e-4));
  if ("saga" in known) expect(Math.abs(report.loss - known.saga)).toBeLessThanOrEqual(known.saga * 1e-4);
  // A float32 sum of so many losses of order 1 is good to some roundings.
  expect(report.loss).toBeGreaterThanOrEqual(known.lowerBound - 16 * 2 ** -24);
  const near = report.history.find(({ loss }) => loss <= known.objective * (1 + 1e-4));
  expect(near?.passes).toBeLessThanOrEqual(140);
  // One for the means, one for the first gradient, two an iteration, and one every twenty to sum the logits anew.
  expect(report.passes).toBe(2 + 2 * report.iterations + Math.floor(report.iterations / 20));

  const weights = model.coef.data;
  const blank = blankPixels(x);
  expect(blank).toHaveLength(known.blankPixels);
  for (const pixel of blank) expect(weights.slice(10 * pixel, 10 * pixel + 10).every((w) => w === 0)).toBe(true);
  // Of the optimum's weights 697 and 935 are not 0.
  expect(weights.filter((w) => w !== 0).length).toBeLessThan(weights.length / 8);
  expect(await model.score(digits.test.x, digits.test.y)).toBeGreaterThan(accuracy);
  gpuDevice?.destroy();
});
