/** What a sparse product is given: lines of values, each with the row of B that it is multiplied with. */
import type { Matrix } from "./op.js";

/** Lines of so many values are long, of so many middling: what `long` and `middling` count. */
export const LINE_LENGTHS = { long: 1024, middling: 32 } as const;

export interface SparseProductArguments<M extends Matrix = Matrix> {
  /** The values that are stored, line by line. */
  readonly values: M;
  /** i32: for each value the row of B that it is multiplied with. */
  readonly indices: M;
  /** i32: where lines begin in `values`, and behind the last of them where it ends. */
  readonly starts: M;
  /** i32: the row of `out` that each line is written to, each once; undefined where line i is row i and every row has its line. */
  readonly lines: M | undefined;
  /** m × k */
  readonly b: M;
  /** 1 × k, for lines without a list. */
  readonly bias: M | undefined;
  /** Written. */
  readonly out: M;
  readonly alpha: number;
  /** With a list: add to what `out` holds; otherwise rows without a line become zero. */
  readonly keep: boolean;
  /** Lines passed over at the beginning, and lines that follow. */
  readonly first: number;
  readonly count: number;
  /** How many of all lines, from line 0 on, are long; how many after them are of middling length. The others are short. */
  readonly long: number;
  readonly middling: number;
  /** Values in all lines together, roughly: what the work is estimated by. */
  readonly nonzeros: number;
}
