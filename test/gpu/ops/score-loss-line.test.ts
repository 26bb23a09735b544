import { describe, expect } from "vitest";
import { scoreLossLine } from "../../../src/ops/score-loss-line.js";
import type { ScoreLossForm } from "../../../src/ops/score-loss-rows.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { columnSums, cutUp, f32Matrix, f32Vector, i32Vector, outputsOn, runOp } from "../../support/op-cases.js";
import { moderate, NOT_FINITE, shapeOf, spoilt } from "../../support/row-cases.js";
import { FORM_NAMES, FORMS, isMargin, scoreLossLineCase, targetOptionsOf } from "../../support/score-loss-cases.js";
import { scoreLossFloors } from "../../support/score-loss-floors.js";
import { stateWith } from "../../support/target-cases.js";

type Arguments = ReturnType<typeof scoreLossLineCase>;
const outputs = { out: "written" } as const;
const VALUES = ["φ", "φ′", "φ″"] as const;
const formOf = (name: string): ScoreLossForm => FORMS[name] as ScoreLossForm;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const { data } = args.state;
  const expected = columnSums(truth.out, args.out);
  for (const [device, { out }] of Object.entries({ webgpu, cpu })) {
    const here = columnSums(out, args.out);
    for (let trial = 0; trial < data[STATE.trials]; trial++) {
      const step = data[STATE.steps + trial] as number;
      const { line } = scoreLossFloors(args, { direction: args.direction, step });
      VALUES.forEach((name, v) => {
        const at = 4 * trial + v;
        const allowance = { floor: line[v] as number, label: `${device} ${name} at ${step}, ${label}` };
        expectClose(here.slice(at, at + 1), expected.slice(at, at + 1), allowance);
      });
      expect(here[4 * trial + 3]).toBe(0);
    }
    // Of steps that nobody wants there is nothing.
    expect(here.slice(4 * data[STATE.trials]).every((v) => v === 0)).toBe(true);
  }
}

const CASES = [
  ...FORM_NAMES.map((form) => ({ form, shapes: ["67×3"] })),
  { form: "brier", shapes: ["13×37", "2×4099"] },
  { form: "margin, square of the largest", shapes: ["13×37"] },
];

test.for(CASES)("$form, $shapes", async ({ form, shapes }, { engines }) => {
  for (const shape of shapes) {
    const args = scoreLossLineCase(moderate(shapeOf(shape)), [0.625, 0, -0.25], formOf(form));
    expectParity(await runOp(engines, scoreLossLine, args, outputs), args, shape);
  }
});

test.for(FORM_NAMES)("%s with all that targets may be, in parts, blocks and launches", async (name, { engines }) => {
  for (const options of targetOptionsOf(formOf(name)).slice(1)) {
    const args = scoreLossLineCase(moderate({ rows: 300, columns: 3 }), 0.5, formOf(name), options);
    const parts = { ...args, out: f32Matrix(7, 4) };
    const op = cutUp(scoreLossLine, 128, 1, ["out", "labels", "rowWeight", "state"]);
    expectParity(await runOp(engines, op, parts, outputs), parts, JSON.stringify(options));
  }
});

test("no step wanted: nothing", async ({ engines }) => {
  const args = scoreLossLineCase(moderate({ rows: 100, columns: 3 }), [1, 2], formOf("brier"));
  const idle = { ...args, state: stateWith({ trials: 0 }, [Number.NaN, 1]) };
  const { webgpu, cpu } = await runOp(engines, scoreLossLine, idle, outputs);
  for (const { out } of [webgpu, cpu]) expect(Array.from(out as Float32Array)).toEqual(new Array(8).fill(0));
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(FORM_NAMES)("%s: a row that cannot be right is counted, and left out", async (name, { engines }) => {
    const ones = new Float32Array(70).fill(1);
    const args = {
      ...scoreLossLineCase(moderate({ rows: 70, columns: 5 }), 0.5, formOf(name)),
      rowWeight: f32Vector(ones),
    };
    const without = { ...args, rowWeight: f32Vector(ones.map((_, i) => Number(i !== 66))) };
    const { out: others } = await outputsOn(engines[device], scoreLossLine, without, outputs);
    const labels = Array.from(args.labels?.data as Int32Array, (y, i) => (i === 66 ? 5 : y));
    const faulty = NOT_FINITE.flatMap((kind) => [
      { ...args, logits: spoilt(args.logits, 66 * 5 + 2, kind) },
      { ...args, direction: spoilt(args.direction, 66 * 5 + 2, kind) },
      { ...args, rowWeight: spoilt(args.rowWeight, 66, kind) },
    ]);
    for (const each of [...faulty, { ...args, labels: i32Vector(labels) }]) {
      const { out } = await outputsOn(engines[device], scoreLossLine, each, outputs);
      expect(out?.[3]).toBe(1);
      expectSameBits((out as Float32Array).subarray(0, 3), (others as Float32Array).subarray(0, 3));
    }
  });

  test("scores that move beyond float32, and losses beyond it, are faults", async ({ engines }) => {
    const huge = f32Matrix(70, 3, new Float32Array(210).fill(3e38));
    const apart = f32Matrix(
      70,
      3,
      Float32Array.from({ length: 210 }, (_, e) => (e % 3 === 0 ? -3e38 : 3e38)),
    );
    const still = f32Matrix(70, 3);
    for (const name of FORM_NAMES) {
      const args = { ...scoreLossLineCase(huge, 0.5, formOf(name)), labels: i32Vector(new Int32Array(70)) };
      const moved = await outputsOn(engines[device], scoreLossLine, { ...args, direction: huge }, outputs);
      expect(Array.from(moved.out as Float32Array), name).toEqual([0, 0, 0, 70]);
      const lost = await outputsOn(
        engines[device],
        scoreLossLine,
        { ...args, logits: apart, direction: still },
        outputs,
      );
      const bounded = !isMargin(formOf(name)) && name !== "squared";
      expect(lost.out?.[3], name).toBe(bounded ? 0 : 70);
    }
  });
});
