import { expect } from "vitest";
import type { LinearCrossEntropyOptions } from "../../../src/engine/linear-cross-entropy.js";
import { OptionError, ShapeError } from "../../../src/errors.js";
import type { Engine, Tensor } from "../../../src/index.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import { rowWeightAt, targetAt } from "../../../src/ops/targets.js";
import { expectClose } from "../../support/compare.js";
import type { EngineDevice } from "../../support/device.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { LinearProblem } from "../../support/linear-oracle.js";
import { linearCrossEntropy32, linearCrossEntropyTruth } from "../../support/linear-oracle.js";
import { f32Matrix, f32Vector, tensorOf } from "../../support/op-cases.js";
import { randomBytes, randomValues } from "../../support/random-matrix.js";
import type { TargetOptions } from "../../support/target-cases.js";
import { targetsFor } from "../../support/target-cases.js";
import { logSumError, mergeSteps, probabilityError, ULP } from "../../support/wgsl-accuracy.js";

interface Size {
  readonly n: number;
  readonly d: number;
  readonly k: number;
}

function problemOf(
  { n, d, k }: Size,
  bytes: boolean,
  bias: boolean,
  options: TargetOptions,
  mean: boolean,
): LinearProblem {
  const x = bytes
    ? hostMatrix(randomBytes(n * d, 1), n, d, Math.fround(1 / 255), -0.5)
    : f32Matrix(n, d, randomValues(n * d, 1));
  const targets = targetsFor({ rows: n, columns: k }, options);
  let denominator = 0;
  for (let i = 0; i < n; i++) {
    const ofClass =
      targets.labels && targets.classWeight ? targets.classWeight.data[targets.labels.data[i] as number] : 1;
    denominator += rowWeightAt(targets, i, k) * (ofClass ?? 1);
  }
  return {
    x,
    w: f32Matrix(d, k, randomValues(d * k, 2)),
    bias: bias ? f32Vector(randomValues(k, 3)) : undefined,
    targets,
    denominator: mean ? denominator : 1,
  };
}

/** Runs on a device and holds every output against the float64 composition, with the float32 one for a baseline. */
async function expectParity(
  engines: Readonly<Record<EngineDevice, Engine>>,
  size: Size,
  { bytes = false, bias = true, mean = true, options = {} as TargetOptions, devices = ENGINE_DEVICES },
): Promise<void> {
  const problem = problemOf(size, bytes, bias, options, mean);
  const { n, d, k } = size;
  const { targets, denominator } = problem;
  const truth = linearCrossEntropyTruth(problem);
  const baseline = linearCrossEntropy32(problem);
  // Logits: |x|, |w|, |b| ≤ 1, so d products and sums of at most d + 1: off by `shift`, and spread over at most 2(d + 1).
  const shift = (d + 2) * (d + 1) * ULP;
  let [weights, heaviest] = [0, 0];
  const ofClass = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    let total = 0;
    for (let j = 0; j < k; j++) {
      const t = targetAt(targets, i, j, k);
      total += t;
      ofClass[j] += (rowWeightAt(targets, i, k) * t) / denominator;
    }
    weights += rowWeightAt(targets, i, k) * total;
    heaviest = Math.max(heaviest, rowWeightAt(targets, i, k) * total);
  }
  const share = probabilityError(k, 2 * (d + 1)) + 2 * shift + (9 + mergeSteps(k)) * ULP;
  // A class's gradients, summed over rows, |x| ≤ 1: shares of Σ c·(T·p + t), and Σ c·T·p is dBias + Σ c·t.
  const summed = share * ofClass.reduce((most, t, j) => Math.max(most, Math.abs(truth.dBias[j]) + 2 * t), 0);
  const floors = {
    loss: (weights * (logSumError(k) + shift + (20 + mergeSteps(k)) * ULP * (2 * d + 3 + Math.log(k)))) / denominator,
    dWeights: summed,
    dBias: summed,
    dX: (heaviest / denominator) * 2 * share,
  };
  // Without dX the fused step may take it; large problems are here for their chunks.
  const ways = devices.flatMap((device) =>
    (n * k < 10_000 ? [true, false] : [true]).map((way) => [device, way] as const),
  );
  for (const [device, inputGradient] of ways) {
    const engine = engines[device];
    const [x, w] = [tensorOf(engine, problem.x), tensorOf(engine, problem.w)];
    const b = problem.bias && tensorOf(engine, problem.bias);
    const given = targets.labels ?? targets.soft;
    const before = engine.stats().buffers;
    const result = engine.linearCrossEntropy(
      x,
      w,
      b,
      targets.soft ? { data: given?.data as Float32Array, shape: [n, k] } : (given?.data as Int32Array),
      {
        ...(targets.classWeight ? { classWeight: targets.classWeight.data as Float32Array } : {}),
        ...(targets.rowWeight ? { sampleWeight: targets.rowWeight.data as Float32Array } : {}),
        labelSmoothing: targets.labelSmoothing,
        reduction: mean ? "mean" : "sum",
        inputGradient,
      },
    );
    const outputs = [result.loss, result.dWeights, result.dBias, result.dX].filter((t) => t !== undefined);
    // dWeights and dBias may be parts of one matrix.
    const owned = new Set(outputs.map(({ memory }) => memory.storage)).size;
    expect(engine.stats().buffers - before, `${device}: only results stay`).toBe(owned);
    expect(result.dBias === undefined).toBe(!bias);
    const read = (await engine.read(...outputs)) as Float32Array[];
    const valuesOf = (t: Tensor | undefined): Float32Array | undefined => t && read[outputs.indexOf(t)];
    const loss = valuesOf(result.loss);
    const label = `${device}, ${n}×${d}×${k}${inputGradient ? "" : ", no dX"}`;
    expect(result.dX === undefined, label).toBe(!inputGradient);
    expectClose(loss as Float32Array, [truth.loss], {
      baseline32: [baseline.loss],
      floor: floors.loss,
      label: `loss, ${label}`,
    });
    for (const name of ["dWeights", "dX", "dBias"] as const) {
      const got = valuesOf(result[name]);
      if (!got) continue;
      expectClose(got, truth[name], { baseline32: baseline[name], floor: floors[name], label: `${name}, ${label}` });
    }
    for (const t of outputs) t.dispose();
    expect(engine.stats().buffers, `${device}: nothing stays`).toBe(before);
    for (const t of [x, w, b]) t?.dispose();
  }
}

test.for([
  { n: 1, d: 1, k: 1 },
  { n: 3, d: 2, k: 2 },
  { n: 65, d: 33, k: 10 },
  { n: 257, d: 5, k: 101 },
])("$n×$d×$k with and without bias, bytes and floats, mean and sum", async (size, { engines }) => {
  await expectParity(engines, size, {});
  await expectParity(engines, size, { bytes: true, mean: false });
  await expectParity(engines, size, { bias: false });
});

test.for<TargetOptions>([
  { labelSmoothing: 0.2, classWeight: true },
  { rowWeight: true },
  { soft: true, rowWeight: true },
])("%j", async (options, { engines }) => {
  await expectParity(engines, { n: 70, d: 9, k: 7 }, { options });
});

test("8,450 rows of bytes and 1,000 classes, in two chunks", async ({ engines }) => {
  await expectParity(engines, { n: 8450, d: 3, k: 1000 }, { bytes: true, devices: ["webgpu"] });
});

test("three chunks of the smallest size, 64 rows, which so many classes make", async ({ engines }) => {
  await expectParity(engines, { n: 130, d: 2, k: 65_537 }, { options: { rowWeight: true } });
});

test("soft targets in two chunks", async ({ engines }) => {
  const options = { soft: true, rowWeight: true, classWeight: true };
  await expectParity(engines, { n: 66, d: 1, k: 65_537 }, { options, mean: false, bias: false, devices: ["webgpu"] });
});

test("128,256 classes", async ({ engines }) => {
  await expectParity(engines, { n: 5, d: 2, k: 128_256 }, {});
});

test("what does not fit is refused, and nothing stays behind", ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const [x, w, b] = [engine.zeros([4, 3]), engine.zeros([3, 2]), engine.zeros([2])];
    // More rows than X has would otherwise be passed over in silence.
    const [bias3, labels8, soft8] = [engine.zeros([3]), engine.zeros([8], "i32"), engine.zeros([8, 2])];
    const { buffers } = engine.stats();
    const calls: readonly [() => unknown, new (...args: never[]) => Error, RegExp][] = [
      [() => engine.linearCrossEntropy(x, engine.zeros([4, 2]), b, [0, 1, 0, 1]), ShapeError, /expected 3.*got 4/],
      [() => engine.linearCrossEntropy(x, w, b, [0, 1, 0]), ShapeError, /expected 4.*got 3/],
      [() => engine.linearCrossEntropy(x, w, bias3, [0, 1, 0, 1]), ShapeError, /bias.*expected 1 × 2/],
      [() => engine.linearCrossEntropy(x, w, b, labels8), ShapeError, /labels.*expected 4/],
      [() => engine.linearCrossEntropy(x, w, b, soft8, { reduction: "sum" }), ShapeError, /soft.*expected 4 × 2/],
      [
        () => engine.linearCrossEntropy(x, w, b, [0, 1, 0, 1], { reduction: "none" } as LinearCrossEntropyOptions),
        OptionError,
        /"mean" or "sum"/,
      ],
    ];
    for (const [call, error, words] of calls) {
      expect(call, device).toThrow(error);
      expect(call, device).toThrow(words);
    }
    // The W of the wrong shape was made by the calls themselves, twice.
    expect(engine.stats().buffers, device).toBe(buffers + 2);
  }
});
