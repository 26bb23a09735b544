/** How far probabilities in float32 may be from those that float64 makes of the same weights. */
import type { Allowance } from "../../support/compare.js";
import { FLOAT32_ROUNDING } from "../../support/compare.js";
import { probabilityError } from "../../support/wgsl-accuracy.js";

/**
 * A score of d products and an intercept is off by (d + 2) roundings of the sum of their sizes at most; a probability moves by
 * half of what two scores move against each other, and its own computation adds a share of itself. `rounded` counts the roundings
 * that weights and features have been through beforehand, each.
 */
export function probabilityFloor(
  x: readonly (readonly number[])[],
  weight: readonly (readonly number[])[],
  bias: readonly number[],
  rounded = 0,
): Allowance {
  const d = x[0].length;
  let largest = 0;
  for (const row of x) {
    weight.forEach((w, j) => {
      largest = Math.max(
        largest,
        row.reduce((sum, v, f) => sum + Math.abs(v * w[f]), Math.abs(bias[j])),
      );
    });
  }
  const score = (d + 2 + 2 * rounded) * FLOAT32_ROUNDING * largest;
  return { floor: score, relativeFloor: probabilityError(weight.length, 2 * largest), label: "probabilities" };
}
