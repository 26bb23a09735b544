/** What the self-check runs of the sparse product: rows as they are, and columns by a list, short ones and one that many threads share. */
import { hostMatrix } from "../ops/host-matrix.js";
import type { HostMatrix } from "../ops/op.js";
import { sparseProduct } from "../ops/sparse-product.js";
import type { AddCase } from "./self-check-solver.js";

/** Lines of these lengths, whose values belong to rows of B spread over `height`. */
function linesOf(
  lengths: readonly number[],
  height: number,
  floats: (rows: number, columns: number) => HostMatrix,
): {
  readonly values: HostMatrix;
  readonly indices: HostMatrix;
  readonly starts: HostMatrix;
  readonly nonzeros: number;
} {
  const starts = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    starts[i + 1] = starts[i] + length;
  });
  const nonzeros = starts[lengths.length];
  // 37 is prime to the heights in use.
  const indices = Int32Array.from({ length: nonzeros }, (_, p) => (37 * p) % height);
  return {
    values: floats(1, nonzeros),
    indices: hostMatrix(indices, 1, nonzeros),
    starts: hostMatrix(starts, 1, starts.length),
    nonzeros,
  };
}

export function sparseCases(
  add: AddCase,
  floats: (rows: number, columns: number) => HostMatrix,
  blank: (rows: number, columns: number) => HostMatrix,
  sumOf: (terms: number) => number,
): void {
  const lengths = Array.from({ length: 67 }, (_, i) => (i % 5) * 3);
  const plain = { alpha: 0.75, first: 0, long: 0, middling: 0 };
  const rows = { ...linesOf(lengths, 101, floats), lines: undefined, keep: false, ...plain, count: 67 };
  const shift = { b: floats(101, 10), bias: floats(1, 10), out: blank(67, 10) };
  add(sparseProduct, "X·W 67×101×10, bias", { ...rows, ...shift }, sumOf(12), true);
  const sorted = [2051, 40, 33, ...Array.from({ length: 30 }, (_, i) => 1 + (i % 7))];
  const lines = hostMatrix(
    Int32Array.from(sorted, (_, i) => (5 * i + 2) % 41),
    1,
    sorted.length,
  );
  const columns = { ...linesOf(sorted, 2053, floats), lines, keep: false, ...plain, count: sorted.length };
  const sides = { b: floats(2053, 7), bias: undefined, out: blank(41, 7), long: 1, middling: 2 };
  add(sparseProduct, "Xᵀ·G 2053×41×7", { ...columns, ...sides }, sumOf(2051), true);
}
