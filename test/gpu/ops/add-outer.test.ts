import type { AddOuterArguments } from "../../../src/ops/add-outer.js";
import { addOuter } from "../../../src/ops/add-outer.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults } from "../../support/op-cases.js";
import { expectRounded, folded, runOp } from "../../support/op-cases.js";
import type { RowCase } from "../../support/row-cases.js";
import { nameOf, shapeOf } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<AddOuterArguments, HostMatrix>;

const f = Math.fround;
const outputs = { out: "updated" } as const;

const outerOf = (shape: RowCase): Arguments => ({
  u: valuesFor({ rows: 1, columns: shape.rows }, 1),
  v: valuesFor({ rows: 1, columns: shape.columns }, 2),
  alpha: -0.7,
  out: valuesFor(shape, 3),
});

/** α, α·u, its product with v and the sum are rounded by ½ ULP of at most 1, 1, 1 and 2; a device may fuse the last two. */
const FLOOR = 2.5 * ULP;

function expectParity({ truth, webgpu, cpu }: OpResults, { u, v, alpha, out }: Arguments, label: string): void {
  const baseline32 = Float32Array.from(out.data, (value, e) => {
    const [i, j] = [Math.floor(e / out.columns), e % out.columns];
    return value + f(f(f(alpha) * (u.data[i] as number)) * (v.data[j] as number));
  });
  expectClose(webgpu.out, truth.out, { baseline32, floor: FLOOR, label: `webgpu ${label}` });
  expectRounded(cpu.out, truth.out, `cpu ${label}`);
}

test.for(VALUE_CASES.map(nameOf))("%s", async (name, { engines }) => {
  const args = outerOf(shapeOf(name));
  expectParity(await runOp(engines, addOuter, args, outputs), args, name);
});

test("quads past the first row of a folded grid", async ({ engines }) => {
  const args = outerOf(FOLDED_VALUES);
  expectParity(await runOp(engines, folded(addOuter), args, outputs), args, "folded");
});

test("engine.addOuter is this op", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const out = engine.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    engine.addOuter(out, 2, engine.tensor([10, 100]), engine.tensor([1, 2, 3]));
    expectSameBits((await out.read()) as Float32Array, Float32Array.of(21, 42, 63, 204, 405, 606), device);
  }
});
