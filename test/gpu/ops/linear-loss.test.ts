/** Logits here are exact in float32 in whatever order they are summed, so what is left to differ is cross-entropy's own. */
import { describe, expect } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import type { LinearLossArguments } from "../../../src/ops/linear-loss.js";
import { linearLoss } from "../../../src/ops/linear-loss.js";
import type { Dispatch, HostMatrix, On, Op } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { crossEntropy32 } from "../../support/float32-baselines.js";
import {
  asOnHardware,
  cutUp,
  f32Matrix,
  f32Vector,
  type OpResults,
  outputsOn,
  referenceOf,
  runOp,
} from "../../support/op-cases.js";
import { randomBytes, randomValues } from "../../support/random-matrix.js";
import { extreme } from "../../support/row-cases.js";
import type { TargetOptions } from "../../support/target-cases.js";
import { targetsFor } from "../../support/target-cases.js";
import { crossEntropyFloors } from "../../support/wgsl-accuracy.js";

type Arguments = On<LinearLossArguments, HostMatrix>;
const outputs = { loss: "written", gradient: "written" } as const;

/** Quarters in [−1, 1): products are sixteenths, and 16 bits hold the sums of thousands. */
const quarters = (count: number, seed: number): Float32Array =>
  randomValues(count, seed).map((value) => Math.floor(4 * value) / 4);

interface Shape {
  readonly n: number;
  readonly d: number;
  readonly k: number;
}

function caseOf({ n, d, k }: Shape, options: TargetOptions = {}, bytes = false, bias = true): Arguments {
  return {
    x: bytes ? hostMatrix(randomBytes(n * d, 1), n, d, 1 / 256, -0.5) : f32Matrix(n, d, quarters(n * d, 1)),
    // Few classes apart: the spread of logits widens the tolerance.
    w: f32Matrix(
      d,
      k,
      quarters(d * k, 2).map((w) => w / 16),
    ),
    bias: bias ? f32Vector(quarters(k, 3)) : undefined,
    ...targetsFor({ rows: n, columns: k }, options),
    loss: f32Vector(new Float32Array(n)),
    gradient: f32Matrix(n, k),
    scale: 0.5,
    denominator: undefined,
  };
}

/** X·W + b, which float32 holds. */
function logitsOf({ x, w, bias }: Arguments): HostMatrix {
  const logits = new Float32Array(x.rows * w.columns);
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < w.columns; j++) {
      let z = bias?.data[j] ?? 0;
      for (let l = 0; l < x.columns; l++) {
        z += ((x.data[i * x.columns + l] as number) * x.scale + x.offset) * (w.data[l * w.columns + j] as number);
      }
      logits[i * w.columns + j] = z;
      if (logits[i * w.columns + j] !== z) throw new Error(`The logit ${z} is not exact in float32.`);
    }
  }
  return f32Matrix(x.rows, w.columns, logits);
}

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const whole = { ...args, logits: logitsOf(args) };
  const floors = crossEntropyFloors(whole, truth.gradient as Float64Array);
  const baseline = crossEntropy32(whole);
  for (const name of ["loss", "gradient"] as const) {
    const allowance = { ...floors[name], baseline32: baseline[name] };
    expectClose(webgpu[name] as Float32Array, truth[name] as Float64Array, {
      ...allowance,
      label: `webgpu ${name}, ${label}`,
    });
    expectClose(cpu[name] as Float32Array, truth[name] as Float64Array, {
      ...allowance,
      label: `cpu ${name}, ${label}`,
    });
  }
}

/** The op, and into how many parts its logits were split in the last launch. */
function watched(op: Op<LinearLossArguments>): { op: Op<LinearLossArguments>; parts: () => number } {
  let parts = 0;
  const watch = (d: Dispatch): void => {
    if (d.kernel.name === "cross_entropy") parts = d.constants.PARTS as number;
  };
  return {
    parts: () => parts,
    op: {
      ...op,
      plan: (args, planner) =>
        op.plan(args, {
          workPerDispatch: planner.workPerDispatch,
          software: planner.software,
          scratch: (rows, columns) => planner.scratch(rows, columns),
          dispatch: (dispatch) => {
            watch(dispatch);
            planner.dispatch(dispatch);
          },
        }),
    },
  };
}

test.for<readonly [Shape, number]>([
  [{ n: 1, d: 1, k: 1 }, 1],
  [{ n: 3, d: 127, k: 2 }, 1],
  [{ n: 3, d: 128, k: 2 }, 2],
  [{ n: 5, d: 260, k: 17 }, 4],
  [{ n: 31, d: 200, k: 63 }, 3],
  [{ n: 32, d: 200, k: 64 }, 3],
  [{ n: 33, d: 200, k: 65 }, 3],
  [{ n: 7, d: 211, k: 1009 }, 2],
  [{ n: 2, d: 130, k: 4100 }, 1],
  [{ n: 1, d: 1999, k: 5 }, 8],
])("%j in %i parts on a software adapter", async ([shape, parts], { engines }) => {
  const { op, parts: used } = watched(linearLoss);
  const args = caseOf(shape);
  expectParity(await runOp(engines, op, args, outputs), args, JSON.stringify(shape));
  expect(used()).toBe(parts);
});

test.for<readonly [Shape, number]>([
  [{ n: 31, d: 511, k: 70 }, 1],
  [{ n: 65, d: 768, k: 70 }, 2],
  [{ n: 9, d: 1153, k: 33 }, 3],
])("%j in %i parts on hardware", async ([shape, parts], { engines }) => {
  const { op, parts: used } = watched(asOnHardware(linearLoss));
  const args = caseOf(shape);
  expectParity(await runOp(engines, op, args, outputs), args, JSON.stringify(shape));
  expect(used()).toBeGreaterThanOrEqual(parts);
});

test.for<TargetOptions>([
  { labelSmoothing: 0.1 },
  { classWeight: true, ignoring: true },
  { soft: true, classWeight: true, rowWeight: true, labelSmoothing: 0.3 },
])("%j", async (options, { engines }) => {
  for (const shape of [
    { n: 13, d: 300, k: 7 },
    { n: 3, d: 300, k: 70 },
  ]) {
    const args = { ...caseOf(shape, options), denominator: f32Vector([3.5, 0, 0, 0]) };
    expectParity(await runOp(engines, linearLoss, args, outputs), args, JSON.stringify(shape));
  }
});

test("bytes, and no bias", async ({ engines }) => {
  const shape = { n: 13, d: 300, k: 7 };
  for (const args of [caseOf(shape, {}, true), caseOf(shape, {}, false, false)]) {
    expectParity(await runOp(engines, linearLoss, args, outputs), args, "");
  }
});

test("X in several blocks is multiplied whole", async ({ engines }) => {
  const { op, parts } = watched(cutUp(linearLoss, 128, 1e9, ["w", "bias", "loss", "labels"]));
  const args = caseOf({ n: 300, d: 260, k: 6 });
  expectParity(await runOp(engines, op, args, outputs), args, "cut up");
  expect(parts()).toBe(1);
});

test("logits to ±1e4 and ±3e38 in parts", async ({ engines }) => {
  const [n, k] = [24, 5];
  const logits = extreme({ rows: n, columns: k });
  // Each row of X picks one of W, from all over the sum.
  const d = 13 * n;
  const [x, w] = [new Float32Array(n * d), new Float32Array(d * k)];
  for (let i = 0; i < n; i++) {
    x[i * d + 13 * i + 5] = 1;
    w.set(logits.data.subarray(i * k, (i + 1) * k), (13 * i + 5) * k);
  }
  const base = caseOf({ n, d, k }, {}, false, false);
  const args = { ...base, x: f32Matrix(n, d, x), w: f32Matrix(d, k, w) };
  const { op, parts } = watched(linearLoss);
  expectParity(await runOp(engines, op, args, outputs), args, "extreme");
  expect(parts()).toBeGreaterThan(1);
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("a row of X that is not finite makes its own loss and gradient NaN", async ({ engines }) => {
    const [n, d, k] = [3, 300, 5];
    const clean = caseOf({ n, d, k });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = clean.x.data.slice() as Float32Array;
      x[d + 200] = value;
      const run = (args: Arguments) => outputsOn(engines[device], linearLoss, args, outputs);
      const [expected, got] = [await run(clean), await run({ ...clean, x: f32Matrix(n, d, x) })];
      for (const [name, width] of [["loss", 1] as const, ["gradient", k] as const]) {
        const wanted = Array.from(expected[name] as ArrayLike<number>, (v, e) =>
          Math.floor(e / width) === 1 ? Number.NaN : v,
        );
        expect(Array.from(got[name] as ArrayLike<number>), `${name}, ${value}`).toEqual(wanted);
      }
    }
  });

  test("the same bits every time", async ({ engines }) => {
    const args = caseOf({ n: 13, d: 1000, k: 70 });
    const noisy = { ...args, x: f32Matrix(13, 1000, randomValues(13_000, 9)) };
    const run = () => outputsOn(engines[device], linearLoss, noisy, outputs);
    expect(await run()).toEqual(await run());
  });

  test("what does not fit is refused", async ({ engines }) => {
    const args = caseOf({ n: 3, d: 4, k: 2 });
    for (const wrong of [
      { w: f32Matrix(5, 2) },
      { bias: f32Vector([1, 2, 3]) },
      { gradient: f32Matrix(3, 3) },
      { loss: f32Vector([0, 0]) },
    ]) {
      await expect(outputsOn(engines[device], linearLoss, { ...args, ...wrong }, outputs)).rejects.toThrow(ShapeError);
    }
  });
});

test("the reference is that of a product and a cross-entropy", () => {
  const args = caseOf({ n: 5, d: 6, k: 3 });
  const { loss } = referenceOf(linearLoss, args, outputs);
  const { data } = logitsOf(args);
  const label = args.labels?.data[4] as number;
  const row = [0, 1, 2].map((j) => data[12 + j] as number);
  const expected = Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - (row[label] as number);
  expect(loss?.[4]).toBeCloseTo(expected, 12);
});
