import { describe, expect } from "vitest";
import type { CrossEntropyArguments } from "../../../src/ops/cross-entropy.js";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { crossEntropy32 } from "../../support/float32-baselines.js";
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
import { largestLogits } from "../../support/random-matrix.js";
import {
  extreme,
  FOLDED_CASE,
  moderate,
  NOT_FINITE,
  nameOf,
  ROW_CASES,
  shapeOf,
  spoilt,
} from "../../support/row-cases.js";
import { crossEntropyCase, TARGET_OPTIONS, targetsFor } from "../../support/target-cases.js";
import { crossEntropyFloors } from "../../support/wgsl-accuracy.js";

type Arguments = On<CrossEntropyArguments, HostMatrix>;
const outputs = { loss: "written", gradient: "written" } as const;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const floors = crossEntropyFloors(args, truth.gradient);
  const baseline = crossEntropy32(args);
  for (const name of ["loss", "gradient"] as const) {
    const allowance = { ...floors[name], baseline32: baseline[name] };
    expectClose(webgpu[name], truth[name], { ...allowance, label: `webgpu ${name}, ${label}` });
    expectClose(cpu[name], truth[name], { ...allowance, label: `cpu ${name}, ${label}` });
  }
}

test.for(ROW_CASES.map(nameOf))("%s", async (name, { engines }) => {
  const args = crossEntropyCase(moderate(shapeOf(name)));
  expectParity(await runOp(engines, crossEntropy, args, outputs), args, name);
});

test.for([1, 2, 5, 17, 100, 1000, 4097])("logits to ±1e4 and ±3e38, %d columns", async (columns, { engines }) => {
  const lowest = f32Matrix(2, columns, new Float32Array(2 * columns).fill(-3.4028234663852886e38));
  for (const logits of [
    extreme({ rows: 24, columns }),
    f32Matrix(15, columns, largestLogits(15, columns, columns)),
    lowest,
  ]) {
    const args = crossEntropyCase(logits);
    expectParity(await runOp(engines, crossEntropy, args, outputs), args, `${columns} columns`);
  }
});

test.for(TARGET_OPTIONS)("%j", async (options, { engines }) => {
  for (const shape of [
    { rows: 130, columns: 3 },
    { rows: 3, columns: 4098 },
  ]) {
    const logits = moderate(shape);
    const args = {
      ...crossEntropyCase(logits, targetsFor(logits, options)),
      scale: -0.7,
      denominator: f32Vector([3.5, 0, 0, 0]),
    };
    expectParity(await runOp(engines, crossEntropy, args, outputs), args, nameOf(shape));
  }
});

test("the loss alone", async ({ engines }) => {
  for (const columns of [3, 17]) {
    const args = { ...crossEntropyCase(moderate({ rows: 70, columns })), gradient: undefined };
    const whole = crossEntropyCase(args.logits);
    const { truth, webgpu, cpu } = await runOp(engines, crossEntropy, args, { loss: "written" });
    const { loss } = crossEntropyFloors(whole, referenceOf(crossEntropy, whole, outputs).gradient);
    const allowance = { ...loss, baseline32: crossEntropy32(whole).loss };
    expectClose(webgpu.loss, truth.loss, { ...allowance, label: "webgpu" });
    expectClose(cpu.loss, truth.loss, { ...allowance, label: "cpu" });
  }
});

test("rows past the first row of a folded grid", async ({ engines }) => {
  const args = crossEntropyCase(moderate(FOLDED_CASE));
  const truth = referenceOf(crossEntropy, args, outputs);
  const webgpu = await outputsOn(engines.webgpu, folded(crossEntropy), args, outputs);
  const floors = crossEntropyFloors(args, truth.gradient);
  expectClose(webgpu.loss, truth.loss, { ...floors.loss, label: "folded loss" });
  expectClose(webgpu.gradient, truth.gradient, { ...floors.gradient, label: "folded gradient" });
});

test.for([{}, { rowWeight: true }, { soft: true, rowWeight: true }])(
  "matrices in several blocks, each in several launches: %j",
  async (options, { engines }) => {
    const logits = moderate({ rows: 300, columns: 6 });
    const args = crossEntropyCase(logits, targetsFor(logits, options));
    const op = cutUp(crossEntropy, 128, 1, ["loss", "labels", "rowWeight", "classWeight"]);
    expectParity(await runOp(engines, op, args, outputs), args, "cut up");
  },
);

describe.each(ENGINE_DEVICES)("what cannot be right is NaN on %s", (device) => {
  /** Row 1 of 3 must be NaN in loss and gradient, the others as they are without the fault. */
  async function expectOnlyRowOneSpoilt(
    run: (args: Arguments) => Promise<Record<string, ArrayLike<number>>>,
    clean: Arguments,
    faulty: Arguments,
    label: string,
  ): Promise<void> {
    const { columns } = clean.logits;
    const [expected, got] = [await run(clean), await run(faulty)];
    for (const [name, width] of [["loss", 1] as const, ["gradient", columns] as const]) {
      const wanted = Array.from(expected[name] as ArrayLike<number>, (value, e) =>
        Math.floor(e / width) === 1 ? Number.NaN : value,
      );
      expect(Array.from(got[name] as ArrayLike<number>), `${name}, ${label}`).toEqual(wanted);
    }
  }

  test.for(NOT_FINITE)("a logit of %s", async (kind, { engines }) => {
    const run = (args: Arguments) => outputsOn(engines[device], crossEntropy, args, outputs);
    for (const columns of [3, 17, 1000, 5000]) {
      const clean = crossEntropyCase(moderate({ rows: 3, columns }));
      for (const column of [0, columns >> 1, columns - 1]) {
        const faulty = { ...clean, logits: spoilt(clean.logits, columns + column, kind) };
        await expectOnlyRowOneSpoilt(run, clean, faulty, `column ${column} of ${columns}`);
      }
    }
  });

  test.for(NOT_FINITE)("a row weight of %s", async (kind, { engines }) => {
    const run = (args: Arguments) => outputsOn(engines[device], crossEntropy, args, outputs);
    const clean = { ...crossEntropyCase(moderate({ rows: 3, columns: 5 })), rowWeight: f32Vector([1, 1, 1]) };
    await expectOnlyRowOneSpoilt(run, clean, { ...clean, rowWeight: spoilt(clean.rowWeight, 1, kind) }, kind);
  });

  test.for([-1, -101, 5, 6, 1e9, -2_147_483_648])("the label %d of 5 classes", async (label, { engines }) => {
    const run = (args: Arguments) => outputsOn(engines[device], crossEntropy, args, outputs);
    const clean = { ...crossEntropyCase(moderate({ rows: 3, columns: 5 })), labels: i32Vector([0, 4, 2]) };
    await expectOnlyRowOneSpoilt(run, clean, { ...clean, labels: i32Vector([0, label, 2]) }, `label ${label}`);
  });

  test("is counted by engine.summarize, and makes the mean NaN", async ({ engines }) => {
    const engine = engines[device];
    const logits = engine.empty([3, 5]);
    engine.write(logits, spoilt(moderate({ rows: 3, columns: 5 }), 7, "NaN").data);
    const { loss, gradient } = engine.crossEntropy(logits, [0, 1, 2]);
    const [mean, summary] = await engine.read(loss, engine.summarize(gradient));
    expect(mean?.[0]).toBeNaN();
    expect(summary?.[3]).toBe(5);
  });
});
