import { describe, expect, test } from "vitest";
import { crossEntropy } from "../../../../src/ops/cross-entropy.js";
import type { HostMatrix } from "../../../../src/ops/op.js";
import { softmax } from "../../../../src/ops/softmax.js";
import { expectClose, expectSameBits } from "../../../support/compare.js";
import { crossEntropy32, softmax32 } from "../../../support/float32-baselines.js";
import { f32Matrix, f32Vector, referenceOf } from "../../../support/op-cases.js";
import { largestLogits } from "../../../support/random-matrix.js";
import { extreme, moderate, NOT_FINITE, spoilt } from "../../../support/row-cases.js";
import { crossEntropyCase, IGNORED, TARGET_OPTIONS, targetsFor } from "../../../support/target-cases.js";
import {
  crossEntropyFloors,
  logSumError,
  probabilityError,
  SMALLEST_NORMAL,
  spreadOf,
  ULP,
} from "../../../support/wgsl-accuracy.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

const SHAPES = [
  { rows: 1, columns: 1 },
  { rows: 2, columns: 2 },
  { rows: 3, columns: 3 },
  { rows: 5, columns: 10 },
  { rows: 515, columns: 7 },
  { rows: 3, columns: 16 },
  { rows: 5, columns: 17 },
  { rows: 2, columns: 35 },
  { rows: 6, columns: 1030 },
];

const logitsOf = (shape: (typeof SHAPES)[number]): HostMatrix[] => [moderate(shape), extreme(shape)];
const largestOf = ({ rows, columns }: (typeof SHAPES)[number]): HostMatrix =>
  f32Matrix(rows, columns, largestLogits(rows, columns, 1));

const blank = ({ rows, columns }: HostMatrix): HostMatrix => f32Matrix(rows, columns);

describe.each(BUILDS)("%s rows", (build) => {
  test.each(SHAPES)("softmax and its logarithm, %o", (shape) => {
    for (const logits of [...logitsOf(shape), largestOf(shape)]) {
      for (const log of [false, true]) {
        const args = { logits, out: blank(logits), log };
        const { columns } = shape;
        const allowance = log
          ? { floor: logSumError(columns), relativeFloor: ULP }
          : { floor: SMALLEST_NORMAL, relativeFloor: probabilityError(columns, spreadOf(logits)) };
        const { out } = simdOutputs(softmax, args, { build });
        const truth = referenceOf(softmax, args, { out: "written" });
        expectClose(out, truth.out, { ...allowance, baseline32: softmax32(logits, log), label: `log ${log}` });
        const sliced = simdOutputs(softmax, args, { build, slice: 3, growing: true });
        expectSameBits(sliced.out as Float32Array, out as Float32Array);
      }
    }
  });

  test.each([{}, ...TARGET_OPTIONS])("cross-entropy, %j", (options) => {
    for (const shape of SHAPES) {
      // Times a weight, the largest losses would be beyond float32.
      const plain = Object.keys(options).length === 0;
      for (const logits of [...logitsOf(shape), ...(plain ? [largestOf(shape)] : [])]) {
        const targets = targetsFor(logits, options);
        const whole = { ...crossEntropyCase(logits, targets), scale: -0.7, denominator: f32Vector([3.5, 0]) };
        const truth = referenceOf(crossEntropy, whole, { loss: "written", gradient: "written" });
        const floors = crossEntropyFloors(whole, truth.gradient);
        const baseline = crossEntropy32(whole);
        const actual = simdOutputs(crossEntropy, whole, { build });
        const sliced = simdOutputs(crossEntropy, whole, { build, slice: 3, growing: true });
        for (const name of ["loss", "gradient"] as const) {
          expectClose(actual[name], truth[name], { ...floors[name], baseline32: baseline[name], label: name });
          expectSameBits(sliced[name] as Float32Array, actual[name] as Float32Array);
        }
        const alone = simdOutputs(crossEntropy, { ...whole, gradient: undefined }, { build });
        expectSameBits(alone.loss as Float32Array, actual.loss as Float32Array);
      }
    }
  });

  test.each(NOT_FINITE)("%s spoils its row and no other, unless the row counts for nothing", (kind) => {
    for (const columns of [3, 17]) {
      const clean = moderate({ rows: 6, columns });
      for (const column of [0, columns - 1]) {
        const logits = spoilt(clean, 2 * columns + column, kind);
        const rowOf = (values: ArrayLike<number>, width: number): number[] => [
          ...new Set(
            Array.from(values, (v, e) => (Number.isNaN(v) ? Math.floor(e / width) : -1)).filter((r) => r >= 0),
          ),
        ];
        const { out } = simdOutputs(softmax, { logits, out: blank(logits), log: true }, { build });
        expect(rowOf(out, columns)).toEqual([2]);
        const targets = targetsFor(logits);
        const { loss, gradient } = simdOutputs(crossEntropy, crossEntropyCase(logits, targets), { build });
        expect([rowOf(loss, 1), rowOf(gradient, columns)]).toEqual([[2], [2]]);
        const labels = targets.labels as HostMatrix;
        const ignoring = {
          ...targets,
          labels: { ...labels, data: labels.data.map((y, i) => (i === 2 ? IGNORED : y)) },
        };
        const ignored = simdOutputs(crossEntropy, crossEntropyCase(logits, ignoring), { build });
        expect(Array.from(ignored.gradient.slice(2 * columns, 3 * columns), Math.abs)).toEqual(
          new Array(columns).fill(0),
        );
        expect([rowOf(ignored.loss, 1), ignored.loss[2]]).toEqual([[], 0]);
      }
    }
  });

  test("labels that are no class, and weights that are no numbers", () => {
    const logits = moderate({ rows: 4, columns: 3 });
    const targets = targetsFor(logits, { rowWeight: true });
    const labels = { ...(targets.labels as HostMatrix), data: Int32Array.of(0, 3, -1, 2) };
    const rowWeight = f32Vector([1, 1, 1, Number.POSITIVE_INFINITY]);
    const { loss, gradient } = simdOutputs(crossEntropy, crossEntropyCase(logits, { ...targets, labels, rowWeight }), {
      build,
    });
    expect(Array.from(loss, Number.isNaN)).toEqual([false, true, true, true]);
    expect(Array.from(gradient, Number.isNaN)).toEqual([0, 1, 2, 3].flatMap((i) => new Array(3).fill(i > 0)));
  });
});
