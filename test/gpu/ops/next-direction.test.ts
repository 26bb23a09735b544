import { expect } from "vitest";
import type { NextDirectionArguments } from "../../../src/ops/next-direction.js";
import { nextDirection } from "../../../src/ops/next-direction.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, columnSums, expectRounded, f32Matrix, f32Vector, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { nameOf, type RowCase, shapeOf } from "../../support/row-cases.js";
import { stateWith } from "../../support/target-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<NextDirectionArguments, HostMatrix>;
const outputs = { theta: "updated", direction: "updated", out: "updated" } as const;

const caseOf = (shape: RowCase, vectors: number, parts: number): Arguments => ({
  state: stateWith({ taken: 1, fresh: 1, step: 0.75 }),
  stack: valuesFor({ rows: vectors * shape.rows, columns: shape.columns }, 1),
  coefficients: f32Vector(randomValues(vectors, 2)),
  theta: valuesFor(shape, 3),
  direction: valuesFor(shape, 4),
  penalisedRows: Math.ceil(shape.rows / 2),
  out: f32Matrix(parts, 4),
});

for (const [device, op] of [
  ["software", nextDirection],
  ["hardware", asOnHardware(nextDirection)],
] as const) {
  test.for(VALUE_CASES.map(nameOf))(`%s, workgroups as on ${device}`, async (name, { engines }) => {
    const shape = shapeOf(name);
    for (const [vectors, parts] of [
      [3, 1],
      [41, 5],
    ] as const) {
      const args = caseOf(shape, vectors, parts);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      // A product and a sum for each vector, of products below 1; θ and t·D below 1.
      const floor = 2 * vectors * vectors * 0.5 * ULP;
      expectClose(webgpu.theta, truth.theta, { floor: 2 * ULP, label: `webgpu θ ${name}` });
      expectClose(webgpu.direction, truth.direction, { floor, label: `webgpu D ${name}` });
      expectRounded(cpu.theta, truth.theta, `cpu θ ${name}`);
      expectRounded(cpu.direction, truth.direction, `cpu D ${name}`);
      // Sums of values · D, D below `vectors` and off by `floor`, down threads, trees and parts.
      const values = shape.rows * shape.columns;
      const sum = values * vectors * (2 * floor + vectors * (Math.ceil(values / 32) + 12) * 0.5 * ULP);
      const [expected, found] = [truth.out, webgpu.out].map((out) => columnSums(out, args.out));
      expectClose(found, expected, { floor: sum, label: `webgpu ${name}` });
      const onCpu = columnSums(cpu.out, args.out);
      // The CPU stores D in float32 before it takes products of it.
      expectClose(onCpu, expected, { floor: sum, label: `cpu ${name}` });
    }
  });
}

test("gᵀD is of a gradient that lies apart, where the stack ends with another vector", async ({ engines }) => {
  // D = 2 · (1, 2) − (3, 4) = (−1, 0).
  const args: Arguments = {
    state: stateWith({ taken: 0, fresh: 1, step: 1 }),
    stack: f32Matrix(4, 1, Float32Array.of(1, 2, 3, 4)),
    gradient: f32Matrix(2, 1, Float32Array.of(5, 7)),
    coefficients: f32Vector(Float64Array.of(2, -1)),
    theta: f32Matrix(2, 1, Float32Array.of(10, 20)),
    direction: f32Matrix(2, 1),
    penalisedRows: 1,
    out: f32Matrix(1, 4),
  };
  const { webgpu, cpu } = await runOp(engines, nextDirection, args, outputs);
  for (const { direction, out } of [webgpu, cpu]) {
    expect(Array.from(direction)).toEqual([-1, 0]);
    expect(Array.from(out)).toEqual([-10, 1, -5, 0]);
  }
});

test("vectors without a share may hold anything", async ({ engines }) => {
  const args = caseOf({ rows: 5, columns: 3 }, 4, 1);
  args.stack.data.fill(Number.NaN, 15, 30);
  args.coefficients.data[1] = 0;
  const { webgpu, cpu } = await runOp(engines, nextDirection, args, outputs);
  for (const { direction } of [webgpu, cpu]) expect(Array.from(direction).every(Number.isFinite)).toBe(true);
});

test.for([
  { taken: 0, fresh: 0, step: 1 },
  { taken: 1, fresh: 0, step: 1 },
  { taken: 0, fresh: 1, step: 1 },
  { taken: 1, fresh: 1, step: 0 },
])("θ follows when its point was taken, D changes when a fresh one is wanted: %j", async (flags, { engines }) => {
  const args = { ...caseOf({ rows: 6, columns: 5 }, 3, 2), state: stateWith(flags) };
  args.out.data.fill(7);
  if (flags.step === 0) args.direction.data.fill(Number.NaN);
  const { webgpu, cpu } = await runOp(engines, nextDirection, args, outputs);
  for (const { theta, direction, out } of [webgpu, cpu]) {
    const moves = flags.taken === 1 && flags.step !== 0;
    expect(Array.from(theta).some((v, e) => v !== args.theta.data[e])).toBe(moves);
    expect(Array.from(direction).some((v, e) => v !== args.direction.data[e])).toBe(flags.fresh === 1);
    expect(Array.from(out).some((v) => v !== 7)).toBe(flags.fresh === 1);
    expect(Array.from(theta).every(Number.isFinite)).toBe(true);
  }
});
