import { describe, expect, test } from "vitest";
import { gatherRows } from "../../../../src/ops/gather-rows.js";
import { hostMatrix } from "../../../../src/ops/host-matrix.js";
import { sgdStep } from "../../../../src/ops/sgd-step.js";
import { expectClose, expectEqualIntegers, expectSameBits, FLOAT32_ROUNDING } from "../../../support/compare.js";
import { f32Matrix, i32Vector, referenceOf } from "../../../support/op-cases.js";
import { randomBytes, randomLabels, randomValues } from "../../../support/random-matrix.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

describe.each(BUILDS)("%s minibatches", (build) => {
  test.each([1, 3, 784])("rows of %d values are gathered as they are", (columns) => {
    const indices = i32Vector(randomLabels(45, 67, 3));
    for (const data of [randomValues(67 * columns, 1), randomBytes(67 * columns, 2)]) {
      const blank = data instanceof Float32Array ? new Float32Array(40 * columns) : new Uint8Array(40 * columns);
      const args = { source: hostMatrix(data, 67, columns), indices, first: 5, out: hostMatrix(blank, 40, columns) };
      const truth = referenceOf(gatherRows, args, { out: "written" });
      for (const slice of [100, 7]) {
        expectEqualIntegers(simdOutputs(gatherRows, args, { build, slice, growing: true }).out, truth.out);
      }
    }
  });

  test("an index beyond the source is left to the reference", () => {
    const [source, out] = [f32Matrix(2, 3), f32Matrix(2, 3)];
    for (const wrong of [2, -1]) {
      const args = { source, indices: i32Vector([0, wrong]), first: 0, out };
      expect(() => simdOutputs(gatherRows, args, { build })).toThrow(/expected SIMD work, got none/);
    }
  });

  test.each([false, true])("a step of SGD, Nesterov %s", (nesterov) => {
    for (const [rows, columns, penalisedRows] of [
      [1, 1, 0],
      [4, 3, 4],
      [11, 3, 10],
      [785, 10, 784],
    ]) {
      const [gradient, velocity, weights] = [1, 2, 3].map((seed) =>
        f32Matrix(rows, columns, randomValues(rows * columns, seed)),
      );
      const rates = { learningRate: 0.3, momentum: 0.9, nesterov, l2: 0.01, weightDecay: 0.5, penalisedRows };
      const args = { gradient, velocity, weights, ...rates };
      const truth = referenceOf(sgdStep, args, { velocity: "updated", weights: "updated" });
      const whole = simdOutputs(sgdStep, args, { build });
      const sliced = simdOutputs(sgdStep, args, { build, slice: 3, growing: true });
      for (const name of ["velocity", "weights"] as const) {
        expectClose(whole[name], truth[name], { floor: 2 ** -149, relativeFloor: FLOAT32_ROUNDING, label: name });
        expectSameBits(sliced[name] as Float32Array, whole[name] as Float32Array, name);
      }
    }
  });
});
