import { rowWeights } from "../../../src/ops/row-weights.js";
import { expectClose } from "../../support/compare.js";
import { test } from "../../support/device.js";
import { expectRounded, FOLDED_GRID_WIDTH, f32Vector, folded, i32Vector, runOp } from "../../support/op-cases.js";
import { randomLabels, randomWeights } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;
const CLASSES = 5;
const IGNORED = 3;

/** Labels of all kinds: classes, the ignored one among them, and numbers that are no class and count for nothing. */
function weightsOf(rows: number, hasClassWeight: boolean, hasRowWeight: boolean) {
  const strays = [-1, CLASSES, -100, 1e9];
  const labels = Int32Array.from(randomLabels(rows, CLASSES, rows), (label, i) =>
    i % 11 === 10 ? (strays[(i / 11) & 3] as number) : label,
  );
  return {
    labels: i32Vector(labels),
    classes: CLASSES,
    classWeight: hasClassWeight ? f32Vector(randomWeights(CLASSES, 1)) : undefined,
    rowWeight: hasRowWeight ? f32Vector(randomWeights(rows, 2)) : undefined,
    ignoreIndex: IGNORED,
    out: f32Vector(new Float32Array(rows)),
  };
}

/** One product, rounded by ½ ULP; without both weights nothing is computed. */
const relativeFloor = 0.5 * ULP;

test.for([1, 2, 3, 4, 5, 63, 64, 65, 101, 257, 2003, 65_535, 65_537])("%d rows", async (rows, { engines }) => {
  for (const [ofClass, ofRow] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const { truth, webgpu, cpu } = await runOp(engines, rowWeights, weightsOf(rows, ofClass, ofRow), outputs);
    const label = `class weights ${ofClass}, row weights ${ofRow}`;
    const allowance = { floor: 0, relativeFloor: ofClass && ofRow ? relativeFloor : 0 };
    expectClose(webgpu.out, truth.out, { ...allowance, label: `webgpu ${label}` });
    expectRounded(cpu.out, truth.out, `cpu ${label}`);
  }
});

test("rows past the first row of a folded grid", async ({ engines }) => {
  const args = weightsOf(FOLDED_GRID_WIDTH + 101, true, true);
  const { truth, webgpu } = await runOp(engines, folded(rowWeights), args, outputs);
  expectClose(webgpu.out, truth.out, { floor: 0, relativeFloor });
});
