import { describe, expect } from "vitest";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { scoreLoss } from "../../../src/ops/score-loss.js";
import type { ScoreLossForm } from "../../../src/ops/score-loss-rows.js";
import type { ScoreLossStepArguments } from "../../../src/ops/score-loss-step.js";
import { scoreLossStep } from "../../../src/ops/score-loss-step.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { columnSums, cutUp, f32Matrix, f32Vector, outputsOn, referenceOf, runOp } from "../../support/op-cases.js";
import { moderate, NOT_FINITE, shapeOf, spoilt } from "../../support/row-cases.js";
import { FORM_NAMES, FORMS, scoreLossCase, targetOptionsOf, targetsOf } from "../../support/score-loss-cases.js";
import { scoreLossFloors } from "../../support/score-loss-floors.js";
import type { TargetOptions } from "../../support/target-cases.js";
import { stateWith } from "../../support/target-cases.js";

type Arguments = On<ScoreLossStepArguments, HostMatrix>;
const outputs = { logits: "updated", gradient: "written", out: "updated" } as const;
const formOf = (name: string): ScoreLossForm => FORMS[name] as ScoreLossForm;

/** Multiples of 2⁻¹² below 8: half of one added to another is exact in float32. */
const grid = (m: HostMatrix): HostMatrix => ({
  ...m,
  data: (m.data as Float32Array).map((v) => Math.round(v * 4096) / 4096),
});

function caseOf(shape: string, step: number, form: ScoreLossForm, options: TargetOptions = {}, parts = 1): Arguments {
  const { rows, columns } = shapeOf(shape);
  return {
    ...targetsOf({ rows, columns }, form, options),
    logits: grid(moderate({ rows, columns })),
    direction: grid(moderate({ rows, columns }, 17)),
    state: stateWith({ step }),
    scale: 0.5,
    gradient: f32Matrix(rows, columns),
    out: f32Matrix(parts, 4),
  };
}

async function expectParity(
  engines: Parameters<typeof runOp>[0],
  op: typeof scoreLossStep,
  args: Arguments,
  options: TargetOptions,
): Promise<void> {
  const { truth, webgpu, cpu } = await runOp(engines, op, args, outputs);
  const logits = { ...args.logits, data: Float32Array.from(truth.logits as Float64Array) };
  const { kind, delta, power, largest } = args;
  const there = { ...scoreLossCase(logits, { kind, delta, power, largest }, options), scale: 0.5 };
  const exact = referenceOf(scoreLoss, there, { loss: "written", gradient: "written" });
  const floors = scoreLossFloors(there);
  const total = (exact.loss as Float64Array).reduce((sum, v) => sum + v, 0);
  for (const [device, actual] of Object.entries({ webgpu, cpu })) {
    expectSameBits(actual.logits as Float32Array, logits.data, device);
    expectClose(actual.gradient as Float32Array, exact.gradient as Float64Array, {
      floor: floors.gradient,
      label: device,
    });
    const sums = columnSums(actual.out as Float32Array, args.out);
    expectClose(sums, [total, 0, 0, 0], { floor: floors.line[0], label: `${device} Σℓ` });
    expect(sums[3]).toBe(0);
  }
}

const CASES = [
  ...FORM_NAMES.map((form) => ({ form, shapes: ["67×3"] })),
  { form: "brier", shapes: ["13×37", "2×4099"] },
  { form: "margin, square of the largest", shapes: ["13×37"] },
];

test.for(CASES)("$form, $shapes", async ({ form, shapes }, { engines }) => {
  for (const shape of shapes) await expectParity(engines, scoreLossStep, caseOf(shape, 0.5, formOf(form)), {});
});

test.for(FORM_NAMES)("%s with all that targets may be, in parts, blocks and launches", async (name, { engines }) => {
  for (const options of targetOptionsOf(formOf(name)).slice(1)) {
    const op = cutUp(scoreLossStep, 128, 1, ["out", "labels", "rowWeight", "state"]);
    await expectParity(engines, op, caseOf("300×3", -0.5, formOf(name), options, 7), options);
  }
});

describe.for(ENGINE_DEVICES)("on %s", (device) => {
  test("a step of 0 leaves the scores alone, whatever the direction is", async ({ engines }) => {
    const args = caseOf("70×5", 0, formOf("brier"));
    args.direction.data.fill(Number.NaN);
    const results = await outputsOn(engines[device], scoreLossStep, args, outputs);
    expectSameBits(results.logits as Float32Array, args.logits.data as Float32Array);
    expect(results.out?.[0]).toBeGreaterThan(0);
    expect(results.out?.[3]).toBe(0);
  });

  test("nothing is done when the solver has stopped or still searches", async ({ engines }) => {
    for (const state of [stateWith({ running: 0, step: 1 }), stateWith({ trials: 1, step: 1 })]) {
      const args = { ...caseOf("70×5", 1, formOf("margin")), state };
      const results = await outputsOn(engines[device], scoreLossStep, args, { ...outputs, gradient: "updated" });
      expectSameBits(results.logits as Float32Array, args.logits.data as Float32Array);
      expectSameBits(results.gradient as Float32Array, args.gradient.data as Float32Array);
      expect(Array.from(results.out as Float32Array)).toEqual([0, 0, 0, 0]);
    }
  });

  test.for(FORM_NAMES)(
    "%s: a row that cannot be right is counted, and NaN in the gradient",
    async (name, { engines }) => {
      const args = { ...caseOf("70×5", 0.5, formOf(name)), rowWeight: f32Vector(new Float32Array(70).fill(1)) };
      for (const kind of NOT_FINITE) {
        for (const faulty of [
          { ...args, logits: spoilt(args.logits, 66 * 5 + 2, kind) },
          { ...args, direction: spoilt(args.direction, 66 * 5 + 2, kind) },
          { ...args, rowWeight: spoilt(args.rowWeight, 66, kind) },
        ]) {
          const { out, gradient } = await outputsOn(engines[device], scoreLossStep, faulty, outputs);
          expect(out?.[3]).toBe(1);
          expect(Number.isFinite(out?.[0])).toBe(true);
          const rows = gradient as Float32Array;
          expect(Array.from(rows.subarray(330, 335)).every(Number.isNaN)).toBe(true);
          expect(Array.from(rows.subarray(0, 330)).every(Number.isFinite)).toBe(true);
        }
      }
    },
  );
});
