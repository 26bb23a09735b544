/** Moments of parts merged, against those of all rows in float64. */
import { expect, test } from "vitest";
import { MergedMoments } from "../../../src/losses/moments.js";
import { randomValues } from "../../support/random-matrix.js";

const [n, d] = [500, 4];
/** Near zero, a thousand and a hundred thousand times farther from it than they spread, and constant. */
const OFFSETS = [0, 1e3, -1e5, 0.1];
const SPREADS = [1, 1, 1, 0];
const values = randomValues(n * d, 3).map((v, e) => v * SPREADS[e % d] + OFFSETS[e % d]);
const weights = Array.from({ length: n }, (_, i) => ((7 * i) % 5) / 2);
const CUTS = [0, 1, 4, 200, 203, 500];

/** m, Σ r·(x − m)², Σr of rows from … to, in float64. */
function momentsOf(from: number, to: number, weight: (i: number) => number): Float64Array {
  const moments = new Float64Array(3 * d);
  for (let l = 0; l < d; l++) {
    let [sum, total, squares] = [0, 0, 0];
    for (let i = from; i < to; i++) {
      total += weight(i);
      sum += weight(i) * (values[i * d + l] - values[l]);
    }
    const mean = values[l] + (total > 0 ? sum / total : 0);
    for (let i = from; i < to; i++) squares += weight(i) * (values[i * d + l] - mean) ** 2;
    moments.set([total > 0 ? mean : 0], l);
    moments.set([squares], d + l);
    moments.set([total], 2 * d + l);
  }
  return moments;
}

test.each([
  ["rows that count alike", () => 1, 1],
  ["weights", (i: number) => weights[i], 1],
  ["weights of which each part is brought near 1", (i: number) => weights[i], 2 ** 40],
] as const)("%s", (_, weight, unit) => {
  const merged = new MergedMoments(d);
  for (let i = 1; i < CUTS.length; i++) {
    const part = Float32Array.from(momentsOf(CUTS[i - 1], CUTS[i], weight));
    // Parts differ in their units as batches do whose largest weights differ.
    const own = i % 2 === 0 ? unit : 1;
    for (let e = d; e < 3 * d; e++) part[e] /= own;
    merged.add(part, own);
  }
  const actual = merged.moments;
  const expected = momentsOf(0, n, weight);
  for (let l = 0; l < d; l++) {
    const total = expected[2 * d + l];
    // A part's mean is rounded to float32, and so are its squares and weights; parts' means are less than 2 apart.
    const rounded = Math.abs(OFFSETS[l] + SPREADS[l]) * 2 ** -24;
    const [mean, squares] = [rounded + 2 * 2 ** -23, total * (2 * 2 * rounded + rounded ** 2 + 2 ** -22)];
    expect(Math.abs(actual[l] - expected[l])).toBeLessThanOrEqual(mean);
    expect(Math.abs(actual[d + l] - expected[d + l])).toBeLessThanOrEqual(squares);
    expect(Math.abs(actual[2 * d + l] - total)).toBeLessThanOrEqual(total * 2 ** -23);
  }
  // A constant column varies by nothing, to the bit.
  expect(actual[d + 3]).toBe(0);
});
