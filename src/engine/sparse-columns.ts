/**
 * The columns of a sparse matrix, made from its rows on the host: where Xᵀ·G finds what each feature is summed of. A counting sort in
 * two passes, that can be taken in slices.
 */
import type { SparseMatrix } from "../data/matrix.js";
import { allocated } from "../data/memory.js";
import { type InPieces, PIECE } from "../data/pieces.js";
import { LINE_LENGTHS } from "../ops/sparse-product-arguments.js";

/** Where columns are written to, and from which place on. */
export interface ColumnArrays {
  readonly values: Float32Array;
  /** For each value its row, counted from the first of those taken. */
  readonly indices: Int32Array;
  /** Where columns begin in `values`, and where the last ends. */
  readonly starts: Int32Array;
  /** Which column each is. */
  readonly lines: Int32Array;
}

/** How many columns there are, by length; they stand in that order, and within it in their own. */
export interface ColumnCounts {
  readonly count: number;
  readonly long: number;
  readonly middling: number;
  /** Values in them, those of the column of ones too. */
  readonly nonzeros: number;
}

/** Lengths of long, middling and short columns: from, and below. */
const CLASSES = [
  [LINE_LENGTHS.long, Number.POSITIVE_INFINITY],
  [LINE_LENGTHS.middling, LINE_LENGTHS.long],
  [1, LINE_LENGTHS.middling],
] as const;
export class ColumnCompressor {
  readonly #matrix: SparseMatrix;
  /** Values of each column, then where the next of them goes; zeros between two uses. */
  readonly #places: Int32Array;
  /** Columns that are not empty, ascending. */
  readonly #filled: Int32Array;

  constructor(matrix: SparseMatrix) {
    this.#matrix = matrix;
    this.#places = allocated(Int32Array, 1, matrix.columns, "sparse");
    this.#filled = new Int32Array(Math.min(matrix.columns, matrix.values.length));
  }

  /**
   * The columns of rows `rowAt(0) … rowAt(count − 1)` that are not empty, behind a column of ones, which is numbered as if it stood behind
   * the last. Whoever begins goes on to the end.
   *
   * @param at where in values and indices, and in starts and lines, to begin
   */
  *compress(
    rowAt: (i: number) => number,
    count: number,
    into: ColumnArrays,
    at: { readonly value: number; readonly line: number },
  ): InPieces<ColumnCounts> {
    const { starts, indices, values } = this.#matrix;
    const places = this.#places;
    let stored = 0;
    for (let i = 0, next = PIECE; i < count; i++) {
      const row = rowAt(i);
      const end = starts[row + 1];
      for (let p = starts[row]; p < end; p++) places[indices[p]]++;
      stored += end - starts[row];
      if (stored < next) continue;
      next += PIECE;
      yield;
    }
    const [filled, counts] = this.#place(count, into, at);
    for (let i = 0, done = 0, next = PIECE; i < count; i++) {
      const row = rowAt(i);
      const end = starts[row + 1];
      into.values[at.value + i] = 1;
      into.indices[at.value + i] = i;
      for (let p = starts[row]; p < end; p++) {
        const to = places[indices[p]]++;
        into.values[to] = values[p];
        into.indices[to] = i;
      }
      done += end - starts[row];
      if (done < next) continue;
      next += PIECE;
      yield;
    }
    for (const column of filled) places[column] = 0;
    return { ...counts, nonzeros: stored + count };
  }

  /** Gives each column that is not empty its place, long ones first. */
  #place(
    ones: number,
    { starts, lines }: ColumnArrays,
    at: { readonly value: number; readonly line: number },
  ): [Int32Array, Omit<ColumnCounts, "nonzeros">] {
    const places = this.#places;
    let found = 0;
    for (let column = 0; column < places.length; column++) if (places[column] > 0) this.#filled[found++] = column;
    const filled = this.#filled.subarray(0, found);
    let [line, value] = [at.line, at.value];
    const add = (column: number, length: number): void => {
      lines[line] = column;
      starts[line++] = value;
      value += length;
    };
    add(places.length, ones);
    const ends = CLASSES.map(([least, below]) => {
      for (const column of filled) {
        const length = places[column];
        // What has its place already is marked by its negative.
        if (length < least || length >= below) continue;
        places[column] = -1 - value;
        add(column, length);
      }
      return line - at.line;
    });
    starts[line] = value;
    for (const column of filled) places[column] = -1 - places[column];
    const [long, upToMiddling, all] = ends;
    return [filled, { count: all, long, middling: upToMiddling - long }];
  }
}
