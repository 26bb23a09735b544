import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHalf, halfValues, LARGEST_HALF, toHalf } from "../../src/half-float.js";

/** The finite halves from the smallest to the largest, as they stand on the line of numbers. */
const LINE = Array.from({ length: 0x7c00 }, (_, bits) => bits);

/** The bits of the half nearest to a positive number, by looking for it. */
function nearest(value: number): number {
  let above = LINE.findIndex((bits) => fromHalf(bits) >= value);
  if (above < 0) above = LINE.length - 1;
  const below = Math.max(0, above - 1);
  const [down, up] = [value - fromHalf(below), fromHalf(above) - value];
  return down < up || (down === up && below % 2 === 0) ? below : above;
}

describe("binary16", () => {
  test("every one of the 65,536 bit patterns but NaN comes back from its value", () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = fromHalf(bits);
      if (Number.isNaN(value)) expect((toHalf(value) & 0x7fff) > 0x7c00, `bits ${bits}`).toBe(true);
      else expect(toHalf(value), `bits ${bits}`).toBe(bits);
    }
  });

  test("a value between two halves goes to the nearer, and half way to the even one", () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)];
      const middle = (low + high) / 2;
      expect(toHalf(middle), `half way above ${low}`).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(toHalf(low + (high - low) * 0.25)).toBe(bits);
      expect(toHalf(low + (high - low) * 0.75)).toBe(bits + 1);
    }
  });

  test("a float64 is rounded once: just beside the middle it does not first become the middle", () => {
    for (const bits of [0, 1, 0x03ff, 0x0400, 0x3c00, 0x3c01, 0x7bfe]) {
      const middle = (fromHalf(bits) + fromHalf(bits + 1)) / 2;
      const hair = middle * 2 ** -50;
      expect(Math.fround(middle + hair)).toBe(middle);
      for (const sign of [0, 0x8000]) {
        const factor = sign ? -1 : 1;
        expect(toHalf(factor * (middle - hair))).toBe(sign | bits);
        expect(toHalf(factor * (middle + hair))).toBe(sign | (bits + 1));
      }
    }
    const value = fc.oneof(
      fc.double({ min: 1e-9, max: LARGEST_HALF, noNaN: true }),
      fc.double({ min: 0, max: 1e-4, noNaN: true }),
    );
    fc.assert(
      fc.property(value, (v) => {
        expect(toHalf(v)).toBe(nearest(v));
      }),
      { numRuns: 200 },
    );
  });

  test("the table has the value of every pattern", () => {
    const values = halfValues();
    expect(values.length).toBe(65_536);
    expect(values.findIndex((value, bits) => !Object.is(value, fromHalf(bits)))).toBe(-1);
    expect(halfValues()).toBe(values);
  });

  test("what lies beyond the largest half is infinite from half a step on", () => {
    expect(fromHalf(toHalf(LARGEST_HALF))).toBe(65504);
    expect(fromHalf(toHalf(65519.99))).toBe(65504);
    expect(fromHalf(toHalf(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(toHalf(-3e38))).toBe(Number.NEGATIVE_INFINITY);
    expect(Object.is(fromHalf(toHalf(-0)), -0)).toBe(true);
  });
});
