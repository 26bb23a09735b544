import type { AddScaledArguments } from "../../../src/ops/add-scaled.js";
import { addScaled } from "../../../src/ops/add-scaled.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import type { OpResults, Outputs } from "../../support/op-cases.js";
import { cutUp, expectRounded, folded, outputsOn, runOp } from "../../support/op-cases.js";
import { NOT_FINITE, nameOf, shapeOf, spoilt } from "../../support/row-cases.js";
import { FOLDED_VALUES, VALUE_CASES, valuesFor } from "../../support/value-cases.js";
import { ULP } from "../../support/wgsl-accuracy.js";

type Arguments = On<AddScaledArguments, HostMatrix>;

const f = Math.fround;

/**
 * Each of α·x, β·y, keep·out is below 2: constants, products and sums are rounded by ½ ULP of at most 4 each, and a device may
 * fuse or reorder them.
 */
const FLOOR = 4 * 4 * ULP;

function expectParity({ truth, webgpu, cpu }: OpResults, args: Arguments, label: string): void {
  const { x, alpha, y, beta, out, keep } = args;
  const baseline32 = Float32Array.from(x.data, (value, e) => {
    const sum = f(f(f(alpha) * value) + (y ? f(f(beta) * (y.data[e] as number)) : 0));
    return sum + (keep === 0 ? 0 : f(f(keep) * (out.data[e] as number)));
  });
  expectClose(webgpu.out, truth.out, { baseline32, floor: FLOOR, label: `webgpu ${label}` });
  expectRounded(cpu.out, truth.out, `cpu ${label}`);
}

const usesOf = ({ keep }: Arguments): Outputs => ({ out: keep === 0 ? "written" : "updated" });

test.for(VALUE_CASES.map(nameOf))("%s", async (name, { engines }) => {
  const shape = shapeOf(name);
  const [x, y, out] = [valuesFor(shape, 1), valuesFor(shape, 2), valuesFor(shape, 3)];
  for (const args of [
    { x, alpha: 0.3, y, beta: -1.7, out, keep: 0.9 },
    { x, alpha: -1, y, beta: 0.6, out, keep: 0 },
    { x, alpha: 1.1, y: undefined, beta: 0, out, keep: 1 },
    { x, alpha: 2, y: undefined, beta: 0, out, keep: 0 },
  ]) {
    expectParity(await runOp(engines, addScaled, args, usesOf(args)), args, name);
  }
});

test("quads past the first row of a folded grid", async ({ engines }) => {
  const [x, y, out] = [valuesFor(FOLDED_VALUES, 1), valuesFor(FOLDED_VALUES, 2), valuesFor(FOLDED_VALUES, 3)];
  const args = { x, alpha: 0.3, y, beta: -1.7, out, keep: 0.9 };
  expectParity(await runOp(engines, folded(addScaled), args, usesOf(args)), args, "folded");
});

test("matrices in several blocks, each in several launches", async ({ engines }) => {
  const shape = { rows: 300, columns: 5 };
  const [x, y, out] = [valuesFor(shape, 1), valuesFor(shape, 2), valuesFor(shape, 3)];
  const args = { x, alpha: 0.3, y, beta: -1.7, out, keep: 0.9 };
  expectParity(await runOp(engines, cutUp(addScaled, 128), args, usesOf(args)), args, "cut up");
});

test("forgets the old content where keep is 0, and does not look at y where beta is 0", async ({ engines }) => {
  const shape = { rows: 3, columns: 5 };
  const x = valuesFor(shape, 1);
  for (const kind of NOT_FINITE) {
    const bad = spoilt(valuesFor(shape, 2), 7, kind);
    for (const device of ENGINE_DEVICES) {
      for (const args of [
        { x, alpha: 1, y: bad, beta: 0, out: valuesFor(shape, 3), keep: 0 },
        { x, alpha: 1, y: undefined, beta: 0, out: bad, keep: 0 },
      ]) {
        const { out } = await outputsOn(engines[device], addScaled, args, { out: "updated" });
        expectSameBits(out as Float32Array, x.data as Float32Array, `${device}, ${kind}`);
      }
    }
  }
});

test("engine.addScaled is this op", async ({ engines }) => {
  for (const device of ENGINE_DEVICES) {
    const engine = engines[device];
    const [out, x, y] = [engine.tensor([1, 2, 3]), engine.tensor([10, 20, 30]), engine.tensor([100, 200, 300])];
    engine.addScaled(out, 2, x, { y, beta: 3, keep: 4 });
    expectSameBits((await out.read()) as Float32Array, Float32Array.of(324, 648, 972), device);
  }
});
