import { expect, test } from "vitest";
import { blockRows, blocksWithin, lengthOf, MOST_BLOCKS, sharesOf } from "../../../../src/engine/cpu/row-blocks.js";

const SIZES = [1, 63, 64, 300, 2047, 2048, 2049, 16_384, 16_385, 60_000, 65_537, 1_000_003];

test.each(SIZES)("%i rows: blocks cover them once, and so do shares, by whole blocks", (rows) => {
  const blocks = blocksWithin(rows, { begin: 0, end: rows });
  expect(blocks.length).toBeLessThanOrEqual(MOST_BLOCKS);
  expect(blocks.reduce((sum, block) => sum + lengthOf(block), 0)).toBe(rows);
  for (let workers = 1; workers <= MOST_BLOCKS; workers++) {
    const shares = sharesOf(rows, workers);
    expect(shares).toHaveLength(workers);
    expect([shares[0].begin, shares[workers - 1].end]).toEqual([0, rows]);
    shares.forEach(({ begin, end }, w) => {
      if (w > 0) expect(begin).toBe(shares[w - 1].end);
      for (const edge of [begin, end].filter((row) => row < rows)) expect(edge % 64).toBe(0);
      if (blocks.length > 1)
        for (const edge of [begin, end].filter((row) => row < rows)) expect(edge % blockRows(rows)).toBe(0);
    });
    if (blocks.length === MOST_BLOCKS) for (const share of shares) expect(lengthOf(share)).toBeGreaterThan(0);
  }
});

test("a part of a matrix is cut where the matrix is", () => {
  const size = blockRows(60_000);
  const part = blocksWithin(60_000, { begin: size - 10, end: 2 * size + 5 });
  expect(part).toEqual([
    { begin: size - 10, end: size },
    { begin: size, end: 2 * size },
    { begin: 2 * size, end: 2 * size + 5 },
  ]);
});
