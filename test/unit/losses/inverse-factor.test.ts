import { describe, expect, test } from "vitest";
import { atOnce } from "../../../src/data/pieces.js";
import { inverseFactor } from "../../../src/losses/inverse-factor.js";
import { randomValues } from "../../support/random-matrix.js";

/** B·Bᵀ + ridge·I: symmetric, positive definite. */
function positive(p: number, ridge: number): Float64Array {
  const b = Float64Array.from(randomValues(p * p, p));
  const a = new Float64Array(p * p);
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      for (let l = 0; l < p; l++) a[i * p + j] += b[i * p + l] * b[j * p + l];
    }
    a[i * (p + 1)] += ridge;
  }
  return a;
}

describe("inverseFactor", () => {
  test.each([1, 2, 3, 4, 5, 8, 17, 64])("of %i×%i: columns of L⁻¹ in rows, such that Uᵀ·U·A = I", (p) => {
    const a = positive(p, 0.5);
    const u = atOnce(inverseFactor(a.slice(), p)) as Float64Array;
    for (let i = 0; i < p; i++) {
      for (let j = 0; j < p; j++) {
        let entry = 0;
        for (let l = 0; l < p; l++) {
          let inverse = 0;
          // Row r of `u` is column r of L⁻¹.
          for (let r = 0; r < p; r++) inverse += u[i * p + r] * u[l * p + r];
          entry += inverse * a[l * p + j];
        }
        // Condition below p²·4/0.5 of values below p.
        expect(Math.abs(entry - Number(i === j)), `${i}, ${j}`).toBeLessThanOrEqual(p ** 4 * 8 * 2 ** -52);
        if (j < i) expect(u[i * p + j]).toBe(0);
      }
    }
  });

  test.each([
    ["not positive", [1, 2, 2, 1]],
    ["singular", [1, 1, 1, 1]],
    ["not finite", [Number.POSITIVE_INFINITY, 0, 0, 1]],
    ["no number", [1, 0, Number.NaN, 1]],
  ])("undefined of what is %s", (_, values) => {
    expect(atOnce(inverseFactor(Float64Array.from(values), 2))).toBeUndefined();
  });

  test("gives the page its chances: none for a small one, some for a large", () => {
    const chances = (p: number): number => [...inverseFactor(positive(p, 1), p)].length;
    expect(chances(16)).toBe(0);
    expect(chances(200)).toBeGreaterThan(1);
  });
});
