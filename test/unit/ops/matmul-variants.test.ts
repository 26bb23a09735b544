import { describe, expect, test } from "vitest";
import { columnTeams, variantNamed } from "../../../src/ops/matmul-kernels.js";
import type { ProductDevice, ProductSizes } from "../../../src/ops/matmul-variants.js";
import {
  canCompute,
  chooseMatmul,
  MATMUL_VARIANTS,
  MATRIX_TILES,
  productClass,
  productWidth,
  TILES,
} from "../../../src/ops/matmul-variants.js";
import { partialLanes } from "../../../src/ops/sum-partials.js";

const NVIDIA: ProductDevice = { software: false, adapter: { vendor: "nvidia", architecture: "hopper" } };
const UNKNOWN: ProductDevice = { software: false };
const SOFTWARE: ProductDevice = { software: true, adapter: { vendor: "google", architecture: "swiftshader" } };

const product = (rows: number, columns: number, depth: number, more: Partial<ProductSizes> = {}): ProductSizes => ({
  rows,
  columns,
  depth,
  transposeA: false,
  transposeB: false,
  type: "f32",
  ...more,
});

describe("the width of a product", () => {
  test.each([
    [1, 1, "narrow"],
    [100_000, 16, "narrow"],
    [100_000, 17, "medium"],
    [100_000, 64, "medium"],
    [9_074, 65, "small"],
    [9_075, 65, "wide"],
    [768, 767, "small"],
    [768, 768, "wide"],
    [1_536, 1_535, "wide"],
    [1_536, 1_536, "large"],
  ])("%d × %d is %s", (rows, columns, width) => {
    expect(productWidth({ rows, columns })).toBe(width);
  });
});

describe("the choice", () => {
  test.each([
    [product(1_023, 10, 784), "direct"],
    [product(1_024, 10, 784), "rows"],
    [product(1_024, 16, 784, { transposeB: true }), "rows"],
    [product(785, 10, 2_047, { transposeA: true }), "direct"],
    [product(785, 10, 2_048, { transposeA: true }), "columns"],
    [product(785, 10, 60_000, { transposeA: true, transposeB: true }), "direct"],
    [product(60_000, 17, 784), "64×32 by 8×4"],
    [product(512, 512, 512), "32×32 by 4×4"],
    [product(1_024, 1_024, 1_024), "64×64 by 8×8"],
    [product(4_096, 4_096, 4_096), "64×128 by 8×8"],
  ] as const)("%o on NVIDIA: %s", (sizes, variant) => {
    expect(chooseMatmul(sizes, NVIDIA)).toBe(variant);
  });

  test("an adapter that says nothing gets the portable tile, Apple and Intel the one of 4 × 8", () => {
    const large = product(4_096, 4_096, 4_096);
    expect(chooseMatmul(large, UNKNOWN)).toBe("32×32 by 4×4");
    for (const vendor of ["apple", "Intel"])
      expect(chooseMatmul(large, { software: false, adapter: { vendor, architecture: "" } })).toBe("32×64 by 4×8");
  });

  test("software adapters load straight to registers, unless something else has been measured", () => {
    for (const sizes of [product(60_000, 10, 784), product(512, 512, 512)])
      expect(chooseMatmul(sizes, SOFTWARE)).toBe("direct");
    expect(chooseMatmul(product(9, 9, 9), { ...SOFTWARE, preferred: () => "rows" })).toBe("rows");
  });

  test.each([
    [product(785, 10, 2_048, { transposeA: true }), "broadcasts"],
    [product(785, 10, 2_047, { transposeA: true }), "direct"],
    [product(785, 10, 2_048, { transposeA: true, transposeB: true }), "direct"],
    [product(785, 17, 2_048, { transposeA: true }), "direct"],
    [product(1_024, 16, 784), "broadcasts"],
    [product(1_023, 16, 784), "direct"],
  ] as const)("%o on a software adapter with subgroups: %s", (sizes, variant) => {
    const adapter = { vendor: "google", architecture: "swiftshader", subgroups: { min: 4, max: 4 } };
    expect(chooseMatmul(sizes, { software: true, adapter })).toBe(variant);
    // A quad of neighbours must lie in one subgroup.
    const single = { ...adapter, subgroups: { min: 1, max: 4 } };
    expect(chooseMatmul(sizes, { software: true, adapter: single })).toBe("direct");
  });

  test("what is preferred is asked for by class, and taken only where it exists and can compute the product", () => {
    const asked: string[] = [];
    const device: ProductDevice = {
      ...NVIDIA,
      preferred(productClass) {
        asked.push(productClass);
        return productClass.startsWith("narrow") ? "rows" : "no such variant";
      },
    };
    expect(chooseMatmul(product(9, 9, 9), device)).toBe("rows");
    expect(chooseMatmul(product(9, 9, 9, { transposeA: true }), device)).toBe("direct");
    expect(chooseMatmul(product(512, 512, 512), device)).toBe("32×32 by 4×4");
    expect(asked).toEqual(["narrow A·B", "narrow Aᵀ·B", "small A·B"]);
    expect(productClass(product(4_096, 4_096, 1, { transposeA: true }))).toBe("large Aᵀ·B");
  });
});

describe("products of halves", () => {
  const adapter = { vendor: "nvidia", architecture: "hopper", subgroups: { min: 32, max: 32 }, matrices: true };
  const halves = { halves: true } as const;
  test.each([
    [product(60_000, 10, 784, halves), "rows"],
    [product(60_000, 17, 784, halves), "matrices 64×64"],
    [product(1_024, 1_024, 1_024, halves), "matrices 64×64"],
    [product(1_536, 1_536, 1_024, halves), "matrices 128×128"],
    [product(4_096, 4_096, 4_096), "64×128 by 8×8"],
  ] as const)("%o where matrices are multiplied at once: %s", (sizes, variant) => {
    expect(chooseMatmul(sizes, { software: false, adapter })).toBe(variant);
  });

  test("are like any other elsewhere, and ask for the same class", () => {
    const asked: string[] = [];
    const preferred = (name: string): undefined => {
      asked.push(name);
      return undefined;
    };
    const sizes = product(1_024, 1_024, 1_024, halves);
    expect(chooseMatmul(sizes, { ...NVIDIA, preferred })).toBe("64×64 by 8×8");
    expect(chooseMatmul(sizes, { software: false, adapter, preferred })).toBe("matrices 64×64");
    expect(asked).toEqual(["wide A·B", "wide A·B, halves"]);
    const tuned = { ...NVIDIA, preferred: () => "matrices 64×64" };
    expect(chooseMatmul(sizes, tuned)).toBe("64×64 by 8×8");
    expect(chooseMatmul(product(9, 99, 9), { software: false, adapter, preferred: tuned.preferred })).toBe(
      "32×32 by 4×4",
    );
  });
});

/** What a WebGPU device has at its default limits, which every variant must do with. */
const EVERYTHING = { vendor: "", architecture: "", subgroups: { min: 32, max: 32 }, matrices: true };
test("every variant fits the default limits and covers C, whatever the sizes", () => {
  for (const name of MATMUL_VARIANTS) {
    for (const rows of [1, 3, 33, 784, 785, 4_097, 60_000]) {
      for (const columns of [1, 2, 3, 7, 10, 13, 16, 100, 1_000]) {
        for (const type of ["f32", "f16", "u8"] as const) {
          const sizes = product(rows, columns, 785, { transposeA: name === "columns", type, halves: true });
          if (!canCompute(name, sizes, EVERYTHING)) continue;
          const { constants: c, groups } = variantNamed(name, sizes, false);
          const tile = TILES[name as keyof typeof TILES];
          const matrices = MATRIX_TILES[name as keyof typeof MATRIX_TILES];
          const threads = tile
            ? tile.threadsX * tile.threadsY
            : matrices
              ? 32 * matrices.subgroupsX * matrices.subgroupsY
              : (c.THREADS ?? Number(c.WIDTH) * Number(c.LANES));
          expect(threads).toBeLessThanOrEqual(256);
          for (const value of Object.values(c)) expect(Number.isInteger(value)).toBe(true);
          if (tile) {
            const shared = 16 * Number(c.SLICE) * (tile.threadsX * tile.columnQuads + tile.threadsY * tile.rowQuads);
            expect(shared).toBeLessThanOrEqual(16_384);
            expect([1, 2, 4]).toContain(c.LOADS_A);
            expect([1, 2, 4]).toContain(c.LOADS_B);
            const values = 16 * threads * tile.rowQuads * tile.columnQuads;
            expect(groups * values).toBeGreaterThanOrEqual(rows * columns);
          }
          if (matrices) {
            const { subgroupsX, subgroupsY, columnTiles, slice } = matrices;
            const [high, wide] = [32 * subgroupsY, 16 * columnTiles * subgroupsX];
            expect(groups * high * wide).toBeGreaterThanOrEqual(rows * columns);
            // Square, so that both operands take as many loads; four or eight subgroups, which write in rounds of four.
            expect(high).toBe(wide);
            expect([4, 8]).toContain(subgroupsX * subgroupsY);
            expect(Number(c.LOADS) * 4 * threads).toBe(high * slice);
          }
          if (name === "subgroups") {
            const values = (threads / 4) * 8 * 16 * Number(c.COLUMN_QUADS);
            expect(groups * values).toBeGreaterThanOrEqual(rows * columns);
          }
          if (name === "broadcasts") {
            expect(threads % 4).toBe(0);
            expect(groups * threads * 4 * Number(c.ROW_QUADS)).toBeGreaterThanOrEqual(rows);
            expect(4 * Number(c.FULL_QUADS) + 2 * Number(c.PAIR)).toBeGreaterThanOrEqual(columns);
          }
          if (name === "rows") expect(threads * Number(c.ROWS)).toBeLessThanOrEqual(1_024);
          if (name === "columns") expect(groups * Number(c.WIDTH) * 4).toBeGreaterThanOrEqual(rows);
        }
      }
    }
  }
});

test("teams of threads leave few of them idle", () => {
  for (const quads of [196, 197, 256, 300, 1_000]) {
    const { width, lanes } = columnTeams(quads);
    const threads = Math.ceil(quads / width) * Math.ceil((width * lanes) / 32) * 32;
    expect(threads).toBeLessThanOrEqual(1.15 * quads * lanes);
  }
  expect(columnTeams(1)).toMatchObject({ width: 1, lanes: 16 });
});

test("partial results are shared out where they are many and the sum is small", () => {
  expect(partialLanes(3_000, 66, false)).toBe(16);
  expect(partialLanes(3_000, 4, false)).toBe(1);
  expect(partialLanes(100_000, 66, false)).toBe(1);
  expect(partialLanes(3_000, 66, true)).toBe(1);
});
