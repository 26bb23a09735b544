/**
 * The columns of a sparse matrix, made from its rows on the host: where Xᵀ·G finds what each feature is summed of. A counting sort in
 * two passes, that can be taken in slices.
 */
import type { SparseMatrix } from "../data/matrix.js";
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

/** Values between two turns of the page. */
const SLICE = 1 << 18;

export class ColumnCompressor {
  readonly #matrix: SparseMatrix;
  /** Values of each column; then where the next of them goes. */
  readonly #places: Int32Array;

  constructor(matrix: SparseMatrix) {
    this.#matrix = matrix;
    this.#places = new Int32Array(matrix.columns);
  }

  /**
   * The columns of rows `rowAt(0) … rowAt(count − 1)` that are not empty, behind a column of ones, which is numbered as if it stood behind
   * the last. Yields where a page may have its turn.
   *
   * @param at where in values and indices, in starts and in lines to begin
   */
  *compress(
    rowAt: (i: number) => number,
    count: number,
    into: ColumnArrays,
    at: { readonly value: number; readonly line: number },
  ): Generator<undefined, ColumnCounts> {
    const { starts: rowStarts, indices, values, columns } = this.#matrix;
    const places = this.#places;
    places.fill(0);
    let stored = 0;
    for (let i = 0, next = SLICE; i < count; i++) {
      const row = rowAt(i);
      for (let p = rowStarts[row]; p < rowStarts[row + 1]; p++) places[indices[p]]++;
      stored += rowStarts[row + 1] - rowStarts[row];
      if (stored < next) continue;
      next += SLICE;
      yield;
    }
    const counts = this.#place(columns, count, into, at);
    for (let i = 0, done = 0, next = SLICE; i < count; i++) {
      const row = rowAt(i);
      into.values[at.value + i] = 1;
      into.indices[at.value + i] = i;
      for (let p = rowStarts[row]; p < rowStarts[row + 1]; p++) {
        const to = places[indices[p]]++;
        into.values[to] = values[p];
        into.indices[to] = i;
      }
      done += rowStarts[row + 1] - rowStarts[row];
      if (done < next) continue;
      next += SLICE;
      yield;
    }
    return { ...counts, nonzeros: stored + count };
  }

  /** Gives each column that is not empty its place, long ones first. */
  #place(
    columns: number,
    ones: number,
    { starts, lines }: ColumnArrays,
    at: { readonly value: number; readonly line: number },
  ): Omit<ColumnCounts, "nonzeros"> {
    const places = this.#places;
    let [line, value] = [at.line, at.value];
    const add = (column: number, length: number): void => {
      lines[line] = column;
      starts[line++] = value;
      value += length;
    };
    add(columns, ones);
    const ends: number[] = [];
    for (const [least, below] of [
      [LINE_LENGTHS.long, Number.POSITIVE_INFINITY],
      [LINE_LENGTHS.middling, LINE_LENGTHS.long],
      [1, LINE_LENGTHS.middling],
    ]) {
      for (let column = 0; column < columns; column++) {
        const length = places[column];
        // What has its place already is marked by its negative.
        if (length < least || length >= below) continue;
        places[column] = -1 - value;
        add(column, length);
      }
      ends.push(line - at.line);
    }
    starts[line] = value;
    for (let column = 0; column < columns; column++) if (places[column] < 0) places[column] = -1 - places[column];
    const [long, upToMiddling, all] = ends;
    return { count: all, long, middling: upToMiddling - long };
  }
}
