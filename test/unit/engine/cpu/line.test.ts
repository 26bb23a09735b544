import { describe, expect, test } from "vitest";
import { crossEntropy } from "../../../../src/ops/cross-entropy.js";
import type { CrossEntropyStepArguments } from "../../../../src/ops/cross-entropy-step.js";
import { crossEntropyStep } from "../../../../src/ops/cross-entropy-step.js";
import { lineSearch } from "../../../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../../support/compare.js";
import { lineSearch32 } from "../../../support/float32-baselines.js";
import { lineSearchFloors } from "../../../support/line-search-floors.js";
import { f32Matrix, i32Vector, referenceOf } from "../../../support/op-cases.js";
import { moderate, NOT_FINITE, spoilt } from "../../../support/row-cases.js";
import {
  crossEntropyCase,
  lineSearchCase,
  stateWith,
  TARGET_OPTIONS,
  type TargetOptions,
  targetsFor,
} from "../../../support/target-cases.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

const SHAPES = [
  { rows: 1, columns: 1 },
  { rows: 5, columns: 10 },
  { rows: 515, columns: 7 },
  { rows: 6, columns: 1030 },
];
const STEPS = [0.625, 0, -0.25];

function stepCase(
  shape: (typeof SHAPES)[number],
  step: number,
  options: TargetOptions = {},
): On<CrossEntropyStepArguments, HostMatrix> {
  return {
    logits: moderate(shape),
    direction: moderate(shape, 17),
    ...targetsFor(shape, options),
    state: stateWith({ step }),
    scale: 0.5,
    gradient: f32Matrix(shape.rows, shape.columns),
    out: f32Matrix(2, 4),
  };
}

describe.each(BUILDS)("%s lines", (build) => {
  test.each([{}, ...TARGET_OPTIONS])("a line search at several steps, %j", (options) => {
    for (const shape of SHAPES) {
      const logits = moderate(shape);
      const args = { ...lineSearchCase(logits, STEPS, targetsFor(logits, options)), out: f32Matrix(2, 16) };
      const truth = referenceOf(lineSearch, args, { out: "written" }).out;
      const { out } = simdOutputs(lineSearch, args, { build });
      STEPS.forEach((step, trial) => {
        const [floors, baseline32] = [lineSearchFloors(args, step), lineSearch32(args, step)];
        for (let v = 0; v < 4; v++) {
          const one = (values: ArrayLike<number>, from = 0): number[] => [values[from + v] as number];
          expectClose(one(out, 4 * trial), one(truth as Float64Array, 4 * trial), {
            baseline32: one(baseline32),
            floor: floors[v] ?? 0,
            label: `value ${v} at ${step}`,
          });
        }
      });
      // Of a fourth step, and in the second part, there is nothing.
      expect(out.slice(12).every((value) => value === 0)).toBe(true);
      const sliced = simdOutputs(lineSearch, args, { build, slice: 3, growing: true });
      expectSameBits(sliced.out as Float32Array, out as Float32Array);
    }
  });

  test.each([{}, ...TARGET_OPTIONS])("a step taken is the step, and then cross-entropy, %j", (options) => {
    for (const shape of SHAPES) {
      for (const step of STEPS) {
        const args = stepCase(shape, step, options);
        const actual = simdOutputs(crossEntropyStep, args, { build });
        const moved = referenceOf(crossEntropyStep, args, { logits: "updated" }).logits as Float64Array;
        expectSameBits(actual.logits as Float32Array, Float32Array.from(moved), "logits");
        const there = f32Matrix(shape.rows, shape.columns, actual.logits as Float32Array);
        const plain = { ...crossEntropyCase(there, targetsFor(shape, options)), scale: args.scale };
        const { loss, gradient } = simdOutputs(crossEntropy, plain, { build });
        expectSameBits(actual.gradient as Float32Array, gradient as Float32Array, "gradient");
        const sum = (loss as Float32Array).reduce((total, value) => total + value, 0);
        expect(Array.from(actual.out)).toEqual([Math.fround(sum), 0, 0, 0, 0, 0, 0, 0]);
        const sliced = simdOutputs(crossEntropyStep, args, { build, slice: 3, growing: true });
        for (const name of ["logits", "gradient", "out"]) {
          expectSameBits(sliced[name] as Float32Array, actual[name] as Float32Array, name);
        }
      }
    }
  });

  test.each(NOT_FINITE)("%s is counted and left out of the sums", (kind) => {
    const shape = { rows: 6, columns: 5 };
    const args = stepCase(shape, 0.5);
    const line = { ...args, state: stateWith({ trials: 1 }, [0.5]), out: f32Matrix(1, 4) };
    const labels = i32Vector((args.labels as HostMatrix).data.map((label, i) => (i === 2 ? 5 : label)));
    for (const fault of [
      { logits: spoilt(args.logits, 12, kind) },
      { direction: spoilt(args.direction, 12, kind) },
      { labels },
    ]) {
      const without = { rowWeight: f32Matrix(1, 6, Float32Array.of(1, 1, 0, 1, 1, 1)) };
      for (const [actual, expected] of [
        [
          simdOutputs(crossEntropyStep, { ...args, ...fault }, { build }).out,
          simdOutputs(crossEntropyStep, { ...args, ...without }, { build }).out,
        ],
        [
          simdOutputs(lineSearch, { ...line, ...fault }, { build }).out,
          simdOutputs(lineSearch, { ...line, ...without }, { build }).out,
        ],
      ] as const) {
        expect(actual[3]).toBe(1);
        expectSameBits(actual.slice(0, 3) as Float32Array, expected.slice(0, 3) as Float32Array);
        expect(Array.from(actual.slice(0, 3)).every(Number.isFinite)).toBe(true);
      }
    }
  });

  test("what nobody wants has no work", () => {
    const idle = { ...stepCase({ rows: 3, columns: 2 }, 1), state: stateWith({ running: 0, step: 1 }) };
    expect(() => simdOutputs(crossEntropyStep, idle, { build })).toThrow("expected SIMD work, got none");
    const line = { ...lineSearchCase(idle.logits, 1), state: stateWith({ trials: 0 }) };
    expect(() => simdOutputs(lineSearch, line, { build })).toThrow("expected SIMD work, got none");
  });
});
