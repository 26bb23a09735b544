import { describe, expect, test } from "vitest";
import { fromHalf, LARGEST_HALF, toHalf } from "../../src/half-float.js";

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

  test("what lies beyond the largest half is infinite from half a step on", () => {
    expect(fromHalf(toHalf(LARGEST_HALF))).toBe(65504);
    expect(fromHalf(toHalf(65519.99))).toBe(65504);
    expect(fromHalf(toHalf(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(toHalf(-3e38))).toBe(Number.NEGATIVE_INFINITY);
    expect(Object.is(fromHalf(toHalf(-0)), -0)).toBe(true);
  });
});
