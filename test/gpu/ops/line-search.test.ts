import { expect } from "vitest";
import { crossEntropy } from "../../../src/ops/cross-entropy.js";
import type { LineSearchArguments } from "../../../src/ops/line-search.js";
import { lineSearch } from "../../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { STATE } from "../../../src/ops/solver-state.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { lineSearch32 } from "../../support/float32-baselines.js";
import { lineSearchFloors } from "../../support/line-search-floors.js";
import type { OpResults } from "../../support/op-cases.js";
import { columnSums, cutUp, f32Matrix, outputsOn, referenceOf, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { moderate, nameOf, ROW_CASES, shapeOf } from "../../support/row-cases.js";
import { crossEntropyCase, lineSearchCase, stateWith, TARGET_OPTIONS, targetsFor } from "../../support/target-cases.js";

type Arguments = On<LineSearchArguments, HostMatrix>;
const outputs = { out: "written" } as const;
const VALUES = ["φ", "φ′", "φ″"] as const;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const { data } = args.state;
  const truthHere = columnSums(truth.out, args.out);
  for (const [device, { out }] of Object.entries({ webgpu, cpu })) {
    const here = columnSums(out, args.out);
    for (let trial = 0; trial < data[STATE.trials]; trial++) {
      const step = data[STATE.steps + trial];
      const floors = lineSearchFloors(args, step);
      const baseline = lineSearch32(args, step);
      VALUES.forEach((name, v) => {
        const at = 4 * trial + v;
        expectClose(here.slice(at, at + 1), truthHere.slice(at, at + 1), {
          floor: floors[v] as number,
          baseline32: baseline.slice(v, v + 1),
          label: `${device} ${name} at ${step}, ${label}`,
        });
      });
      expect(here[4 * trial + 3]).toBe(0);
    }
    // Of steps that nobody wants there is nothing.
    expect(here.slice(4 * data[STATE.trials]).every((v) => v === 0)).toBe(true);
  }
}

test.for(ROW_CASES.map(nameOf))("%s", async (name, { engines }) => {
  const args = lineSearchCase(moderate(shapeOf(name)), [0.625, 0, -0.25]);
  expectParity(await runOp(engines, lineSearch, args, outputs), args, name);
});

test.for(TARGET_OPTIONS)("%j", async (options, { engines }) => {
  for (const shape of [
    { rows: 130, columns: 3 },
    { rows: 3, columns: 4098 },
  ]) {
    const logits = moderate(shape);
    const args = lineSearchCase(logits, -0.3, targetsFor(logits, options));
    expectParity(await runOp(engines, lineSearch, args, outputs), args, nameOf(shape));
  }
});

test("matrices in several blocks, each in several launches", async ({ engines }) => {
  for (const options of [{}, { rowWeight: true }, { soft: true, rowWeight: true }]) {
    const logits = moderate({ rows: 300, columns: 6 });
    const args = lineSearchCase(logits, 1, targetsFor(logits, options));
    const op = cutUp(lineSearch, 128, 1, ["out", "labels", "rowWeight", "classWeight", "state"]);
    expectParity(await runOp(engines, op, args, outputs), args, JSON.stringify(options));
  }
});

test("at t = 0, φ is the sum of the losses of cross-entropy and φ′ the gradient along d", async ({ engines }) => {
  const logits = moderate({ rows: 40, columns: 7 });
  for (const options of [{}, ...TARGET_OPTIONS]) {
    const targets = targetsFor(logits, options);
    const args = lineSearchCase(logits, 0, targets);
    const { loss, gradient } = referenceOf(crossEntropy, crossEntropyCase(logits, targets), {
      loss: "written",
      gradient: "written",
    }) as { loss: Float64Array; gradient: Float64Array };
    const total = loss.reduce((sum, value) => sum + value, 0);
    const slope = gradient.reduce((sum, value, e) => sum + value * (args.direction.data[e] as number), 0);
    const floors = lineSearchFloors(args, 0);
    for (const device of ENGINE_DEVICES) {
      const { out } = await outputsOn(engines[device], lineSearch, args, outputs);
      [total, slope].forEach((expected, v) => {
        const label = `${device} ${VALUES[v]} ${JSON.stringify(options)}`;
        expectClose([out?.[v] as number], [expected], { floor: floors[v] as number, label });
      });
    }
  }
});

test("φ′ and φ″ are what finite differences of φ and φ′ give", () => {
  const logits = moderate({ rows: 9, columns: 6 });
  // Central differences err by h²/6 times a third derivative, here of order 10, and by 1e-16·φ/h of rounding; t ± h is exact in the float32 of the state.
  const h = 2 ** -13;
  for (const options of [{}, ...TARGET_OPTIONS]) {
    const valuesAt = (step: number): Float64Array =>
      referenceOf(lineSearch, lineSearchCase(logits, step, targetsFor(logits, options)), outputs).out as Float64Array;
    for (const t of [-0.5, 0, 0.75]) {
      const [before, here, after] = [valuesAt(t - h), valuesAt(t), valuesAt(t + h)] as const;
      const differences = [0, 1].map((v) => ((after[v] as number) - (before[v] as number)) / (2 * h));
      expectClose(differences, here.slice(1, 3), { floor: 1e-6, label: `${JSON.stringify(options)} at ${t}` });
    }
  }
});

test.for([1, 2, 7, 64])("left in %i parts, which add up to the same", async (parts, { engines }) => {
  for (const [rows, columns] of [
    [300, 6],
    [1000, 67],
  ] as const) {
    const args = lineSearchCase(moderate({ rows, columns }), [1, 0.5, 2, 0]);
    const out = f32Matrix(parts, args.out.columns);
    expectParity(await runOp(engines, lineSearch, { ...args, out }, outputs), { ...args, out }, `${rows}×${columns}`);
    const op = cutUp(lineSearch, 128, 1, ["out", "labels", "state"]);
    expectParity(await runOp(engines, op, { ...args, out }, outputs), { ...args, out }, `${rows}×${columns}, cut up`);
  }
});

test("no step wanted: nothing, whatever the steps are", async ({ engines }) => {
  const args = lineSearchCase(moderate({ rows: 100, columns: 3 }), [1, 2]);
  const idle = { ...args, state: stateWith({ trials: 0 }, [Number.NaN, 1]) };
  const { webgpu, cpu } = await runOp(engines, lineSearch, idle, outputs);
  for (const { out } of [webgpu, cpu]) expect(Array.from(out)).toEqual(new Array(8).fill(0));
});

test("the same arguments give the same bits", async ({ engines }) => {
  const args = lineSearchCase(moderate({ rows: 40_000, columns: 3 }), 0.5);
  const runs = [
    await outputsOn(engines.webgpu, lineSearch, args, outputs),
    await outputsOn(engines.webgpu, lineSearch, args, outputs),
  ];
  expectSameBits(runs[0]?.out as Float32Array, runs[1]?.out as Float32Array);
});

test("huge logits that stay finite", async ({ engines }) => {
  const logits = f32Matrix(4, 3, Float32Array.of(1e4, -1e4, 0, 0, 1e4, 1e4, -1e4, -1e4, -1e4, 40, 0, 0));
  for (const step of [0, 1, -1]) {
    const args = { ...lineSearchCase(logits, step), direction: f32Matrix(4, 3, randomValues(12, 1)) };
    expectParity(await runOp(engines, lineSearch, args, outputs), args, `step ${step}`);
  }
});
