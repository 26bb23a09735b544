import { describe, expect } from "vitest";
import type { HostMatrix } from "../../../src/ops/op.js";
import { summarize } from "../../../src/ops/summarize.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { cutUp, expectRounded, f32Vector, outputsOn, runOp, tensorOf } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { NOT_FINITE, nameOf, shapeOf, spoilt } from "../../support/row-cases.js";
import { VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const f = Math.fround;
const outputs = { out: "written" } as const;
const summaryOf = (x: HostMatrix) => ({ x, out: f32Vector([0, 0, 0, 0]) });

/** Quads round one workgroup's 4,096, a few workgroups, the most of them (256). */
const LONG: readonly RowCase[] = [
  { rows: 4095, columns: 4 },
  { rows: 4096, columns: 4 },
  { rows: 4097, columns: 4 },
  { rows: 30_001, columns: 3 },
];

/**
 * A value passes 4 operations in its quad, a sum for each quad of its thread (4,096/256, or more when 256 workgroups do not
 * go round), 8 levels of 256 threads and 9 of the merge: so many times ½ ULP of Σ |x| and Σ x².
 */
function expectParity({ truth, webgpu, cpu }: Awaited<ReturnType<typeof runOp>>, x: HostMatrix, label: string): void {
  const quads = x.rows * Math.ceil(x.columns / 4);
  const rounding = 0.5 * ULP * (4 + Math.max(16, quads / 65_536) + 8 + 9);
  let [sum, squares, magnitude] = [0, 0, 0];
  for (const value of x.data) {
    sum = f(sum + value);
    squares = f(squares + f(value * value));
    magnitude += Math.abs(value);
  }
  const [trueSum, trueSquares, largest, faults] = truth.out as Float64Array;
  const got = webgpu.out as Float32Array;
  expectClose([got[0] as number], [trueSum as number], {
    baseline32: [sum],
    floor: rounding * magnitude,
    label: `webgpu Σx, ${label}`,
  });
  expectClose([got[1] as number], [trueSquares as number], {
    baseline32: [squares],
    floor: rounding * (trueSquares as number),
    label: `webgpu Σx², ${label}`,
  });
  expect([got[2], got[3]], `webgpu, ${label}`).toEqual([largest, faults]);
  expectRounded(cpu.out, truth.out, `cpu ${label}`);
}

test.for([...VALUE_CASES, ...LONG].map(nameOf))("%s", async (name, { engines }) => {
  const x = valuesFor(shapeOf(name), 1);
  expectParity(await runOp(engines, summarize, summaryOf(x), outputs), x, name);
});

test("matrices in several blocks", async ({ engines }) => {
  const x = valuesFor({ rows: 300, columns: 5 }, 1);
  expectParity(await runOp(engines, cutUp(summarize, 128, 1, ["out"]), summaryOf(x), outputs), x, "cut up");
});

test("the largest value is found wherever it is, whatever its sign", async ({ engines }) => {
  for (const place of [0, 1, 2, 3, 17_000, 39_998]) {
    for (const value of [-7.5, 7.5]) {
      const x = valuesFor({ rows: 13_333, columns: 3 }, 1);
      x.data[place] = value;
      for (const device of ENGINE_DEVICES) {
        const { out } = await outputsOn(engines[device], summarize, summaryOf(x), outputs);
        expect((out as Float32Array)[2], `${device}, ${value} at ${place}`).toBe(7.5);
      }
    }
  }
});

test("the same values give the same bits", async ({ engines }) => {
  const args = summaryOf(valuesFor({ rows: 30_001, columns: 3 }, 1));
  const first = await outputsOn(engines.webgpu, summarize, args, outputs);
  const second = await outputsOn(engines.webgpu, summarize, args, outputs);
  expectSameBits(second.out as Float32Array, first.out as Float32Array);
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test.for(NOT_FINITE)("%s is counted and left out, wherever it is", async (kind, { engines }) => {
    for (const shape of [
      { rows: 5, columns: 7 },
      { rows: 13_333, columns: 3 },
    ]) {
      const clean = valuesFor(shape, 1);
      const { length } = clean.data;
      const places = [0, 3, length >> 1, length - 1];
      const faulty = places.reduce((m, place) => spoilt(m, place, kind), clean);
      const zeroed = { ...clean, data: Float32Array.from(clean.data, (x, e) => (places.includes(e) ? 0 : x)) };
      const [got, expected] = [
        await outputsOn(engines[device], summarize, summaryOf(faulty), outputs),
        await outputsOn(engines[device], summarize, summaryOf(zeroed), outputs),
      ];
      const [sum, squares, largest] = expected.out as Float32Array;
      expect(Array.from(got.out as Float32Array), nameOf(shape)).toEqual([sum, squares, largest, places.length]);
    }
  });

  test("counts exactly beyond one workgroup", async ({ engines }) => {
    const x = { ...valuesFor({ rows: 20_001, columns: 5 }, 1), data: new Float32Array(100_005).fill(Number.NaN) };
    const { out } = await outputsOn(engines[device], summarize, summaryOf(x), outputs);
    expect(Array.from(out as Float32Array)).toEqual([0, 0, 0, 100_005]);
  });

  test("sees the rows of a slice and nothing else", async ({ engines }) => {
    const engine = engines[device];
    const x = tensorOf(engine, {
      ...valuesFor({ rows: 9, columns: 3 }, 1),
      data: Float32Array.from({ length: 27 }, (_, e) => e),
    });
    const v = tensorOf(engine, f32Vector([1, 2, 3, 4, 5, 6, 7]));
    const [ofRows, ofRow, ofVector] = await engine.read(
      engine.summarize(x.slice(2, 3)),
      engine.summarize(x.row(8)),
      engine.summarize(v.slice(4, 3)),
    );
    expect(Array.from(ofRows as Float32Array)).toEqual([90, 960, 14, 0]);
    expect(Array.from(ofRow as Float32Array)).toEqual([75, 1877, 26, 0]);
    expect(Array.from(ofVector as Float32Array)).toEqual([18, 110, 7, 0]);
  });
});
