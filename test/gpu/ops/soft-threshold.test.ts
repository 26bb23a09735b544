import { expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { SoftThresholdArguments } from "../../../src/ops/soft-threshold.js";
import { softThreshold } from "../../../src/ops/soft-threshold.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { expectRounded, f32Matrix, folded, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<SoftThresholdArguments, HostMatrix>;
const outputs = { weights: "updated" } as const;

function caseOf(shape: RowCase, scaled: boolean): Arguments {
  const variance = valuesFor(shape, 2);
  variance.data.forEach((v, e) => {
    variance.data[e] = 0.25 + v * v;
  });
  return {
    ...{ weights: valuesFor(shape, 1), variance: scaled ? variance : undefined },
    ...{ threshold: 0.3, correction: 1.5, epsilon: 1e-6, penalisedRows: Math.max(1, shape.rows - 1) },
  };
}

/** A weight below 1 less a threshold below ½, which a root (inversesqrt, 2 ULP), a sum and a quotient of 2.5 ULP were taken for. */
const FLOOR = 8 * ULP;

test.for(VALUE_CASES.map(nameOf))("%s", async (name, { engines }) => {
  for (const scaled of [false, true]) {
    const args = caseOf(shapeOf(name), scaled);
    const { truth, webgpu, cpu } = await runOp(engines, softThreshold, args, outputs);
    expectClose(webgpu.weights, truth.weights, { floor: FLOOR, label: `webgpu ${name}` });
    expectRounded(cpu.weights, truth.weights, `cpu ${name}`);
  }
});

test("a grid folded in two dimensions", async ({ engines }) => {
  const args = caseOf(FOLDED_VALUES, false);
  const { truth, webgpu } = await runOp(engines, folded(softThreshold), args, outputs);
  expectClose(webgpu.weights, truth.weights, { floor: FLOOR, label: "webgpu, folded" });
});

test("weights up to the threshold become 0 exactly, others come nearer by it; the intercept stays", async ({
  engines,
}) => {
  const weights = f32Matrix(2, 6, Float32Array.of(0.25, -0.25, 0.125, -0, 1, -1, 0.25, -0.25, 0.125, 0, 1, -1));
  const args = { weights, variance: undefined, threshold: 0.25, correction: 1, epsilon: 1, penalisedRows: 1 };
  const { webgpu, cpu } = await runOp(engines, softThreshold, args, outputs);
  for (const found of [webgpu, cpu]) {
    expect(Array.from(found.weights, (w) => w + 0)).toEqual([0, 0, 0, 0, 0.75, -0.75, ...weights.data.slice(6)]);
  }
});

test("where nothing has varied the threshold is beyond every weight", async ({ engines }) => {
  const args = { ...caseOf({ rows: 3, columns: 5 }, true), variance: f32Matrix(3, 5), epsilon: 1e-8, penalisedRows: 3 };
  const { webgpu, cpu } = await runOp(engines, softThreshold, args, outputs);
  for (const found of [webgpu, cpu]) expect(found.weights.every((w) => w === 0)).toBe(true);
});

test("what is no number stays none", async ({ engines }) => {
  const args = { ...caseOf({ rows: 2, columns: 4 }, false), penalisedRows: 2 };
  args.weights.data.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  const { webgpu, cpu } = await runOp(engines, softThreshold, args, outputs);
  for (const { weights } of [webgpu, cpu]) {
    expect(Array.from(weights.subarray(0, 3)).some(Number.isFinite)).toBe(false);
    expect(Array.from(weights.subarray(3)).every(Number.isFinite)).toBe(true);
  }
});
