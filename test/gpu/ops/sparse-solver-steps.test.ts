/** The ops of L-BFGS with an l1 penalty: subgradients of least size, directions that end at 0, and lines that end at 1. */
import { describe, expect } from "vitest";
import { chooseStep } from "../../../src/ops/choose-step.js";
import { finishGradient } from "../../../src/ops/finish-gradient.js";
import { judgePoint } from "../../../src/ops/judge-point.js";
import { nextDirection } from "../../../src/ops/next-direction.js";
import type { HostMatrix } from "../../../src/ops/op.js";
import { HIGHEST } from "../../../src/ops/softmax.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { asOnHardware, expectRounded, f32Matrix, f32Vector, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { nameOf, type RowCase, shapeOf } from "../../support/row-cases.js";
import { stateWith } from "../../support/target-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const [PAIRS, SLOT, L1, L2] = [2, 1, 0.3, 0.25];

/** Every third value 0. */
function sparse(m: HostMatrix): HostMatrix {
  for (let e = 0; e < m.data.length; e += 3) m.data[e] = 0;
  return m;
}

/** Columns of all parts together: a maximum where `largest` says so, else sums. */
function merged(out: ArrayLike<number>, largest = -1): number[] {
  const all = [0, 0, 0, 0];
  for (let e = 0; e < out.length; e++) {
    const [column, value] = [e % 4, out[e] as number];
    all[column] = column === largest ? Math.max(all[column], value) : all[column] + value;
  }
  return all;
}

describe.for([
  ["software", finishGradient],
  ["hardware", asOnHardware(finishGradient)],
] as const)("the gradient, workgroups as on %s", ([, op]) => {
  const outputs = { stack: "updated", out: "updated" } as const;
  const caseOf = (shape: RowCase, step: number, parts: number) => ({
    ...{ raw: valuesFor(shape, 1), theta: sparse(valuesFor(shape, 2)), direction: sparse(valuesFor(shape, 3)) },
    means: shape.rows > 1 ? f32Vector(randomValues(shape.rows - 1, 4)) : undefined,
    ...{ state: stateWith({ step, slot: SLOT }), l1: L1, l2: L2, pairs: PAIRS },
    stack: valuesFor({ rows: (2 * PAIRS + 2) * shape.rows, columns: shape.columns }, 5),
    out: f32Matrix(parts, 4),
  });
  /** Eight operations on numbers below 4 for each value; sums of n squares below 16 down threads, trees and parts. */
  const valueFloor = 8 * 4 * 0.5 * ULP;

  test.for(VALUE_CASES.map(nameOf))("%s", async (name, { engines }) => {
    const shape = shapeOf(name);
    for (const [step, parts] of [
      [0.5, 1],
      [0, 3],
    ] as const) {
      const args = caseOf(shape, step, parts);
      const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
      expectClose(webgpu.stack, truth.stack, { floor: valueFloor, label: `webgpu ${name}` });
      expectRounded(cpu.stack, truth.stack, `cpu ${name}`);
      const [expected, found] = [merged(truth.out, 1), merged(webgpu.out, 1)];
      const values = shape.rows * shape.columns;
      const sum = values * 16 * (Math.ceil(values / 32) + 12) * 0.5 * ULP;
      [sum, valueFloor, sum, 0].forEach((allowed, v) => {
        expectClose(found.slice(v, v + 1), expected.slice(v, v + 1), { floor: allowed, label: `webgpu ${name}, ${v}` });
      });
    }
  });

  test("at a corner what goes beyond l1 is left, elsewhere l1 is added; the intercept has no corner", async ({
    engines,
  }) => {
    const args = {
      ...{ raw: f32Matrix(5, 1, Float32Array.of(0.5, -0.5, 2, 1, 0.125)), theta: f32Matrix(5, 1) },
      ...{ direction: f32Matrix(5, 1), means: f32Vector([0, 0, 0, 2]), state: stateWith({ step: 0 }), l1: 1, l2: 0.5 },
      ...{ pairs: 1, stack: f32Matrix(20, 1, new Float32Array(20).fill(9)), out: f32Matrix(1, 4) },
    };
    args.theta.data.set([0, 0, 0, -4, 3]);
    const { webgpu, cpu } = await runOp(engines, op, args, outputs);
    for (const { stack, out } of [webgpu, cpu]) {
      // G = (½, −½, 2, 1 − ½·4, ⅛), centred (½, −½, 2, −1 − 2·⅛, ⅛); their least subgradients (0, 0, 1, −2, ⅛), (0, 0, 1, −2¼, ⅛).
      expect(Array.from(stack.subarray(10, 15), (v) => v + 0)).toEqual([0, 0, 1, -2.25, 0.125]);
      expect(Array.from(stack.subarray(15))).toEqual([0.5, -0.5, 2, -1.25, 0.125]);
      // y is made of the smooth part.
      expect(Array.from(stack.subarray(5, 10))).toEqual([-8.5, -9.5, -7, -10.25, -8.875]);
      expect(merged(out, 1)).toEqual([4 + 4, 2, 1 + 2.25 ** 2 + 0.125 ** 2, 0]);
    }
  });
});

describe.for([
  ["software", nextDirection],
  ["hardware", asOnHardware(nextDirection)],
] as const)("the direction, workgroups as on %s", ([, op]) => {
  const outputs = { theta: "updated", direction: "updated", out: "updated" } as const;

  test.for(VALUE_CASES.map(nameOf))("%s", async (name, { engines }) => {
    const shape = shapeOf(name);
    const vectors = 3;
    const values = shape.rows * shape.columns;
    const stack = valuesFor({ rows: vectors * shape.rows, columns: shape.columns }, 1);
    for (let e = 0; e < values; e++) if (e % 4 === 1) stack.data[(vectors - 1) * values + e] = 0;
    const args = {
      ...{ state: stateWith({ fresh: 1 }), stack, coefficients: f32Vector([0.75, -0.5, -1]) },
      ...{
        theta: sparse(valuesFor(shape, 3)),
        direction: valuesFor(shape, 4),
        penalisedRows: Math.ceil(shape.rows / 2),
      },
      ...{ l1: L1, l2: L2, out: f32Matrix(2, 4) },
    };
    const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
    // A product and a sum for each vector, of products below 1; where D's sign decides, D is as small as the floor.
    const floor = 2 * vectors * vectors * 0.5 * ULP;
    expectClose(webgpu.direction, truth.direction, { floor, label: `webgpu D ${name}` });
    expectRounded(cpu.direction, truth.direction, `cpu D ${name}`);
    const sum = values * vectors * (2 * floor + vectors * (Math.ceil(values / 32) + 12) * 0.5 * ULP);
    const [expected, found] = [merged(truth.out), merged(webgpu.out)];
    expectClose(found.slice(0, 3), expected.slice(0, 3), { floor: sum, label: `webgpu ${name}` });
    expect(found[3]).toBe(expected[3]);
  });

  test("D is 0 where g is, leaves no corner uphill, and a step of 1 along it makes zeros", async ({ engines }) => {
    // g, W and what the pairs suggest; the last is the intercept.
    const g = [1, -1, 1, 0, 0.5, -0.5, 1];
    const w = [0, 0, 0, 2, 2, -2, 3];
    const s = [1, 1, -1, -1, -5, 1, -9];
    const args = {
      ...{ state: stateWith({ fresh: 1 }), stack: f32Matrix(14, 1, Float32Array.of(...s, ...g)) },
      ...{ coefficients: f32Vector([1, 0]), theta: f32Matrix(7, 1, Float32Array.from(w)), direction: f32Matrix(7, 1) },
      ...{ penalisedRows: 6, l1: 0.25, l2: 0.5, out: f32Matrix(1, 4) },
    };
    const { webgpu, cpu } = await runOp(engines, op, args, outputs);
    for (const { direction, out } of [webgpu, cpu]) {
      expect(Array.from(direction)).toEqual([0, 1, -1, 0, -2, 1, -9]);
      // ½·⟨W, D⟩ + ¼·(1 + 1 − 2 − 1), ‖D_W‖², gᵀD, two towards 0.
      expect(merged(out)).toEqual([0.5 * (-4 - 2) - 0.25, 7, -1 - 1 - 1 - 0.5 - 9, 2]);
    }
    const moved = { ...args, state: stateWith({ taken: 1, step: 1 }), direction: f32Matrix(7, 1) };
    moved.direction.data.set([0, 1, -1, 0, -2, 1, -9]);
    const after = await runOp(engines, op, moved, outputs);
    for (const { theta } of [after.webgpu, after.cpu]) expect(Array.from(theta)).toEqual([0, 1, -1, 2, 0, -1, -6]);
  });
});

describe.for([
  ["software", chooseStep],
  ["hardware", asOnHardware(chooseStep)],
] as const)("the step, workgroups as on %s", ([, op]) => {
  const outputs = { state: "updated" } as const;
  /** φ′ and φ″ at two steps; the penalty's slope is −1, φ′(0) = −4, and `shrinking` weights go towards 0. */
  const searched = async (
    engines: Parameters<typeof runOp>[0],
    steps: readonly [number, number],
    slopes: readonly [number, number],
    shrinking: number,
    byValue = false,
  ): Promise<Float32Array[]> => {
    const args = {
      line: f32Matrix(1, 8, Float32Array.of(0, slopes[0] + 1, 2, 0, 0, slopes[1] + 1, 2, 0)),
      norms: f32Vector([-1, 1, -4, shrinking]),
      state: stateWith({ trials: 2, high: HIGHEST, bestSlope: HIGHEST, pairs: 1, fit: 10 }, steps),
      ...{ scale: 1, l1: 0.5, l2: 0, byValue },
    };
    const { truth, webgpu, cpu } = await runOp(
      engines,
      op,
      { ...args, norms: f32Matrix(1, 4, args.norms.data as Float32Array) },
      outputs,
    );
    expectClose(webgpu.state, truth.state, { floor: 4 * ULP, label: "webgpu" });
    return [webgpu.state as Float32Array, cpu.state as Float32Array];
  };

  test("a line that falls all the way is gone to its end, though it is steep there", async ({ engines }) => {
    for (const state of await searched(engines, [1, 1], [-3.5, -3.5], 1)) {
      expect([state[STATE.step], state[STATE.trials], state[STATE.failed]]).toEqual([1, 0, 0]);
    }
  });

  test("the same line goes on where no weight goes towards 0", async ({ engines }) => {
    for (const state of await searched(engines, [1, 2], [-3.5, -3], 0)) {
      expect(state[STATE.trials]).toBe(2);
      expect(state[STATE.steps]).toBeGreaterThan(2);
    }
  });

  test("no trial step is beyond the end, and one before a rise is looked for within it", async ({ engines }) => {
    for (const state of await searched(engines, [0.25, 0.25], [-3, -3], 3)) {
      expect(state[STATE.trials]).toBe(2);
      expect(Array.from(state.subarray(STATE.steps, STATE.steps + 2)).every((t) => t > 0.25 && t <= 1)).toBe(true);
    }
    for (const state of await searched(engines, [1, 1], [3, 3], 3)) {
      expect(state[STATE.trials]).toBe(2);
      expect(Array.from(state.subarray(STATE.steps, STATE.steps + 2)).every((t) => t > 0 && t < 1)).toBe(true);
    }
  });

  test("judged by value, no step beyond the end is taken, however good it looks", async ({ engines }) => {
    for (const state of await searched(engines, [1, 2], [-3.9, 0], 1, true)) {
      expect([state[STATE.step], state[STATE.trials], state[STATE.failed]]).toEqual([1, 0, 0]);
    }
    // Where no weight goes towards 0 it is.
    for (const state of await searched(engines, [1, 2], [-3.9, 0], 0, true)) expect(state[STATE.step]).toBe(2);
  });

  test("a flat point before the end will do", async ({ engines }) => {
    for (const state of await searched(engines, [0.5, 1], [-0.25, 2], 2)) {
      expect([state[STATE.step], state[STATE.trials]]).toEqual([0.5, 0]);
    }
  });
});

test("J has the penalty as it was added up", async ({ engines }) => {
  const args = {
    ...{ losses: f32Matrix(2, 4, Float32Array.of(3, 0, 0, 0, 5, 0, 0, 0)), state: stateWith({ iteration: 4 }) },
    gradient: f32Matrix(2, 4, Float32Array.of(0.75, 2, 1, 0, 0.5, 1, 1, 0)),
    ...{ ring: f32Matrix(8, 4), scale: 0.25, l1: 0.5, l2: 7, tolerance: 0, maxIterations: 9, attempt: 6 },
  };
  const { webgpu, cpu } = await runOp(engines, judgePoint, args, { state: "updated", ring: "updated" });
  for (const { ring } of [webgpu, cpu]) expect(Array.from(ring.subarray(20, 24))).toEqual([5, 6, 2 + 1.25, 2]);
});
