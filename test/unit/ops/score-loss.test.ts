import { describe, expect, test } from "vitest";
import type { HostMatrix } from "../../../src/ops/op.js";
import { scoreLoss } from "../../../src/ops/score-loss.js";
import { scoreLossLine } from "../../../src/ops/score-loss-line.js";
import { SCORE_LOSS } from "../../../src/ops/score-loss-rows.js";
import { scoreLossStep } from "../../../src/ops/score-loss-step.js";
import { expectClose } from "../../support/compare.js";
import { f32Matrix, f32Vector, i32Vector, referenceOf } from "../../support/op-cases.js";
import { moderate } from "../../support/row-cases.js";
import {
  FORM_NAMES,
  FORMS,
  isMargin,
  scoreLossCase,
  scoreLossLineCase,
  targetOptionsOf,
} from "../../support/score-loss-cases.js";
import { stateWith } from "../../support/target-cases.js";

const outputs = { loss: "written", gradient: "written" } as const;
const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, v) => sum + v, 0);

/** A matrix of float64 values, so that a step of 2⁻²⁰ is not lost. */
const precise = (m: HostMatrix): HostMatrix => ({ ...m, data: Float64Array.from(m.data) });

describe.each(FORM_NAMES)("%s", (name) => {
  const form = FORMS[name];

  test.each(targetOptionsOf(form))("its gradient is what finite differences of its value give: %j", (options) => {
    const logits = precise(moderate({ rows: 12, columns: 5 }));
    const args = scoreLossCase(logits, form, options);
    const { loss, gradient } = referenceOf(scoreLoss, args, outputs);
    // Central differences err by h²/6 times a third derivative, below 10 here, and by rounding of Σℓ, some 2⁻⁵² of it, over h. No
    // score of these lies within h of a corner.
    const h = 2 ** -17;
    const floor = (10 * h ** 2) / 6 + (2 ** -52 * sumOf(loss)) / h;
    const differences = Array.from(logits.data, (z, e) => {
      const lossAt = (value: number): number => {
        const data = Float64Array.from(logits.data);
        data[e] = value;
        return sumOf(referenceOf(scoreLoss, { ...args, logits: { ...logits, data } }, outputs).loss);
      };
      return (lossAt(z + h) - lossAt(z - h)) / (2 * h);
    });
    expectClose(differences, gradient, { floor });
    expect(Math.max(...gradient.map(Math.abs))).toBeGreaterThan(0.01);
  });

  test.each(targetOptionsOf(form))("φ′ and φ″ are what finite differences of φ and φ′ give: %j", (options) => {
    const logits = moderate({ rows: 9, columns: 6 });
    const h = 2 ** -13;
    const valuesAt = (step: number): Float64Array =>
      referenceOf(scoreLossLine, scoreLossLineCase(logits, step, form, options), { out: "written" }).out;
    for (const t of [-0.5, 0, 0.75]) {
      const [before, here, after] = [valuesAt(t - h), valuesAt(t), valuesAt(t + h)];
      const differences = [0, 1].map((v) => (after[v] - before[v]) / (2 * h));
      // The third and fourth derivatives of all rows are below 400: h²/6 of that.
      expectClose(differences, here.slice(1, 3), { floor: 1e-6, label: `at ${t}` });
    }
  });

  test.each(targetOptionsOf(form))("along a line and after a step it is the same loss: %j", (options) => {
    const logits = moderate({ rows: 20, columns: 7 });
    const line = scoreLossLineCase(logits, 0.5, form, options);
    const { out } = referenceOf(scoreLossLine, line, { out: "written" });
    const moved = precise(logits).data.map((z, e) => z + 0.5 * line.direction.data[e]);
    const there = scoreLossCase({ ...logits, data: moved }, form, options);
    const { loss, gradient } = referenceOf(scoreLoss, there, outputs);
    const slope = sumOf(gradient.map((g, e) => g * line.direction.data[e]));
    expectClose(out.slice(0, 2), [sumOf(loss), slope], { floor: 1e-12 });
    const step = {
      ...line,
      ...{ logits: precise(logits), state: stateWith({ step: 0.5 }), scale: 0.25 },
      ...{ gradient: f32Matrix(20, 7), out: f32Matrix(1, 4) },
    };
    const after = referenceOf(scoreLossStep, step, { logits: "updated", gradient: "written", out: "written" });
    expectClose(after.logits, moved, { floor: 0 });
    expectClose(after.out, [sumOf(loss), 0, 0, 0], { floor: 1e-12 });
    expectClose(
      after.gradient,
      gradient.map((g) => 0.25 * g),
      { floor: 1e-15 },
    );
  });

  test("a weight of 2 is the row twice, of 0 the row left out", () => {
    const logits = moderate({ rows: 3, columns: 4 });
    const labels = i32Vector([2, 0, 1]);
    const weighted = { ...scoreLossCase(logits, form), labels, rowWeight: f32Vector([1, 2, 0]) };
    const rows = [0, 1, 1].flatMap((i) => Array.from(logits.data.subarray(4 * i, 4 * i + 4)));
    const repeated = { ...scoreLossCase(f32Matrix(3, 4, Float32Array.from(rows)), form), labels: i32Vector([2, 0, 0]) };
    const [one, other] = [weighted, repeated].map((args) => referenceOf(scoreLoss, args, outputs));
    expectClose([sumOf(one.loss)], [sumOf(other.loss)], { floor: 1e-12 });
    for (let j = 0; j < 4; j++) {
      expectClose([one.gradient[4 + j]], [other.gradient[4 + j] + other.gradient[8 + j]], { floor: 1e-12 });
      expect(one.gradient[8 + j]).toBe(0);
    }
  });

  test("a constant added to a row's scores changes the loss only where scores are the target", () => {
    const logits = moderate({ rows: 6, columns: 5 });
    const shifted = { ...logits, data: Float64Array.from(logits.data, (z) => z + 3) };
    const [one, other] = [logits, shifted].map((z) => referenceOf(scoreLoss, scoreLossCase(z, form), outputs));
    if (form.kind === SCORE_LOSS.squared) expect(sumOf(other.loss)).toBeGreaterThan(sumOf(one.loss) + 1);
    else for (const part of ["loss", "gradient"]) expectClose(other[part], one[part], { floor: 1e-12, label: part });
  });

  test("a loss beyond float32 is a fault, and so is what is not finite", () => {
    const huge = f32Matrix(2, 3, Float32Array.of(-3e38, 3e38, 3e38, 1, 2, 3));
    const args = { ...scoreLossCase(huge, form), labels: i32Vector([0, 1]) };
    const { loss, gradient } = referenceOf(scoreLoss, args, outputs);
    const bounded = form.kind === SCORE_LOSS.brier || form.kind === SCORE_LOSS.absolute;
    expect(Number.isNaN(loss[0])).toBe(!bounded);
    expect(Array.from(gradient.subarray(0, 3)).every(Number.isNaN)).toBe(!bounded);
    expect(Number.isFinite(loss[1])).toBe(true);
    if (bounded) expect(loss[0]).toBeCloseTo(form.kind === SCORE_LOSS.brier ? 1.5 : 2, 12);
  });
});

test.each(FORM_NAMES.filter((name) => isMargin(FORMS[name])))("soft targets and smoothing are refused: %s", (name) => {
  const logits = moderate({ rows: 3, columns: 4 });
  for (const options of [{ soft: true }, { labelSmoothing: 0.1 }]) {
    expect(() => scoreLoss.check(scoreLossCase(logits, FORMS[name], options))).toThrow(/a margin is that of one class/);
  }
});

test("class weights are refused: rows are weighted", () => {
  const args = scoreLossCase(moderate({ rows: 3, columns: 4 }), FORMS.squared, { classWeight: true });
  expect(() => scoreLoss.check(args)).toThrow(/expected row weights, got classWeight/);
});

test("one confidently wrong row: the bounded losses have no gradient left, the others call it back", () => {
  const logits = f32Matrix(1, 3, Float32Array.of(40, 0, 0));
  const found = (name: string): { loss: number; gradient: number[] } => {
    const { loss, gradient } = referenceOf(
      scoreLoss,
      { ...scoreLossCase(logits, FORMS[name]), labels: i32Vector([1]) },
      outputs,
    );
    return { loss: loss[0], gradient: Array.from(gradient) };
  };
  for (const name of ["absolute", "brier"]) {
    const { loss, gradient } = found(name);
    expect(loss).toBeCloseTo(2, 12);
    for (const g of gradient) expect(Math.abs(g)).toBeLessThan(1e-16);
  }
  expect(found("squared")).toEqual({ loss: 1601, gradient: [80, -2, 0] });
  expect(found("margin")).toEqual({ loss: 42, gradient: [1, -2, 1] });
  expect(found("margin, largest")).toEqual({ loss: 41, gradient: [1, -1, 0] });
});

test("of equal margins the first counts", () => {
  const logits = f32Matrix(1, 4, Float32Array.of(0, 2, 2, 2));
  const args = { ...scoreLossCase(logits, FORMS["margin, largest"]), labels: i32Vector([0]) };
  expect(Array.from(referenceOf(scoreLoss, args, outputs).gradient)).toEqual([-1, 1, 0, 0]);
});
