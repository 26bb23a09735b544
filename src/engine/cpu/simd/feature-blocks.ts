/**
 * X cut into blocks that fit a core's cache, so that what is computed of a block reads it there: some rows, and so many columns
 * that a row of a very wide X does not flush the rest.
 */
import type { HostMatrix } from "../../../ops/op.js";
import type { Encoding, FeatureType } from "../wasm/decode.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import { copyIn, featureTypeOf, wholeQuads } from "./staging.js";

/** Values of a block: 128 kB, decoded, leave room in a cache of 256 kB or more. */
const BLOCK_VALUES = 1 << 15;
const MOST_ROWS = 512;
/** Fewer rows would not pay for fetching and storing the gradient's sums. */
const FEWEST_ROWS = 16;
const MOST_COLUMNS = 4096;

/** Columns that kernels take together, a multiple of 4 but for the last ones. */
export interface Piece {
  readonly column: number;
  readonly columns: number;
}

/** Where kernels find the rows of a block, or of a piece of it. */
export interface FeatureRows {
  readonly address: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** Rows of a block: those that lie one after the other, or those that i32 numbers at `order` name. */
export interface BlockRows extends FeatureRows {
  readonly rows: number;
  readonly order: number | undefined;
}

export class FeatureBlocks {
  /** Rows in a block, a power of two. */
  readonly rows: number;
  readonly pieces: readonly Piece[];
  /** Columns with the padding of the last quad. */
  readonly width: number;
  readonly encoding: Encoding;
  /** The values are so many times the elements, where kernels do not decode them whole. */
  readonly factor: number;
  /** Bytes of a block as f32 in rows of whole quads, and of a copy of its elements: both end where 16 bytes more may be read. */
  readonly keptBytes: number;
  readonly copyBytes: number;

  constructor({ columns, data, scale, offset }: HostMatrix) {
    this.width = wholeQuads(columns);
    const fitting = 2 ** Math.floor(Math.log2(Math.max(1, BLOCK_VALUES / this.width)));
    this.rows = Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, fitting));
    const pieces = Math.ceil(columns / MOST_COLUMNS);
    this.pieces = Array.from({ length: pieces }, (_, p) => ({
      column: p * MOST_COLUMNS,
      columns: Math.min(MOST_COLUMNS, columns - p * MOST_COLUMNS),
    }));
    const type = featureTypeOf(data) as FeatureType;
    // Bytes and halves without an offset are multiplied by the scale once, with the weights or the sums.
    this.encoding = { type, affine: type !== "f32" && offset !== 0 };
    this.factor = type !== "f32" && offset === 0 ? scale : 1;
    this.keptBytes = 4 * this.rows * this.width + 64;
    this.copyBytes = this.rows * columns * data.BYTES_PER_ELEMENT + 64;
  }

  /**
   * Rows `first …` where they lie, or in a copy at `scratch`, which has room for `copyBytes`. With a list of i32 numbers at an
   * address: all of X for a kernel to find them in, or a copy of them.
   */
  locate(memory: KernelMemory, x: HostMatrix, first: number, rows: number, scratch: number, list?: number): BlockRows {
    const stride = x.columns * x.data.BYTES_PER_ELEMENT;
    if (memory.holds(x.data)) {
      const address = x.data.byteOffset + (list === undefined ? first * stride : 0);
      // Rows in a row are fetched ahead by the processor.
      if (list !== undefined) memory.kernels.touch()(address, stride, list, rows, stride, scratch);
      return { address, stride, rows, order: list };
    }
    const numbers = list === undefined ? undefined : new Int32Array(memory.buffer, list, rows);
    const copy = (row: number, count: number, to: number): void => {
      copyIn(memory, x, { row, rows: count, column: 0, columns: x.columns }, to);
    };
    if (!numbers) copy(first, rows, scratch);
    for (const [r, row] of (numbers ?? []).entries()) copy(row, 1, scratch + r * stride);
    return { address: scratch, stride, rows, order: undefined };
  }
}

/** `total` columns in as few groups of at most `widest` as there can be, of sizes as equal as can be. */
export function balanced(total: number, widest: number): { readonly first: number; readonly columns: number }[] {
  const count = Math.ceil(total / widest);
  return Array.from({ length: count }, (_, g) => {
    const first = Math.floor((g * total) / count);
    return { first, columns: Math.floor(((g + 1) * total) / count) - first };
  });
}
