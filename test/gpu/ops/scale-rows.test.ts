import { describe, expect } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { scaleRows } from "../../../src/ops/scale-rows.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import { expectRounded, f32Matrix, f32Vector, folded, runOp } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;

/** Values below 1, scales below 2: a product of two, a difference, a product, half an ULP of at most 4 each. */
const FLOOR = 3 * 4 * 0.5 * ULP;

function args(rows: number, columns: number, { shift, extra }: { shift: boolean; extra: number }) {
  return {
    x: f32Matrix(rows + extra, columns, randomValues((rows + extra) * columns, 1)),
    scale: f32Vector(randomValues(rows, 2, -2, 2)),
    shift: shift ? f32Vector(randomValues(rows, 3)) : undefined,
    out: f32Matrix(rows, columns),
  };
}

test.for([
  [1, 1],
  [3, 2],
  [7, 4],
  [65, 9],
  [200, 67],
])("%d × %d", async ([rows, columns], { engines }) => {
  for (const shift of [false, true]) {
    for (const extra of [0, 1]) {
      const given = args(rows, columns, { shift, extra });
      for (const op of [scaleRows, folded(scaleRows)]) {
        const { truth, webgpu, cpu } = await runOp(engines, op, given, outputs);
        expectClose(webgpu.out, truth.out, { floor: FLOOR });
        expectRounded(cpu.out, truth.out, "cpu");
      }
    }
  }
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("a scale for other rows is refused", async ({ engines }) => {
    const given = { ...args(4, 3, { shift: false, extra: 0 }), scale: f32Vector([1, 2, 3]) };
    const engine = engines[device];
    const made = [engine.empty([4, 3]), engine.empty([3]), engine.empty([4, 3])] as const;
    expect(() =>
      engine.run(scaleRows, { ...given, x: made[0], scale: made[1], shift: undefined, out: made[2] }),
    ).toThrow(ShapeError);
    for (const t of made) t.dispose();
  });
});
