import { describe, expect, test } from "vitest";
import type { HostMatrix } from "../../../../src/ops/op.js";
import { scoreLoss } from "../../../../src/ops/score-loss.js";
import { scoreLossLine } from "../../../../src/ops/score-loss-line.js";
import type { ScoreLossForm } from "../../../../src/ops/score-loss-rows.js";
import { scoreLossStep } from "../../../../src/ops/score-loss-step.js";
import { expectClose, expectSameBits } from "../../../support/compare.js";
import { f32Matrix, f32Vector, i32Vector, referenceOf } from "../../../support/op-cases.js";
import { moderate, NOT_FINITE, spoilt } from "../../../support/row-cases.js";
import {
  CONFIDENTLY_WRONG,
  FORM_NAMES,
  FORMS,
  isMargin,
  scoreLossCase,
  scoreLossLineCase,
  targetOptionsOf,
} from "../../../support/score-loss-cases.js";
import { scoreLossFloors } from "../../../support/score-loss-floors.js";
import { IGNORED, stateWith } from "../../../support/target-cases.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

const SHAPES = [
  { rows: 1, columns: 1 },
  { rows: 2, columns: 2 },
  { rows: 5, columns: 10 },
  { rows: 515, columns: 7 },
  { rows: 6, columns: 1030 },
];
const STEPS = [0.625, 0, -0.25];
const formOf = (name: string): ScoreLossForm => FORMS[name] as ScoreLossForm;
const CASES = FORM_NAMES.flatMap((name) => targetOptionsOf(formOf(name)).map((options) => ({ name, options })));

describe.each(BUILDS)("%s scores", (build) => {
  test.each(CASES)("$name where scores stand, $options", ({ name, options }) => {
    for (const shape of SHAPES) {
      const args = { ...scoreLossCase(moderate(shape), formOf(name), options), scale: -0.7 };
      const whole = { ...args, denominator: f32Vector([3.5, 0]) };
      const truth = referenceOf(scoreLoss, whole, { loss: "written", gradient: "written" });
      const floors = scoreLossFloors({ ...args, scale: -0.7 / 3.5 });
      const actual = simdOutputs(scoreLoss, whole, { build });
      expectClose(actual.loss, truth.loss, { floor: floors.loss, label: `loss ${shape.columns}` });
      expectClose(actual.gradient, truth.gradient, { floor: floors.gradient, label: `gradient ${shape.columns}` });
      const sliced = simdOutputs(scoreLoss, whole, { build, slice: 3, growing: true });
      for (const each of ["loss", "gradient"]) {
        expectSameBits(sliced[each] as Float32Array, actual[each] as Float32Array, each);
      }
      const alone = simdOutputs(scoreLoss, { ...whole, gradient: undefined }, { build });
      expectSameBits(alone.loss as Float32Array, actual.loss as Float32Array);
    }
  });

  test.each(CASES)("$name at several steps of a line, $options", ({ name, options }) => {
    for (const shape of SHAPES) {
      const args = { ...scoreLossLineCase(moderate(shape), STEPS, formOf(name), options), out: f32Matrix(2, 16) };
      const truth = referenceOf(scoreLossLine, args, { out: "written" }).out;
      const { out } = simdOutputs(scoreLossLine, args, { build });
      STEPS.forEach((step, trial) => {
        const { line } = scoreLossFloors(args, { direction: args.direction, step });
        for (let v = 0; v < 3; v++) {
          const one = (values: ArrayLike<number>): number[] => [values[4 * trial + v] as number];
          expectClose(one(out), one(truth), { floor: line[v] as number, label: `${v} at ${step}, ${shape.columns}` });
        }
        expect(out[4 * trial + 3]).toBe(0);
      });
      expect(out.slice(12).every((value) => value === 0)).toBe(true);
      const sliced = simdOutputs(scoreLossLine, args, { build, slice: 3, growing: true });
      expectSameBits(sliced.out as Float32Array, out as Float32Array);
    }
  });

  test.each(FORM_NAMES)("%s: a step taken is the step, and then the loss there", (name) => {
    for (const shape of SHAPES) {
      for (const step of STEPS) {
        const plain = { ...scoreLossCase(moderate(shape), formOf(name)), scale: 0.5 };
        const { loss: _, denominator: __, ...given } = plain;
        const rest = { direction: moderate(shape, 17), state: stateWith({ step }), out: f32Matrix(2, 4) };
        const args = { ...given, ...rest, gradient: f32Matrix(shape.rows, shape.columns) };
        const actual = simdOutputs(scoreLossStep, args, { build });
        const moved = referenceOf(scoreLossStep, args, { logits: "updated" }).logits as Float64Array;
        expectSameBits(actual.logits as Float32Array, Float32Array.from(moved), "logits");
        const there = f32Matrix(shape.rows, shape.columns, actual.logits as Float32Array);
        const { loss, gradient } = simdOutputs(scoreLoss, { ...plain, logits: there }, { build });
        expectSameBits(actual.gradient as Float32Array, gradient as Float32Array, "gradient");
        const sum = (loss as Float32Array).reduce((total, value) => total + value, 0);
        expect(Array.from(actual.out)).toEqual([Math.fround(sum), 0, 0, 0, 0, 0, 0, 0]);
      }
    }
  });

  test.each(FORM_NAMES)(
    "%s: what is no number spoils its row and no other, unless the row counts for nothing",
    (name) => {
      for (const kind of NOT_FINITE) {
        const clean = scoreLossCase(moderate({ rows: 6, columns: 5 }), formOf(name));
        const args = { ...clean, logits: spoilt(clean.logits, 12, kind) };
        const { loss, gradient } = simdOutputs(scoreLoss, args, { build });
        expect(Array.from(loss, Number.isNaN).map(Number)).toEqual([0, 0, 1, 0, 0, 0]);
        expect(Array.from(gradient, Number.isNaN)).toEqual(Array.from({ length: 30 }, (_, e) => e >= 10 && e < 15));
        const labels = args.labels as HostMatrix;
        const ignoring = { ...args, labels: i32Vector(labels.data.map((y, i) => (i === 2 ? IGNORED : y))) };
        const ignored = simdOutputs(scoreLoss, ignoring, { build });
        expect(Array.from(ignored.gradient.slice(10, 15), Math.abs)).toEqual([0, 0, 0, 0, 0]);
        expect(ignored.loss[2]).toBe(0);
        expect(ignored.loss.every(Number.isFinite)).toBe(true);

        const line = { ...scoreLossLineCase(clean.logits, 0.5, formOf(name)), out: f32Matrix(1, 4) };
        const without = { ...line, rowWeight: f32Vector([1, 1, 0, 1, 1, 1]) };
        const expected = simdOutputs(scoreLossLine, without, { build }).out as Float32Array;
        const outside = labels.data.map((y, i) => (i === 2 ? 5 : y));
        for (const fault of [
          { logits: args.logits },
          { direction: spoilt(line.direction, 12, kind) },
          { labels: i32Vector(outside) },
        ]) {
          const { out } = simdOutputs(scoreLossLine, { ...line, ...fault }, { build });
          expect(out[3]).toBe(1);
          expectSameBits(out.slice(0, 3) as Float32Array, expected.slice(0, 3));
        }
      }
    },
  );

  test("a loss beyond float32 is a fault, and its gradient no number", () => {
    const logits = f32Matrix(
      5,
      3,
      Float32Array.from({ length: 15 }, (_, e) => (e % 3 === 0 ? -3e38 : 3e38)),
    );
    for (const name of FORM_NAMES) {
      const args = { ...scoreLossCase(logits, formOf(name)), labels: i32Vector([0, 0, 0, 0, 0]) };
      const { loss, gradient } = simdOutputs(scoreLoss, args, { build });
      const bounded = !isMargin(formOf(name)) && name !== "squared";
      expect(Array.from(loss, Number.isNaN), name).toEqual(new Array(5).fill(!bounded));
      expect(Array.from(gradient, Number.isNaN), name).toEqual(new Array(15).fill(!bounded));
      const line = {
        ...args,
        direction: f32Matrix(5, 3),
        state: stateWith({ trials: 1 }, [0.5]),
        out: f32Matrix(1, 4),
      };
      expect(simdOutputs(scoreLossLine, line, { build }).out[3], name).toBe(bounded ? 0 : 5);
    }
  });

  test("of margins that are equal, the first is the largest", () => {
    const logits = f32Matrix(1, 4, Float32Array.of(1, 2, 2, 2));
    const args = { ...scoreLossCase(logits, formOf("margin, largest")), labels: i32Vector([0]) };
    const { loss, gradient } = simdOutputs(scoreLoss, args, { build });
    expect([loss[0], ...gradient]).toEqual([2, -1, 1, 0, 0]);
  });

  test("nothing is left of the bounded losses' gradient at a confidently wrong row", () => {
    const logits = f32Matrix(1, 3, Float32Array.of(40, 0, 0));
    for (const [name, expected, least] of CONFIDENTLY_WRONG) {
      const args = { ...scoreLossCase(logits, formOf(name)), labels: i32Vector([1]) };
      const { loss, gradient } = simdOutputs(scoreLoss, args, { build });
      expect(loss[0], name).toBe(expected);
      expect(Math.abs((gradient[0] as number) - least), name).toBeLessThan(1e-16);
    }
  });
});
