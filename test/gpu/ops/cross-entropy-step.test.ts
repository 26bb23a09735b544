import { describe, expect } from "vitest";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import type { CrossEntropyStepArguments } from "../../../src/ops/cross-entropy-step.js";
import { crossEntropyStep } from "../../../src/ops/cross-entropy-step.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { TargetArguments } from "../../../src/ops/targets.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { crossEntropy32 } from "../../support/float32-baselines.js";
import {
  columnSums,
  cutUp,
  f32Matrix,
  f32Vector,
  i32Vector,
  outputsOn,
  referenceOf,
  runOp,
} from "../../support/op-cases.js";
import { moderate, NOT_FINITE, nameOf, ROW_CASES, shapeOf, spoilt } from "../../support/row-cases.js";
import { crossEntropyCase, stateWith, TARGET_OPTIONS, targetsFor } from "../../support/target-cases.js";
import { crossEntropyFloors, mergeSteps, ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<CrossEntropyStepArguments, HostMatrix>;
const outputs = { logits: "updated", gradient: "written", out: "updated" } as const;

/** Multiples of 2⁻¹² below 8: half of one added to another is exact in float32. */
const grid = (m: HostMatrix): HostMatrix => ({
  ...m,
  data: (m.data as Float32Array).map((v) => Math.round(v * 4096) / 4096),
});

function caseOf(
  shape: { rows: number; columns: number },
  step: number,
  parts = 1,
  targets?: TargetArguments<HostMatrix>,
): Arguments {
  const logits = grid(moderate(shape));
  return {
    logits,
    direction: grid(moderate(shape, 17)),
    ...(targets ?? targetsFor(shape)),
    state: stateWith({ step }),
    scale: 0.5,
    gradient: f32Matrix(shape.rows, shape.columns),
    out: f32Matrix(parts, 4),
  };
}

async function expectParity(
  engines: Parameters<typeof runOp>[0],
  op: typeof crossEntropyStep,
  args: Arguments,
  label: string,
): Promise<void> {
  const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
  const logits = { ...args.logits, data: Float32Array.from(truth.logits) };
  const { labels, soft, classWeight, rowWeight, labelSmoothing, ignoreIndex, scale } = args;
  const targets = { labels, soft, classWeight, rowWeight, labelSmoothing, ignoreIndex };
  const plain = { ...crossEntropyCase(logits, targets), scale };
  const exact = referenceOf(crossEntropy, plain, { loss: "written", gradient: "written" }) as {
    loss: Float64Array;
    gradient: Float64Array;
  };
  const floors = crossEntropyFloors(plain, exact.gradient);
  const baseline = crossEntropy32(plain);
  const total = exact.loss.reduce((sum, v) => sum + v, 0);
  // Each row's own error, and a rounding for each row of a thread, each of 64 rows of a group, each part.
  const { rows } = args.logits;
  const off = baseline.loss.reduce((sum, v, i) => sum + Math.abs(v - (exact.loss[i] as number)), 0);
  const floor =
    rows * floors.loss.floor +
    total * floors.loss.relativeFloor +
    off +
    total * (64 + rows / 64 + mergeSteps(3)) * 0.5 * ULP;
  for (const [device, actual] of Object.entries({ webgpu, cpu })) {
    expectSameBits(actual.logits as Float32Array, logits.data, `${device} logits, ${label}`);
    expectClose(actual.gradient, exact.gradient, {
      ...floors.gradient,
      baseline32: baseline.gradient,
      label: `${device} gradient, ${label}`,
    });
    const sums = columnSums(actual.out, args.out);
    expectClose(sums.slice(0, 1), [total], { floor, label: `${device} Σℓ, ${label}` });
    expect(Array.from(sums.slice(1))).toEqual([0, 0, 0]);
  }
}

test.for(ROW_CASES.map(nameOf))("%s", async (name, { engines }) => {
  await expectParity(engines, crossEntropyStep, caseOf(shapeOf(name), 0.5), name);
});

test.for(TARGET_OPTIONS)("%j", async (options, { engines }) => {
  for (const shape of [
    { rows: 130, columns: 3 },
    { rows: 3, columns: 4098 },
  ]) {
    await expectParity(engines, crossEntropyStep, caseOf(shape, -0.5, 2, targetsFor(shape, options)), nameOf(shape));
  }
});

test.for([1, 2, 7, 64])("left in %i parts, whole and in several blocks and launches", async (parts, { engines }) => {
  for (const options of [{}, { rowWeight: true }, { soft: true }]) {
    const shape = { rows: 300, columns: 6 };
    const args = caseOf(shape, 0.5, parts, targetsFor(shape, options));
    await expectParity(engines, crossEntropyStep, args, `${parts} parts`);
    const op = cutUp(crossEntropyStep, 128, 1, ["out", "labels", "rowWeight", "classWeight", "state"]);
    await expectParity(engines, op, args, `${parts} parts, cut up`);
  }
});

describe.for(ENGINE_DEVICES)("on %s", (device) => {
  test("a step of 0 leaves the logits alone, whatever the direction is", async ({ engines }) => {
    const args = caseOf({ rows: 70, columns: 5 }, 0);
    args.direction.data.fill(Number.NaN);
    const results = await outputsOn(engines[device], crossEntropyStep, args, outputs);
    expectSameBits(results.logits as Float32Array, args.logits.data as Float32Array);
    expect(results.out?.[0]).toBeGreaterThan(0);
    expect(results.out?.[3]).toBe(0);
  });

  test("nothing is done when the solver has stopped or still searches", async ({ engines }) => {
    for (const state of [stateWith({ running: 0, step: 1 }), stateWith({ trials: 1, step: 1 })]) {
      const args = { ...caseOf({ rows: 70, columns: 5 }, 1), state };
      const results = await outputsOn(engines[device], crossEntropyStep, args, { ...outputs, gradient: "updated" });
      expectSameBits(results.logits as Float32Array, args.logits.data as Float32Array);
      expectSameBits(results.gradient as Float32Array, args.gradient.data as Float32Array);
      expect(Array.from(results.out as Float32Array)).toEqual([0, 0, 0, 0]);
    }
  });

  test.for(NOT_FINITE)(
    "%s in logits, direction or weights is counted, left out of the sum, and NaN in the gradient",
    async (kind, { engines }) => {
      for (const columns of [3, 17, 1000]) {
        const args = { ...caseOf({ rows: 70, columns }, 0.5), rowWeight: f32Vector(new Float32Array(70).fill(1)) };
        const place = 66 * columns + (columns >> 1);
        for (const faulty of [
          { ...args, logits: spoilt(args.logits, place, kind) },
          { ...args, direction: spoilt(args.direction, place, kind) },
          { ...args, rowWeight: spoilt(args.rowWeight, 66, kind) },
          { ...args, labels: i32Vector(Array.from({ length: 70 }, (_, i) => (i === 66 ? columns : 0))) },
        ]) {
          const { out, gradient } = await outputsOn(engines[device], crossEntropyStep, faulty, outputs);
          expect(out?.[3]).toBe(1);
          expect(Number.isFinite(out?.[0])).toBe(true);
          expect(Array.from((gradient as Float32Array).subarray(66 * columns, 67 * columns)).every(Number.isNaN)).toBe(
            true,
          );
          expect(Array.from((gradient as Float32Array).subarray(0, 66 * columns)).every(Number.isFinite)).toBe(true);
        }
      }
    },
  );
});
