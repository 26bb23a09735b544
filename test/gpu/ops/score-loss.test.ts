import { describe, expect } from "vitest";
import { scoreLoss } from "../../../src/ops/score-loss.js";
import type { ScoreLossForm } from "../../../src/ops/score-loss-rows.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import {
  cutUp,
  f32Matrix,
  f32Vector,
  folded,
  i32Vector,
  outputsOn,
  referenceOf,
  runOp,
} from "../../support/op-cases.js";
import { extremeLogits, largestLogits } from "../../support/random-matrix.js";
import { FOLDED_CASE, moderate, NOT_FINITE, nameOf, shapeOf, spoilt } from "../../support/row-cases.js";
import {
  CONFIDENTLY_WRONG,
  FORM_NAMES,
  FORMS,
  scoreLossCase,
  targetOptionsOf,
} from "../../support/score-loss-cases.js";
import { scoreLossFloors } from "../../support/score-loss-floors.js";
import { SMALLEST_NORMAL } from "../../support/wgsl-accuracy.js";

type Arguments = ReturnType<typeof scoreLossCase>;
const outputs = { loss: "written", gradient: "written" } as const;
const formOf = (name: string): ScoreLossForm => FORMS[name] as ScoreLossForm;

/** Losses beyond float32 are NaN in the truth, and must be NaN on every device. */
function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const floors = scoreLossFloors(args);
  for (const [device, actual] of Object.entries({ webgpu, cpu })) {
    for (const name of ["loss", "gradient"] as const) {
      const expected = truth[name] as Float64Array;
      const finite = Array.from(expected.keys()).filter((e) => !Number.isNaN(expected[e]));
      const pick = (values: ArrayLike<number>): number[] => finite.map((e) => values[e] as number);
      const allowance = { floor: floors[name], label: `${device} ${name}, ${label}` };
      expectClose(pick(actual[name] as ArrayLike<number>), pick(expected), allowance);
      const broken = Array.from(actual[name] as ArrayLike<number>).filter(Number.isNaN);
      expect(broken, `${device} ${name}, ${label}`).toHaveLength(expected.length - finite.length);
    }
  }
}

/** One lane a row, several, and rows that are read from memory more than once; the wide ones for one form of each kind. */
const WIDE = ["squared", "brier", "margin, square of the largest"];
const CASES = [
  ...FORM_NAMES.map((form) => ({ form, shapes: ["67×3"] })),
  ...WIDE.map((form) => ({ form, shapes: ["1×1", "65×4", "13×37", "3×1030", "2×4099"] })),
];

test.for(CASES)("$form, $shapes", async ({ form, shapes }, { engines }) => {
  for (const shape of shapes) {
    const args = scoreLossCase(moderate(shapeOf(shape)), formOf(form));
    expectParity(await runOp(engines, scoreLoss, args, outputs), args, shape);
  }
});

test.for(FORM_NAMES)("%s with all that targets may be", async (name, { engines }) => {
  for (const options of targetOptionsOf(formOf(name)).slice(1)) {
    const args = {
      ...scoreLossCase(moderate({ rows: 130, columns: 3 }), formOf(name), options),
      scale: -0.75,
      denominator: f32Matrix(2, 4, Float32Array.of(1.5, 9, 9, 9, 2.5, 9, 9, 9)),
    };
    const { truth, webgpu, cpu } = await runOp(engines, scoreLoss, args, outputs);
    expectParity({ truth, webgpu, cpu }, { ...args, scale: -0.75 / 4 }, JSON.stringify(options));
  }
});

test.for(FORM_NAMES)("%s of scores to ±1e4 and ±3e38", async (name, { engines }) => {
  for (const make of [extremeLogits, largestLogits]) {
    // Subnormal numbers may be flushed to zero, which makes a tie of scores that are not.
    const data = make(24, 5, 5).map((z) => (Math.abs(z) < SMALLEST_NORMAL ? 0 : z));
    const args = scoreLossCase(f32Matrix(24, 5, data), formOf(name));
    expectParity(await runOp(engines, scoreLoss, args, outputs), args, make.name);
  }
});

test("the loss alone, a denominator of 0, more rows than a grid is wide, several blocks and launches", async ({
  engines,
}) => {
  const form = formOf("brier");
  const alone = { ...scoreLossCase(moderate({ rows: 70, columns: 3 }), form), gradient: undefined };
  const { truth, webgpu } = await runOp(engines, scoreLoss, alone, { loss: "written" });
  expectClose(webgpu.loss, truth.loss, { floor: scoreLossFloors(alone).loss });
  const empty = { ...scoreLossCase(moderate({ rows: 5, columns: 3 }), form), denominator: f32Vector([0, 0, 0, 0]) };
  for (const device of ENGINE_DEVICES) {
    const { gradient } = await outputsOn(engines[device], scoreLoss, empty, outputs);
    expect(Array.from(gradient).every((g) => g === 0)).toBe(true);
  }
  const tall = scoreLossCase(moderate(FOLDED_CASE), form);
  const floors = scoreLossFloors(tall);
  const wanted = referenceOf(scoreLoss, tall, outputs);
  const got = await outputsOn(engines.webgpu, folded(scoreLoss), tall, outputs);
  for (const part of ["loss", "gradient"] as const) expectClose(got[part], wanted[part], { floor: floors[part] });
  for (const options of [{ rowWeight: true }, { soft: true }]) {
    const args = scoreLossCase(moderate({ rows: 300, columns: 6 }), form, options);
    const op = cutUp(scoreLoss, 128, 1, ["loss", "labels", "rowWeight"]);
    expectParity(await runOp(engines, op, args, outputs), args, nameOf({ rows: 300, columns: 6 }));
  }
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(FORM_NAMES)("%s: what cannot be right makes its row NaN and no other", async (name, { engines }) => {
    const clean = {
      ...scoreLossCase(moderate({ rows: 3, columns: 5 }), formOf(name)),
      labels: i32Vector([0, 4, 2]),
      rowWeight: f32Vector([1, 1, 1]),
    };
    const expected = await outputsOn(engines[device], scoreLoss, clean, outputs);
    const faulty = NOT_FINITE.flatMap((kind) => [
      ...[5, 7, 9].map((place) => ({ ...clean, logits: spoilt(clean.logits, place, kind) })),
      { ...clean, rowWeight: spoilt(clean.rowWeight, 1, kind) },
    ]);
    faulty.push(...[-1, 5, 1e9].map((label) => ({ ...clean, labels: i32Vector([0, label, 2]) })));
    for (const args of faulty) {
      const got = await outputsOn(engines[device], scoreLoss, args, outputs);
      for (const [part, width] of [["loss", 1] as const, ["gradient", 5] as const]) {
        const wanted = Array.from(expected[part] as ArrayLike<number>, (v, e) =>
          Math.floor(e / width) === 1 ? Number.NaN : v,
        );
        expect(Array.from(got[part] as ArrayLike<number>)).toEqual(wanted);
      }
    }
  });

  test("rows that count for nothing may hold anything", async ({ engines }) => {
    for (const name of FORM_NAMES) {
      const clean = {
        ...scoreLossCase(moderate({ rows: 3, columns: 5 }), formOf(name)),
        labels: i32Vector([0, -100, 2]),
      };
      const args = { ...clean, logits: spoilt(clean.logits, 7, "NaN") };
      const { loss, gradient } = await outputsOn(engines[device], scoreLoss, args, outputs);
      expect(loss?.[1]).toBe(0);
      expect(Array.from((gradient as Float32Array).subarray(5, 10))).toEqual([0, 0, 0, 0, 0]);
      expect(Array.from(gradient as Float32Array).every(Number.isFinite)).toBe(true);
    }
  });

  test("one confidently wrong row: nothing is left of the bounded losses' gradient", async ({ engines }) => {
    const logits = f32Matrix(1, 3, Float32Array.of(40, 0, 0));
    for (const [name, loss, least] of CONFIDENTLY_WRONG) {
      const args = { ...scoreLossCase(logits, formOf(name)), labels: i32Vector([1]) };
      const got = await outputsOn(engines[device], scoreLoss, args, outputs);
      expect(got.loss?.[0], name).toBe(loss);
      expect(Math.abs((got.gradient?.[0] as number) - least), name).toBeLessThan(1e-16 + SMALLEST_NORMAL);
    }
  });
});
