/**
 * X cut into blocks that fit a core's cache, so that what is computed of a block reads it there: some rows, and so many columns
 * that a row of a very wide X does not flush the rest.
 */
import type { HostMatrix } from "../../../ops/op.js";
import type { KernelMemory } from "../wasm/kernel-memory.js";
import type { Staged } from "./staging.js";
import { stage, stagingBytes, wholeQuads } from "./staging.js";

/** Values of a block: 128 kB, decoded, leave room in a cache of 256 kB or more. */
const BLOCK_VALUES = 1 << 15;
const MOST_ROWS = 512;
/** Fewer rows would not pay for fetching and storing the gradient's sums. */
const FEWEST_ROWS = 16;
const MOST_COLUMNS = 4096;

/** Columns that kernels take together; `quads` of them with their padding. */
export interface Piece {
  readonly column: number;
  readonly columns: number;
  readonly quads: number;
}

export class FeatureBlocks {
  /** Rows in a block, a power of two. */
  readonly rows: number;
  readonly pieces: readonly Piece[];
  /** Columns with the padding of the last quad. */
  readonly width: number;
  /** Scratch for the block at hand. */
  readonly bytes: number;

  constructor({ columns }: HostMatrix) {
    this.width = wholeQuads(columns);
    const fitting = 2 ** Math.floor(Math.log2(Math.max(1, BLOCK_VALUES / this.width)));
    this.rows = Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, fitting));
    // What lies in place as f32 is used there, all but a last quad that is not whole. It stands alone however X is stored: the
    // same numbers are summed in the same order.
    const whole = columns - (columns % 4);
    this.pieces = [...piecesOf(0, whole), ...piecesOf(whole, columns)];
    this.bytes = stagingBytes(this.rows, Math.min(MOST_COLUMNS, this.width));
  }

  /** Piece `p` of rows `first …`; `scratch` has room for `bytes`. */
  stage(memory: KernelMemory, x: HostMatrix, first: number, rows: number, p: number, scratch: number): Staged {
    const { column, columns } = this.pieces[p];
    return stage(memory, x, { row: first, rows, column, columns }, true, scratch);
  }
}

function piecesOf(first: number, end: number): Piece[] {
  const pieces: Piece[] = [];
  for (let column = first; column < end; column += MOST_COLUMNS) {
    const columns = Math.min(MOST_COLUMNS, end - column);
    pieces.push({ column, columns, quads: Math.ceil(columns / 4) });
  }
  return pieces;
}

/** `total` columns in as few groups of at most `widest` as there can be, of sizes as equal as can be. */
export function balanced(total: number, widest: number): { readonly first: number; readonly columns: number }[] {
  const count = Math.ceil(total / widest);
  return Array.from({ length: count }, (_, g) => {
    const first = Math.floor((g * total) / count);
    return { first, columns: Math.floor(((g + 1) * total) / count) - first };
  });
}
