import { describe, expect } from "vitest";
import type { Engine } from "../../../src/index.js";
import type { LineSearchArguments } from "../../../src/ops/line-search.js";
import { lineSearch } from "../../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { f32Matrix, f32Vector, i32Vector, outputsOn } from "../../support/op-cases.js";
import { moderate, NOT_FINITE, spoilt } from "../../support/row-cases.js";
import { IGNORED, lineSearchCase } from "../../support/target-cases.js";

type Arguments = On<LineSearchArguments, HostMatrix>;
const outputs = { out: "written" } as const;

describe.each(ENGINE_DEVICES)("what cannot be right on %s", (device) => {
  const clean = (columns: number): Arguments => ({
    ...lineSearchCase(moderate({ rows: 70, columns }), 0.5),
    rowWeight: f32Vector(new Float32Array(70).fill(1)),
  });

  /** One row is a fault, and everything else as if it had not been there. */
  const expectOneFault = async (engine: Engine, faulty: Arguments, args: Arguments): Promise<void> => {
    const without = { ...args, rowWeight: f32Vector(new Float32Array(70).map((_, i) => Number(i !== 66))) };
    const { out } = await outputsOn(engine, lineSearch, faulty, outputs);
    const { out: others } = await outputsOn(engine, lineSearch, without, outputs);
    expect(out?.[3]).toBe(1);
    expectSameBits((out as Float32Array).subarray(0, 3), (others as Float32Array).subarray(0, 3), device);
  };

  test.for(NOT_FINITE)(
    "%s in logits, direction or weights is counted, and the row left out",
    async (kind, { engines }) => {
      for (const columns of [3, 17, 1000]) {
        const args = clean(columns);
        const place = 66 * columns + (columns >> 1);
        for (const faulty of [
          { ...args, logits: spoilt(args.logits, place, kind) },
          { ...args, direction: spoilt(args.direction, place, kind) },
          { ...args, rowWeight: spoilt(args.rowWeight as HostMatrix, 66, kind) },
        ]) {
          await expectOneFault(engines[device], faulty, args);
        }
      }
    },
  );

  test("so do labels that are no class and moved logits beyond float32", async ({ engines }) => {
    const args = clean(3);
    const huge = f32Matrix(70, 3, new Float32Array(210).fill(3e38));
    for (const faulty of [
      ...[-1, 3, 1e9].map((label) => ({
        ...args,
        labels: i32Vector(Array.from(args.labels?.data as Int32Array, (y, i) => (i === 66 ? label : y))),
      })),
    ]) {
      await expectOneFault(engines[device], faulty, args);
    }
    const { out } = await outputsOn(engines[device], lineSearch, { ...args, logits: huge, direction: huge }, outputs);
    expect(Array.from(out as Float32Array)).toEqual([0, 0, 0, 70]);
  });

  test("a row of weight 0, or ignored, may hold anything", async ({ engines }) => {
    const args = clean(3);
    const without = { ...args, rowWeight: f32Vector(new Float32Array(70).map((_, i) => Number(i !== 66))) };
    const { out } = await outputsOn(engines[device], lineSearch, without, outputs);
    const garbage = spoilt(spoilt(args.logits, 199, "NaN"), 200, "infinity");
    garbage.data[198] = 3e38;
    const labels = Int32Array.from(args.labels?.data as Int32Array, (label, i) => (i === 66 ? IGNORED : label));
    for (const absent of [
      { ...without, logits: garbage },
      { ...args, labels: i32Vector(labels), logits: garbage },
    ]) {
      const again = await outputsOn(engines[device], lineSearch, absent, outputs);
      expectSameBits(again.out as Float32Array, out as Float32Array, device);
    }
  });
});
