import fc from "fast-check";
import { describe, expect } from "vitest";
import type { HostMatrix } from "../../../src/ops/op.js";
import { softmax } from "../../../src/ops/softmax.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { softmax32 } from "../../support/float32-baselines.js";
import type { OpResults } from "../../support/op-cases.js";
import { cutUp, f32Matrix, folded, outputsOn, referenceOf, runOp } from "../../support/op-cases.js";
import { largestLogits, randomValues } from "../../support/random-matrix.js";
import type { RowCase } from "../../support/row-cases.js";
import {
  extreme,
  FOLDED_CASE,
  moderate,
  NOT_FINITE,
  nameOf,
  permuted,
  ROW_CASES,
  randomOrder,
  shapeOf,
  spoilt,
} from "../../support/row-cases.js";
import type { Floor } from "../../support/wgsl-accuracy.js";
import { logSumError, probabilityError, SMALLEST_NORMAL, spreadOf, ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;

const softmaxOf = (logits: HostMatrix, log: boolean) => ({ logits, out: f32Matrix(logits.rows, logits.columns), log });

/** p has a relative error, log p = −u − log S an absolute one; ½ ULP for each of u and the difference. */
function allowanceOf(logits: HostMatrix, log: boolean): Floor {
  return log
    ? { floor: logSumError(logits.columns), relativeFloor: ULP }
    : { floor: SMALLEST_NORMAL, relativeFloor: probabilityError(logits.columns, spreadOf(logits)) };
}

function expectParity({ truth, webgpu, cpu }: OpResults, logits: HostMatrix, log: boolean, label: string): void {
  const allowance = { ...allowanceOf(logits, log), baseline32: softmax32(logits, log) };
  expectClose(webgpu.out, truth.out, { ...allowance, label: `webgpu ${label}` });
  expectClose(cpu.out, truth.out, { ...allowance, label: `cpu ${label}` });
}

describe.each([false, true])("softmax, logarithms %s", (log) => {
  test.for(ROW_CASES.map(nameOf))("%s", async (name, { engines }) => {
    const logits = moderate(shapeOf(name));
    expectParity(await runOp(engines, softmax, softmaxOf(logits, log), outputs), logits, log, name);
  });

  test.for([1, 2, 5, 17, 100, 1000, 4097])("logits to ±1e4 and ±3e38, %d columns", async (columns, { engines }) => {
    for (const logits of [
      extreme({ rows: 24, columns }),
      f32Matrix(15, columns, largestLogits(15, columns, columns)),
      f32Matrix(1, columns, new Float32Array(columns).fill(-3.4028234663852886e38)),
    ]) {
      expectParity(await runOp(engines, softmax, softmaxOf(logits, log), outputs), logits, log, `${columns} columns`);
    }
  });

  test("rows past the first row of a folded grid", async ({ engines }) => {
    const logits = moderate(FOLDED_CASE);
    const { out } = await outputsOn(engines.webgpu, folded(softmax), softmaxOf(logits, log), outputs);
    const truth = referenceOf(softmax, softmaxOf(logits, log), outputs);
    expectClose(out, truth.out, { ...allowanceOf(logits, log), label: "folded" });
  });

  test("matrices in several blocks, each in several launches", async ({ engines }) => {
    const logits = moderate({ rows: 300, columns: 5 });
    expectParity(await runOp(engines, cutUp(softmax, 128), softmaxOf(logits, log), outputs), logits, log, "cut up");
  });

  test.for(NOT_FINITE)("%s spoils its row and no other", async (kind, { engines }) => {
    for (const columns of [3, 17, 1000, 5000]) {
      const clean = moderate({ rows: 3, columns });
      for (const column of [0, columns >> 1, columns - 1]) {
        const args = softmaxOf(spoilt(clean, columns + column, kind), log);
        for (const device of ENGINE_DEVICES) {
          const { out } = await outputsOn(engines[device], softmax, args, outputs);
          const faulty = Array.from(out, (value, e) => (Number.isNaN(value) ? e : -1)).filter((e) => e >= 0);
          expect(faulty, `${device}, column ${column} of ${columns}`).toEqual(
            Array.from({ length: columns }, (_, j) => columns + j),
          );
        }
      }
    }
  });
});

describe("properties", () => {
  const shapes = fc.record({ rows: fc.integer({ min: 1, max: 9 }), columns: fc.constantFrom(1, 7, 33, 90) });
  const seeds = fc.integer({ min: 1, max: 1e6 });
  const runs = { numRuns: 12 };

  test("rows sum to 1", async ({ engines }) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, async (shape, seed) => {
        const { out } = await outputsOn(engines.webgpu, softmax, softmaxOf(moderate(shape, seed), false), outputs);
        // The shares' relative errors, weighted by the shares; Σ p·u ≤ ln k.
        const sums = Array.from({ length: shape.rows }, (_, i) =>
          Array.from(out.slice(i * shape.columns, (i + 1) * shape.columns)).reduce((sum, p) => sum + p, 0),
        );
        const floor = probabilityError(shape.columns, Math.log(shape.columns));
        expectClose(sums, new Float64Array(shape.rows).fill(1), { floor, label: "row sums" });
      }),
      runs,
    );
  });

  test("a constant added to a row changes nothing; classes may come in any order", async ({ engines }) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, fc.integer({ min: -1000, max: 1000 }), async (shape, seed, constant) => {
        const { rows, columns } = shape;
        // Multiples of 2⁻¹² up to 4 stay exact when up to 1000 is added.
        const exact = randomValues(rows * columns, seed, -4, 4).map((z) => Math.round(z * 4096) / 4096);
        const order = randomOrder(columns, seed + 1);
        const run = async (data: Float32Array) =>
          (await outputsOn(engines.webgpu, softmax, softmaxOf(f32Matrix(rows, columns, data), false), outputs)).out;
        const plain = (await run(exact)) as Float32Array;
        expectSameBits((await run(exact.map((z) => z + constant))) as Float32Array, plain, "shifted");
        const relativeFloor = 2 * probabilityError(columns, 8);
        expectClose(await run(permuted(exact, order)), permuted(plain, order), {
          floor: 0,
          relativeFloor,
          label: "permuted",
        });
      }),
      runs,
    );
  });
});

test("engine.softmax and engine.logSoftmax are this op", async ({ engines }) => {
  const shape: RowCase = { rows: 5, columns: 7 };
  const logits = moderate(shape);
  for (const device of ENGINE_DEVICES) {
    const z = engines[device].tensor({ data: logits.data as Float32Array, shape: [5, 7] });
    const read = await engines[device].read(engines[device].softmax(z), engines[device].logSoftmax(z));
    for (const [i, log] of [false, true].entries()) {
      const { out } = await outputsOn(engines[device], softmax, softmaxOf(logits, log), outputs);
      expectSameBits(read[i] as Float32Array, out as Float32Array, `${device}, logarithms ${log}`);
    }
  }
});
