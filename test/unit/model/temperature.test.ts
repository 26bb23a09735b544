import { describe, expect, test } from "vitest";
import type { EncodedLabels } from "../../../src/model/labels.js";
import { findTemperature, type TemperatureProblem } from "../../../src/model/temperature.js";
import golden from "../../golden/temperature.json" with { type: "json" };
import { randomValues } from "../../support/random-matrix.js";

const numbered = (k: number): number[] => Array.from({ length: k }, (_, j) => j);
const labelled = (k: number, labels: readonly number[]): EncodedLabels => ({
  kind: "labels",
  classes: numbered(k),
  indices: Int32Array.from(labels),
});

const problemOf = ({ classes: k, ...given }: (typeof golden.cases)[number]): TemperatureProblem => ({
  scores: Float32Array.from(given.scores),
  y: given.labels
    ? labelled(k, given.labels)
    : { kind: "soft", classes: numbered(k), targets: Float32Array.from(given.targets ?? []) },
  weights: given.sampleWeight ?? undefined,
});

describe("equals SciPy's minimum", () => {
  test.each(golden.cases)("$name", async (given) => {
    const found = await findTemperature(problemOf(given));
    // brentq finds ln T to 1e-15 and slopes are sums of some hundred terms of 100 at most; targets of 0.0625 and 0.8125 are exact.
    expect(Math.abs(Math.log(found.temperature / given.temperature))).toBeLessThanOrEqual(1e-11);
    // minimize_scalar sees values only, of which 2⁻⁵² is the last digit: ln T to about its root.
    expect(Math.abs(Math.log(found.temperature / given.minimiser))).toBeLessThanOrEqual(1e-7);
    expect(Math.abs(found.lossBefore - given.lossBefore)).toBeLessThanOrEqual(1e-13 * (1 + given.lossBefore));
    expect(Math.abs(found.lossAfter - given.lossAfter)).toBeLessThanOrEqual(1e-13 * (1 + given.lossAfter));
    expect(found.atLimit).toBe(false);
    expect(found.iterations).toBeLessThanOrEqual(20);
  });
});

describe("where there is no minimum inside the range", () => {
  test("all rows right: as sure as the range allows", async () => {
    const found = await findTemperature({
      scores: Float32Array.of(0.25, 0, 0, 0.5),
      y: labelled(2, [0, 1]),
      weights: undefined,
    });
    expect(found.temperature).toBeCloseTo(0.01, 12);
    expect(found.atLimit).toBe(true);
    expect(found.lossAfter).toBeLessThan(found.lossBefore);
  });

  test("all rows wrong: as unsure as the range allows", async () => {
    const found = await findTemperature({
      scores: Float32Array.of(1, 0, 0, 2),
      y: labelled(2, [1, 0]),
      weights: undefined,
    });
    expect(found.temperature).toBeCloseTo(100, 8);
    expect(found.atLimit).toBe(true);
  });

  test("scores that tell nothing, or right already: T stays 1", async () => {
    for (const scores of [
      Float32Array.of(3, 3, 3, 3),
      Float32Array.of(0, Math.log(2), 0, Math.log(2), 0, Math.log(2)),
    ]) {
      const found = await findTemperature({
        scores,
        y: labelled(2, [0, 1, 1].slice(0, scores.length / 2)),
        weights: undefined,
      });
      expect(found.temperature).toBeCloseTo(1, 6);
      expect(found.lossAfter).toBeLessThanOrEqual(found.lossBefore);
    }
  });

  test("scores at the ends of float32", async () => {
    const scores = Float32Array.of(3e38, -3e38, -3e38, 3e38, 3e38, -3e38);
    const found = await findTemperature({ scores, y: labelled(2, [0, 1, 1]), weights: undefined });
    expect(found.temperature).toBeCloseTo(100, 8);
    expect(found.lossAfter).toBeLessThan(found.lossBefore);
  });
});

test("a weight is the same as so many rows", async () => {
  const scores = randomValues(40 * 3, 5, -4, 4);
  const labels = Array.from({ length: 40 }, (_, i) => (i * 7) % 3);
  const weights = labels.map((_, i) => i % 3);
  const rows = weights.flatMap((count, i) => new Array<number>(count).fill(i));
  const weighted = await findTemperature({ scores, y: labelled(3, labels), weights });
  const repeated = await findTemperature({
    scores: Float32Array.from(rows.flatMap((i) => [...scores.subarray(3 * i, 3 * i + 3)])),
    y: labelled(
      3,
      rows.map((i) => labels[i]),
    ),
    weights: undefined,
  });
  expect(Math.abs(weighted.temperature - repeated.temperature)).toBeLessThanOrEqual(1e-10 * repeated.temperature);
});
