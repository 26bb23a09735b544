import { expect } from "vitest";
import type { FinishGradientArguments } from "../../../src/ops/finish-gradient.js";
import { finishGradient } from "../../../src/ops/finish-gradient.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, expectRounded, f32Matrix, f32Vector, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { NOT_FINITE, nameOf, type RowCase, shapeOf, spoilt } from "../../support/row-cases.js";
import { stateWith } from "../../support/target-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<FinishGradientArguments, HostMatrix>;
const outputs = { stack: "updated", out: "updated" } as const;
const [PAIRS, SLOT] = [2, 1];

const caseOf = (shape: RowCase, centred: boolean, step: number, parts = 1): Arguments => ({
  raw: valuesFor(shape, 1),
  theta: valuesFor(shape, 2),
  direction: valuesFor(shape, 3),
  means: centred && shape.rows > 1 ? f32Vector(randomValues(shape.rows - 1, 4)) : undefined,
  state: stateWith({ step, slot: SLOT }),
  l2: 0.25,
  pairs: PAIRS,
  stack: valuesFor({ rows: (2 * PAIRS + 1) * shape.rows, columns: shape.columns }, 5),
  out: f32Matrix(parts, 4),
});

/** Σ W², max |G|, Σ g², faults of all parts together. */
function merged(out: ArrayLike<number>): number[] {
  const all = [0, 0, 0, 0];
  for (let e = 0; e < out.length; e += 4) {
    all[0] += out[e] as number;
    all[1] = Math.max(all[1], out[e + 1] as number);
    all[2] += out[e + 2] as number;
    all[3] += out[e + 3] as number;
  }
  return all;
}

/** Six operations on numbers below 4 for each value; sums of n squares below 16 down threads, trees and parts. */
const VALUE_FLOOR = 6 * 4 * 0.5 * ULP;
const sumFloor = (values: number): number => values * 16 * (Math.ceil(values / 32) + 12) * 0.5 * ULP;

for (const [device, op] of [
  ["software", finishGradient],
  ["hardware", asOnHardware(finishGradient)],
] as const) {
  test.for(VALUE_CASES.map(nameOf))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    const shape = shapeOf(name);
    for (const [centred, step, parts] of [
      [true, 0.5, 1],
      [false, 0, 1],
      [true, -1.5, 3],
    ] as const) {
      const args = caseOf(shape, centred, step, parts);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      expectClose(webgpu.stack, truth.stack, { floor: VALUE_FLOOR, label: `webgpu ${name}` });
      expectRounded(cpu.stack, truth.stack, `cpu ${name}`);
      const [expected, found] = [merged(truth.out), merged(webgpu.out)];
      const floor = sumFloor(shape.rows * shape.columns);
      [floor, VALUE_FLOOR, floor, 0].forEach((allowed, v) => {
        expectClose(found.slice(v, v + 1), expected.slice(v, v + 1), { floor: allowed, label: `webgpu ${name}, ${v}` });
      });
    }
  });
}

test("with means, the intercept's row is neither penalised nor centred", async ({ engines }) => {
  const args = {
    ...caseOf({ rows: 2, columns: 1 }, true, 0),
    raw: f32Matrix(2, 1, Float32Array.of(10, 4)),
    theta: f32Matrix(2, 1, Float32Array.of(8, 100)),
    means: f32Vector([0.5]),
    stack: f32Matrix(10, 1, Float32Array.of(0, 0, 9, 9, 0, 0, 9, 9, 1, 2)),
  };
  const { webgpu, cpu } = await runOp(engines, finishGradient, args, outputs);
  for (const { stack, out } of [webgpu, cpu]) {
    // G = (10 + ¼·8, 4), g = (12 − ½·4, 4); s = 0, y = g − (1, 2).
    expect(Array.from(stack)).toEqual([0, 0, 0, 0, 0, 0, 9, 2, 10, 4]);
    expect(merged(out)).toEqual([64, 12, 116, 0]);
  }
});

test("where there is room for one pair, each replaces the last, whatever the slot", async ({ engines }) => {
  const args: Arguments = {
    ...caseOf({ rows: 2, columns: 1 }, false, 0),
    state: stateWith({ step: 0.5, slot: 3 }),
    raw: f32Matrix(2, 1, Float32Array.of(10, 4)),
    theta: f32Matrix(2, 1),
    direction: f32Matrix(2, 1, Float32Array.of(2, 4)),
    l2: 0,
    pairs: 1,
    stack: f32Matrix(6, 1, Float32Array.of(9, 9, 9, 9, 1, 2)),
  };
  const { webgpu, cpu } = await runOp(engines, finishGradient, args, outputs);
  for (const { stack } of [webgpu, cpu]) expect(Array.from(stack)).toEqual([1, 2, 9, 2, 10, 4]);
});

test.for(NOT_FINITE)("%s in Xᵀ·dZ is counted and is no maximum", async (kind, { engines }) => {
  const args = caseOf({ rows: 13, columns: 5 }, false, 0);
  const { webgpu, cpu } = await runOp(engines, finishGradient, { ...args, raw: spoilt(args.raw, 33, kind) }, outputs);
  for (const { out } of [webgpu, cpu]) {
    const [, largest, , faults] = merged(out);
    expect(faults).toBe(1);
    expect(largest).toBeLessThan(2);
  }
});

test("a step of 0 takes nothing of a direction that is no number", async ({ engines }) => {
  const args = caseOf({ rows: 5, columns: 3 }, true, 0);
  args.direction.data.fill(Number.NaN);
  const { webgpu, cpu } = await runOp(engines, finishGradient, args, outputs);
  for (const { stack } of [webgpu, cpu]) expect(Array.from(stack).every(Number.isFinite)).toBe(true);
});

test("nothing is done when the solver has stopped or still searches", async ({ engines }) => {
  for (const state of [stateWith({ running: 0, step: 1 }), stateWith({ trials: 2, step: 1 })]) {
    const args = { ...caseOf({ rows: 9, columns: 5 }, true, 1), state };
    const { webgpu, cpu } = await runOp(engines, finishGradient, args, outputs);
    for (const { stack, out } of [webgpu, cpu]) {
      expect(Array.from(stack)).toEqual(Array.from(args.stack.data));
      expect(Array.from(out)).toEqual([0, 0, 0, 0]);
    }
  }
});
