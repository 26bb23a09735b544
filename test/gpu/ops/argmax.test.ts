import { expect } from "vitest";
import { argmax } from "../../../src/ops/argmax.js";
import type { HostMatrix } from "../../../src/ops/op.js";
import { rowLanes } from "../../../src/ops/row-lanes.js";
import { expectEqualIntegers } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { cutUp, f32Matrix, folded, i32Vector, outputsOn, referenceOf, runOp } from "../../support/op-cases.js";
import { largestLogits } from "../../support/random-matrix.js";
import { extreme, FOLDED_CASE, moderate, nameOf, ROW_CASES, shapeOf, spoilt } from "../../support/row-cases.js";
import { SMALLEST_NORMAL } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;
const argmaxOf = (scores: HostMatrix) => ({ scores, out: i32Vector(new Int32Array(scores.rows)) });

/** A device may take numbers below the smallest normal one for 0, and then they tie. */
const flushed = (m: HostMatrix): HostMatrix => ({
  ...m,
  data: Float32Array.from(m.data, (z) => (Math.abs(z) < SMALLEST_NORMAL ? 0 : z)),
});

test.for(ROW_CASES.map(nameOf))("%s", async (name, { engines }) => {
  const { truth, webgpu, cpu } = await runOp(engines, argmax, argmaxOf(moderate(shapeOf(name))), outputs);
  expectEqualIntegers(webgpu.out, truth.out, "webgpu");
  expectEqualIntegers(cpu.out, truth.out, "cpu");
});

test.for([1, 2, 5, 17, 100, 1000, 4097])("ties go to the lowest of %d columns", async (columns, { engines }) => {
  for (const scores of [
    flushed(extreme({ rows: 24, columns })),
    f32Matrix(15, columns, largestLogits(15, columns, columns)),
    f32Matrix(1, columns, new Float32Array(columns).fill(-3.4028234663852886e38)),
    f32Matrix(1, columns, new Float32Array(columns).fill(-0)),
  ]) {
    const { truth, webgpu, cpu } = await runOp(engines, argmax, argmaxOf(scores), outputs);
    expectEqualIntegers(webgpu.out, truth.out, "webgpu");
    expectEqualIntegers(cpu.out, truth.out, "cpu");
  }
});

test.for([3, 16, 17, 65, 257, 4096, 4097])(
  "every pair of places may hold the tie, %d columns",
  async (columns, { engines }) => {
    const { LANES } = rowLanes(columns).constants;
    // Neighbours, the same lane one round later, the next lane, the last column.
    const places = [0, 1, 3, 4, 7, 4 * LANES - 1, 4 * LANES, 4 * LANES + 1, columns >> 1, columns - 1];
    const pairs = places.flatMap((a) => places.map((b) => [a, b] as const)).filter(([a, b]) => a < b && b < columns);
    const scores = f32Matrix(pairs.length, columns);
    pairs.forEach(([a, b], i) => {
      for (const j of [a, b]) scores.data[i * columns + j] = 1;
    });
    for (const device of ENGINE_DEVICES) {
      const { out } = await outputsOn(engines[device], argmax, argmaxOf(scores), outputs);
      expectEqualIntegers(
        out as Int32Array,
        pairs.map(([a]) => a),
        device,
      );
    }
  },
);

test("numbers below the smallest normal one are told apart or taken for 0", async ({ engines }) => {
  const tiny = 1e-39;
  const scores = f32Matrix(3, 3, Float32Array.of(0, tiny, 0, -tiny, tiny, -1, 1, 1 + 2 ** -23, tiny));
  for (const device of ENGINE_DEVICES) {
    const { out } = await outputsOn(engines[device], argmax, argmaxOf(scores), outputs);
    const [first, second, third] = Array.from(out as Int32Array);
    expect([0, 1], device).toContain(first);
    expect(second, device).toBe(first);
    expect(third, device).toBe(1);
  }
});

test("rows past the first row of a folded grid", async ({ engines }) => {
  const args = argmaxOf(moderate(FOLDED_CASE));
  const { out } = await outputsOn(engines.webgpu, folded(argmax), args, outputs);
  expectEqualIntegers(out as Int32Array, referenceOf(argmax, args, outputs).out as Float64Array);
});

test("matrices in several blocks, each in several launches", async ({ engines }) => {
  const { truth, webgpu } = await runOp(
    engines,
    cutUp(argmax, 128, 1, ["out"]),
    argmaxOf(moderate({ rows: 300, columns: 5 })),
    outputs,
  );
  expectEqualIntegers(webgpu.out, truth.out);
});

test.for(["NaN", "NaN with its sign set", "signalling NaN"])(
  "%s in a row: −1, and no other row",
  async (kind, { engines }) => {
    for (const columns of [1, 3, 17, 1000, 5000]) {
      const clean = moderate({ rows: 3, columns });
      for (const column of [0, columns >> 1, columns - 1]) {
        const args = argmaxOf(spoilt(clean, columns + column, kind));
        const [first, , last] = referenceOf(argmax, argmaxOf(clean), outputs).out as Float64Array;
        for (const device of ENGINE_DEVICES) {
          const { out } = await outputsOn(engines[device], argmax, args, outputs);
          expect(Array.from(out as Int32Array), `${device}, column ${column} of ${columns}`).toEqual([first, -1, last]);
        }
      }
    }
  },
);

test("infinities are ordered like numbers", async ({ engines }) => {
  for (const columns of [3, 17, 1000]) {
    const clean = moderate({ rows: 2, columns });
    const scores = spoilt(spoilt(clean, columns - 1, "infinity"), columns, "minus infinity");
    const { truth, webgpu, cpu } = await runOp(engines, argmax, argmaxOf(scores), outputs);
    expect(truth.out?.[0]).toBe(columns - 1);
    expectEqualIntegers(webgpu.out, truth.out, "webgpu");
    expectEqualIntegers(cpu.out, truth.out, "cpu");
  }
});

test("engine.argmax is this op", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const scores = engines[device].tensor([
      [1, 3, 3],
      [2, 1, 0],
    ]);
    expect(Array.from(await engines[device].argmax(scores).read())).toEqual([1, 0]);
  }
});
