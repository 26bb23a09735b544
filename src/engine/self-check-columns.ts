/** What the self-check runs of scaled columns: their moments, and rows of weights in other units; and of rows in another place. */
import { columnMoments } from "../ops/column-moments.js";
import type { HostMatrix } from "../ops/op.js";
import { repackRows } from "../ops/repack-rows.js";
import { scaleRows } from "../ops/scale-rows.js";
import type { AddCase } from "./self-check-solver.js";

type Make = (rows: number, columns: number, low?: number, high?: number) => HostMatrix;

export function columnCases(
  add: AddCase,
  make: {
    readonly floats: Make;
    readonly bytes: Make;
    readonly blank: Make;
    /** Roundings of a sum of so many terms, and of a few operations. */
    readonly sumOf: (terms: number) => number;
    readonly elementwise: number;
  },
): void {
  const { floats, bytes, blank, sumOf, elementwise } = make;
  const moments = { rowWeight: floats(1, 1031, 0, 2), out: blank(3, 9) };
  add(columnMoments, "1031×9", { ...moments, x: floats(1031, 9) }, sumOf(1031));
  add(columnMoments, "1031×9, bytes", { ...moments, x: bytes(1031, 9), rowWeight: undefined }, sumOf(1031));
  const units = { scale: floats(1, 10, 0.5, 2), out: blank(10, 7) };
  add(scaleRows, "10×7", { ...units, x: floats(10, 7), shift: undefined }, elementwise);
  add(scaleRows, "10×7, shifted", { ...units, x: floats(11, 7), shift: floats(1, 10) }, elementwise);
  // Moved, not computed.
  add(repackRows, "67×9", { source: floats(1, 67 * 9), out: blank(67, 9) }, 0);
  const pixels = { ...bytes(67, 9), data: new Uint8Array(67 * 9) };
  add(repackRows, "67×9, bytes", { source: bytes(1, 67 * 9), out: pixels }, 0);
}
