import { describe, expect, test } from "vitest";
import { sparseWork } from "../../../../src/engine/cpu/sparse-work.js";
import type { HostArray } from "../../../../src/ops/op.js";
import { sparseProduct } from "../../../../src/ops/sparse-product.js";
import { expectClose, expectSameBits } from "../../../support/compare.js";
import { referenceOf } from "../../../support/op-cases.js";
import type { Arguments, Sizes } from "../../../support/sparse-product-cases.js";
import { CASES, FORMS, forward, lines32 } from "../../../support/sparse-product-cases.js";
import { ULP } from "../../../support/wgsl-accuracy.js";
import { BUILDS, simdOutputs } from "./simd-fixture.js";

/** One register and none left over, several panels, and lines of more values than are summed in f32. */
const WIDER: readonly Sizes[] = [
  { n: 9, d: 40, k: 32, density: 0.5 },
  { n: 9, d: 40, k: 33, density: 0.5 },
  { n: 5, d: 23, k: 131, density: 0.7 },
  { n: 3, d: 2600, k: 7, density: 0.95 },
  { n: 2600, d: 3, k: 34, density: 0.9 },
];

const outOf = (args: Arguments): "updated" | "written" => (args.keep ? "updated" : "written");

/** What `sparseWork`, which needs no WebAssembly, makes of it. */
function plainOutput(args: Arguments): HostArray {
  const out = { ...args.out, data: args.out.data.slice() };
  const work = sparseWork(() => ({ ...args, out }));
  work.run(0, work.rows);
  return out.data;
}

describe.each(BUILDS)("%s sparse lines", (build) => {
  test.each([...CASES, ...WIDER])("$n×$d, $density of it, times $k columns", (sizes) => {
    for (const [label, argumentsOf] of FORMS) {
      const args = argumentsOf(sizes);
      const truth = referenceOf(sparseProduct, args, { out: outOf(args) }).out;
      const { values, largest } = lines32(args);
      const allowance = { baseline32: values, floor: 3 * ULP * largest, label };
      const { out } = simdOutputs(sparseProduct, args, { build });
      expectClose(out, truth, allowance);
      expectClose(plainOutput(args), truth, allowance);
      const sliced = simdOutputs(sparseProduct, args, { build, slice: 1, growing: true });
      expectSameBits(sliced.out as Float32Array, out as Float32Array, label);
    }
  });

  test("a value that is no number spoils its line and no other", () => {
    const args = forward({ n: 12, d: 9, k: 6, density: 0.9 });
    const values = { ...args.values, data: args.values.data.slice() };
    values.data[args.starts.data[5] as number] = Number.NaN;
    const { out } = simdOutputs(sparseProduct, { ...args, values }, { build });
    const faulty = Array.from({ length: 12 }, (_, i) => out.slice(6 * i, 6 * i + 6).some(Number.isNaN));
    expect(faulty.map(Number)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  test("what lies outside of the kernels' memory has no work", () => {
    const args = forward({ n: 2, d: 3, k: 4, density: 1 });
    for (const outside of ["values", "indices", "starts", "b", "out"]) {
      expect(() => simdOutputs(sparseProduct, args, { build, outside: [outside] })).toThrow("expected SIMD work");
    }
  });
});
