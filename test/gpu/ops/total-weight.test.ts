import { describe, expect } from "vitest";
import { ShapeError } from "../../../src/errors.js";
import { totalWeight, weightParts } from "../../../src/ops/total-weight.js";
import { expectClose } from "../../support/compare.js";
import { ENGINE_DEVICES, test } from "../../support/device.js";
import {
  columnSums,
  expectRounded,
  f32Matrix,
  f32Vector,
  folded,
  i32Vector,
  outputsOn,
  referenceOf,
} from "../../support/op-cases.js";
import { randomLabels, randomWeights } from "../../support/random-matrix.js";
import { ULP } from "../../support/wgsl-accuracy.js";

const outputs = { out: "written" } as const;
const CLASSES = 5;
const IGNORED = 3;

interface Kinds {
  readonly labels?: boolean;
  readonly classWeight?: boolean;
  readonly rowWeight?: boolean;
}

const KINDS: readonly Kinds[] = [
  { labels: true },
  { labels: true, classWeight: true },
  { labels: true, rowWeight: true },
  { labels: true, classWeight: true, rowWeight: true },
  { rowWeight: true },
  { classWeight: true, rowWeight: true },
];

/** Labels of all kinds: classes, the ignored one among them, and numbers that are no class and count for nothing. */
function weightsOf(rows: number, kinds: Kinds, parts = 1) {
  const strays = [-1, CLASSES, -100, 1e9];
  const labels = Int32Array.from(randomLabels(rows, CLASSES, rows), (label, i) =>
    i % 11 === 10 ? (strays[(i / 11) & 3] as number) : label,
  );
  return {
    labels: kinds.labels ? i32Vector(labels) : undefined,
    classes: CLASSES,
    classWeight: kinds.classWeight ? f32Vector(randomWeights(CLASSES, 1)) : undefined,
    rowWeight: kinds.rowWeight ? f32Vector(randomWeights(rows, 2)) : undefined,
    ignoreIndex: IGNORED,
    out: f32Matrix(parts, 4),
  };
}

test.for([1, 2, 3, 4, 5, 255, 256, 257, 1024, 1025, 2003, 65_537])("%d rows", async (rows, { engines }) => {
  for (const kinds of KINDS) {
    for (const parts of new Set([1, 3, weightParts(rows, 1024)])) {
      const args = weightsOf(rows, kinds, parts);
      const truth = columnSums(referenceOf(totalWeight, args, outputs).out as Float64Array, args.out);
      const { out } = await outputsOn(engines.webgpu, totalWeight, args, outputs);
      // Weights are not negative: a product, then a thread's additions, of four at a time, and the tree's, each half an ULP of the sum at most.
      const relativeFloor = 0.5 * (1 + Math.ceil(rows / parts / 1024) + 4 + 8) * ULP;
      const label = `${JSON.stringify(kinds)}, ${parts} parts`;
      expectClose(columnSums(out as Float32Array, args.out), truth, { floor: 0, relativeFloor, label });
    }
    const whole = weightsOf(rows, kinds);
    const cpu = await outputsOn(engines.cpu, totalWeight, whole, outputs);
    expectRounded(cpu.out as Float32Array, referenceOf(totalWeight, whole, outputs).out as Float64Array, "cpu");
  }
});

test("parts past the first row of a folded grid have no rows", async ({ engines }) => {
  const args = weightsOf(700, { labels: true, rowWeight: true }, 3);
  const truth = columnSums(referenceOf(totalWeight, args, outputs).out as Float64Array, args.out);
  const { out } = await outputsOn(engines.webgpu, folded(totalWeight), args, outputs);
  expectClose(columnSums(out as Float32Array, args.out), truth, { floor: 0, relativeFloor: 240 * ULP });
});

describe.each(ENGINE_DEVICES)("on %s", (device) => {
  test("weights that are not finite are counted and left out", async ({ engines }) => {
    const args = weightsOf(700, { rowWeight: true });
    const rowWeight = f32Vector(new Float32Array(700).fill(0.5));
    rowWeight.data.set([Number.NaN, Number.POSITIVE_INFINITY], 3);
    rowWeight.data[699] = Number.NEGATIVE_INFINITY;
    const { out } = await outputsOn(engines[device], totalWeight, { ...args, rowWeight }, outputs);
    expect(Array.from(out as Float32Array)).toEqual([697 / 2, 0, 0, 3]);
  });

  test("neither labels nor weights is refused", async ({ engines }) => {
    const run = outputsOn(engines[device], totalWeight, weightsOf(4, { classWeight: true }), outputs);
    await expect(run).rejects.toThrow(ShapeError);
  });
});

test.for([
  [1, 1024, 1],
  [4096, 1024, 1],
  [4097, 1024, 2],
  [65_536, 1024, 8],
  [10_000_000, 1024, 8],
  [65_536, 4, 4],
  [65_536, 1, 1],
])("%i rows on a device of %i slices: %i parts", ([rows, most, parts]) => {
  expect(weightParts(rows as number, most as number)).toBe(parts);
});
