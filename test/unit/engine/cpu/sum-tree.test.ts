import { expect, test } from "vitest";
import type { PartialSum } from "../../../../src/engine/cpu/sum-tree.js";
import { SumTree } from "../../../../src/engine/cpu/sum-tree.js";

const COUNTS = [1, 2, 3, 5, 6, 7, 11, 13, 16];

const accumulate = (total: Float64Array, part: Float64Array): void => {
  total[0] += part[0];
};

/** Values whose sum shows in its last bits in what order they were added. */
const valueAt = (block: number): number => (1 + block) ** -1.7 * (block % 3 === 1 ? 1e9 : 1);

const leaf = (index: number): PartialSum => ({ level: 0, index, data: Float64Array.of(valueAt(index)) });

/** Sums of leaves `begin … end − 1` by halves of a whole power of two. */
function byHalves(begin: number, width: number, end: number): number {
  if (width === 1) return valueAt(begin);
  const middle = begin + width / 2;
  const left = byHalves(begin, width / 2, end);
  return middle < end ? left + byHalves(middle, width / 2, end) : left;
}

test.each(COUNTS)("%i blocks are added up in one order, however they are shared out", (blocks) => {
  const expected = byHalves(0, 2 ** Math.ceil(Math.log2(blocks)), blocks);
  for (let workers = 1; workers <= blocks + 1; workers++) {
    const whole = new SumTree(blocks, accumulate);
    for (let worker = 0; worker < workers; worker++) {
      const own = new SumTree(blocks, accumulate);
      const end = Math.floor(((worker + 1) * blocks) / workers);
      for (let block = Math.floor((worker * blocks) / workers); block < end; block++) own.add(leaf(block));
      for (const sum of own.sums) whole.add(sum);
    }
    expect(whole.total[0], `${workers} workers`).toBe(expected);
  }
});

test("a worker with half of the blocks gives on one sum", () => {
  const half = new SumTree(16, accumulate);
  for (let block = 8; block < 16; block++) half.add(leaf(block));
  expect(half.sums.map(({ level, index }) => [level, index])).toEqual([[3, 1]]);
});

test("there is no total while blocks are missing", () => {
  const tree = new SumTree(3, accumulate);
  expect(() => tree.total).toThrow("blocks are missing");
  for (const block of [0, 1]) tree.add(leaf(block));
  expect(() => tree.total).toThrow("blocks are missing");
  tree.add(leaf(2));
  expect(tree.total[0]).toBe(valueAt(0) + valueAt(1) + valueAt(2));
});
