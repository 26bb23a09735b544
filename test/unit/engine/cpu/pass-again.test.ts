/** A fused step that takes up the pass of the one before has the bits of one that makes its own. */
import { describe, expect, test } from "vitest";
import { FusedPass } from "../../../../src/engine/cpu/simd/fused-pass.js";
import { KernelMemory } from "../../../../src/engine/cpu/wasm/kernel-memory.js";
import { linearSgdStep } from "../../../../src/ops/linear-sgd-step.js";
import type { HostArray } from "../../../../src/ops/op.js";
import { softmax } from "../../../../src/ops/softmax.js";
import { type StepCase, stepArguments } from "../../../gpu/ops/linear-step-cases.js";
import { expectSameBits } from "../../../support/compare.js";
import { f32Matrix, f32Vector } from "../../../support/op-cases.js";
import { randomValues } from "../../../support/random-matrix.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

function sgdCase(size: StepCase, change: object = {}) {
  const args = stepArguments(size);
  const { rows, columns } = args.theta;
  return {
    ...args,
    ...{ learningRate: 0.25, momentum: 0.5, nesterov: false, weightDecay: 0, l2: 0.125, penalisedRows: size.d },
    velocity: f32Matrix(rows, columns, randomValues(rows * columns, 11)),
    loss: f32Vector([7, 7, 7, 7]),
    ...change,
  };
}

type Case = ReturnType<typeof sgdCase>;

/** A row of zeros for most features, so that quads are skipped, or none. */
const sparsely = (args: Case): Case => {
  const data = args.x.data.map((value, e) => ((e >> 3) % 4 === 0 ? value : 0));
  return { ...args, x: { ...args.x, data } };
};

const base: StepCase = { n: 300, d: 33, k: 10, taken: 700 };

/** Steps one after the other: the same form with other content, another form, and back. */
const STEPS: readonly Case[] = [
  sgdCase(base),
  sparsely(sgdCase(base)),
  sgdCase(base, { theta: f32Matrix(34, 10, randomValues(340, 5)) }),
  sgdCase({ ...base, taken: 17 }, { labelSmoothing: 0.25 }),
  sgdCase({ ...base, targets: { classWeight: true } }),
  sgdCase({ ...base, targets: { classWeight: true } }, { classWeight: f32Vector(randomValues(10, 3).map(Math.abs)) }),
  sgdCase({ ...base, targets: { soft: true } }),
  sgdCase({ ...base, format: "u8" }),
  sgdCase({ ...base, intercept: false }),
  sgdCase({ ...base, k: 3 }),
  sgdCase(base, { labelSmoothing: 0.5 }),
];

const expectEqual = (got: Record<string, HostArray>, own: Record<string, HostArray>, label: string): void => {
  for (const name of ["theta", "velocity", "loss"]) {
    expectSameBits(got[name] as Float32Array, own[name] as Float32Array, `${name}, ${label}`);
  }
};

describe.each(BUILDS)("%s", (build) => {
  test("steps of all forms, with other work between them in the same scratch", () => {
    const memory = new KernelMemory(build);
    const logits = { logits: f32Matrix(40, 12, randomValues(480, 2)), out: f32Matrix(40, 12, new Float32Array(480)) };
    for (const [s, args] of STEPS.entries()) {
      const own = simdOutputs(linearSgdStep, args, { build });
      expectEqual(simdOutputs(linearSgdStep, args, { build, memory }), own, `step ${s}`);
      simdOutputs(softmax, { ...logits, log: false }, { build, memory });
      expectEqual(simdOutputs(linearSgdStep, args, { build, memory, slice: 16 }), own, `step ${s} again`);
    }
  });

  test("the same form takes up the same pass, until the memory moves", () => {
    const memory = new KernelMemory(build);
    const [first, second, other] = [STEPS[0], STEPS[3], STEPS[9]].map((args) => () => args);
    const begin = (resolve: () => Case) => FusedPass.begin(memory, resolve);
    const pass = begin(first);
    expect(begin(second)).toBe(pass);
    expect(begin(other)).not.toBe(pass);
    const last = begin(first);
    memory.dispose();
    expect(begin(first)).not.toBe(last);
  });

  test("a step behind one that failed begins anew", () => {
    const memory = new KernelMemory(build);
    const faulty = sgdCase(base, { theta: f32Matrix(34, 10, new Float32Array(340).fill(Number.NaN)) });
    simdOutputs(linearSgdStep, faulty, { build, memory });
    expectEqual(
      simdOutputs(linearSgdStep, STEPS[0], { build, memory }),
      simdOutputs(linearSgdStep, STEPS[0], { build }),
      "after NaN",
    );
  });
});
