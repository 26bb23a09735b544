import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSampleWeight } from "../../../src/data/sample-weight.js";
import { DataError, ShapeError } from "../../../src/errors.js";
import { expectFault } from "./fault.js";

const check = (weights: unknown, rows: number) => checkSampleWeight(weights as number[], rows, "fit");

describe("checkSampleWeight", () => {
  test("gives the weights in float32, in their order, as a copy", () => {
    const weight = fc.float({ min: 0, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1 }), (some) => {
        const weights = [...some, 1];
        const expected = Float32Array.from(weights);
        for (const given of [weights, Float64Array.from(weights), Float32Array.from(weights)]) {
          const checked = check(given, weights.length);
          expect(checked).toEqual(expected);
          given[0] = 99;
          expect(checked).toEqual(expected);
        }
      }),
    );
    expect(check(Uint8Array.of(0, 1, 2), 3)).toEqual(Float32Array.of(0, 1, 2));
  });

  test.each([-1, -1e-30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e39, "1", null, undefined])(
    "refuses the weight %s and names its row",
    (weight) => {
      const shown = typeof weight === "string" ? `the string "${weight}"` : String(weight);
      expectFault(
        () => check([1, 1, weight], 3),
        DataError,
        "BAD_WEIGHTS",
        "fit: sampleWeight",
        "row 2",
        `got ${shown}`,
      );
    },
  );

  test.each([[[0, 0]], [[-0, 0]], [[1e-60, 0]]])("refuses weights that are all zero: %j", (weights) => {
    expectFault(() => check(weights, 2), DataError, "BAD_WEIGHTS", "adds up to 0", "above 0");
  });

  test("refuses weights whose sum leaves float32", () => {
    expectFault(() => check([3e38, 3e38], 2), DataError, "BAD_WEIGHTS", "Scale the weights down");
  });

  test("refuses another length and names both", () => {
    expectFault(() => check([1, 1], 3), ShapeError, "SHAPE_MISMATCH", "expected 3 weights", "got 2");
  });

  test.each([null, "1,1", 3, BigInt64Array.of(1n), { 0: 1, length: 1 }])(
    "refuses %s in place of the weights",
    (given) => {
      expectFault(() => check(given, 1), DataError, "UNSUPPORTED_TYPE", "sampleWeight");
    },
  );

  test("refuses a detached buffer", () => {
    const weights = Float32Array.of(1);
    structuredClone(weights, { transfer: [weights.buffer] });
    expectFault(() => check(weights, 1), DataError, "DETACHED_BUFFER", "sampleWeight");
  });
});
