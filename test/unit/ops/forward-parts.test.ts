import { describe, expect, test } from "vitest";
import { forwardParts, partDepth } from "../../../src/ops/forward-parts.js";
import { matmulVariant } from "../../../src/ops/matmul-launch.js";
import type { ProductDevice } from "../../../src/ops/matmul-variants.js";

const NVIDIA: ProductDevice = { software: false, adapter: { vendor: "nvidia", architecture: "hopper" } };
const SOFTWARE: ProductDevice = { software: true };

const partsOn = (device: ProductDevice, rows: number, depth: number, columns: number): number => {
  const sizes = { rows, columns, depth };
  return forwardParts(sizes, matmulVariant({ ...sizes, transposeA: false, transposeB: false, type: "f32" }, device));
};

describe("on a GPU of NVIDIA", () => {
  test.each([
    // What was the fastest of 1, 2, 4 and 8 on an H100.
    [1024, 2048, 1000, 2],
    [256, 2048, 1000, 4],
    [8192, 128, 1000, 1],
    [8192, 768, 4096, 1],
    // A second part from 768 terms on, and not before.
    [256, 767, 1000, 1],
    [256, 768, 1000, 2],
    // Parts of 2,097,152 values together, of rows of whole quads.
    [1048, 2048, 1000, 2],
    [1049, 2048, 1000, 1],
    [1048, 2048, 1001, 1],
    [1, 1, 1, 1],
  ])("%i × %i → %i: %i parts", (rows, depth, columns, parts) => {
    expect(partsOn(NVIDIA, rows, depth, columns)).toBe(parts);
  });
});

test("a software adapter takes as many as keep its cores busy, of 64 terms each", () => {
  expect(partsOn(SOFTWARE, 5, 127, 70)).toBe(1);
  expect(partsOn(SOFTWARE, 5, 128, 70)).toBe(2);
  expect(partsOn(SOFTWARE, 10_000, 1000, 70)).toBe(1);
});

test("no part is without a term, whatever the slices", () => {
  const variant = { groups: 1, enoughWorkgroups: 1000, shortestSplit: 1 };
  for (const depthGrain of [1, 4, 16, 64]) {
    for (let depth = 1; depth < 400; depth++) {
      const parts = forwardParts({ rows: 1, columns: 1, depth }, { ...variant, depthGrain });
      const each = partDepth(depth, parts, depthGrain);
      expect(each % depthGrain).toBe(0);
      expect((parts - 1) * each, `${depth} by ${depthGrain}`).toBeLessThan(depth);
      expect(parts * each).toBeGreaterThanOrEqual(depth);
    }
  }
});
