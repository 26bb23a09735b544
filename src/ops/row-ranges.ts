/**
 * Cuts work over the rows of one or more matrices into ranges that lie in one buffer of each, so that a matrix larger
 * than a binding, or a dispatch longer than a watchdog allows, is simply several launches.
 */
import { DeviceError } from "../errors.js";
import type { DeviceBlock, DeviceMatrix } from "./op.js";

/** Where the first row of a range starts in a buffer, in quads. */
export interface RowPart {
  readonly buffer: object;
  readonly offset: number;
}

export interface RowRange {
  readonly firstRow: number;
  readonly rows: number;
  /** One for each matrix. */
  readonly parts: readonly RowPart[];
}

/** Rows are cut at multiples of this, which is a multiple of every tile's height. */
const ROW_GRAIN = 64;

const blockAt = (m: DeviceMatrix, row: number): DeviceBlock =>
  m.blocks.find((b) => row < b.firstRow + b.rows) as DeviceBlock;

/** All ranges of the rows that the matrices share, none longer than `mostRows` (rounded up to a multiple of 64). */
export function rowRanges(matrices: readonly DeviceMatrix[], mostRows: number = Number.POSITIVE_INFINITY): RowRange[] {
  const total = matrices[0].rows;
  const longest = Math.max(1, Math.ceil(mostRows / ROW_GRAIN)) * ROW_GRAIN;
  const ranges: RowRange[] = [];
  for (let firstRow = 0; firstRow < total; ) {
    let end = Math.min(total, firstRow + longest);
    const parts = matrices.map((m) => {
      const block = blockAt(m, firstRow);
      end = Math.min(end, block.firstRow + block.rows);
      return { buffer: block.buffer, offset: block.offset + (firstRow - block.firstRow) * m.stride };
    });
    ranges.push({ firstRow, rows: end - firstRow, parts });
    firstRow = end;
  }
  return ranges;
}

/** The one block of a matrix that an op must see whole. Throws LIMIT_EXCEEDED when it is too large for one binding. */
export function wholeBlock(op: string, name: string, m: DeviceMatrix): DeviceBlock {
  if (m.blocks.length === 1) return m.blocks[0];
  throw new DeviceError(
    "LIMIT_EXCEEDED",
    `${op}: ${name} is too large for one storage binding of this device: ${m.rows} × ${m.columns} takes ${m.blocks.length} bindings. ` +
      'Use fewer features or classes, or device: "cpu".',
  );
}
