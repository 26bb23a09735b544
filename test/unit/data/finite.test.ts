import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstNonFinite } from "../../../src/data/finite.js";

describe("firstNonFinite", () => {
  test("agrees with looking at each value", () => {
    // Lengths on both sides of the scan's blocks of 4096.
    const length = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 4090, max: 8200 }));
    const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(length, fc.array(fc.tuple(fc.nat(), bad), { maxLength: 3 }), (size, spoiled) => {
        const values = new Float32Array(size).fill(-3e38);
        for (const [place, value] of spoiled) if (size > 0) values[place % size] = value;
        expect(firstNonFinite(values)).toBe(values.findIndex((value) => !Number.isFinite(value)));
      }),
    );
  });

  test("does not take large finite values for an overflow", () => {
    const largest = new Float32Array(100_000).fill(3.4028234663852886e38);
    expect(firstNonFinite(largest)).toBe(-1);
  });

  test("finds a lone NaN at the end of a large array", () => {
    const values = new Float32Array(1_000_003);
    values[1_000_002] = Number.NaN;
    expect(firstNonFinite(values)).toBe(1_000_002);
  });
});
