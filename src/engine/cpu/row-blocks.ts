/**
 * Where the rows of a matrix are cut. Sums over rows are added up within blocks and then block by block: blocks depend on the
 * number of rows alone, so that whoever works on which of them, and on how many threads, changes no bit of the result.
 */

/** Rows `begin … end − 1`. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Blocks of a matrix, at most: as many workers can share it. */
export const MOST_BLOCKS = 16;
/** Fewer rows in a block would not pay for adding it up apart. */
const FEWEST_ROWS = 1024;
/** Blocks begin at multiples of this, which is one of what kernels take together. */
const GRAIN = 64;

export const lengthOf = ({ begin, end }: Span): number => end - begin;

export const common = (a: Span, b: Span): Span => {
  const begin = Math.max(a.begin, b.begin);
  return { begin, end: Math.max(begin, Math.min(a.end, b.end)) };
};

/** Rows of a block of a matrix that is `rows` high; all of them where there is one block only. */
export function blockRows(rows: number): number {
  if (rows < 2 * FEWEST_ROWS) return rows;
  return Math.max(FEWEST_ROWS, Math.ceil(rows / MOST_BLOCKS / GRAIN) * GRAIN);
}

/** The blocks that rows `begin … end − 1` of a matrix of `rows` lie in, each as far as they do. */
export function blocksWithin(rows: number, { begin, end }: Span): Span[] {
  const size = blockRows(rows);
  const blocks: Span[] = [];
  for (let first = begin; first < end; ) {
    const next = Math.min(end, (Math.floor(first / size) + 1) * size);
    blocks.push({ begin: first, end: next });
    first = next;
  }
  return blocks;
}

/** Rows for each of `workers`: whole blocks in their order, or runs of 64 rows where there is only one block. */
export function sharesOf(rows: number, workers: number): Span[] {
  const size = rows < 2 * FEWEST_ROWS ? GRAIN : blockRows(rows);
  const blocks = Math.ceil(rows / size);
  const place = (worker: number): number => Math.min(rows, Math.floor((worker * blocks) / workers) * size);
  return Array.from({ length: workers }, (_, w) => ({ begin: place(w), end: place(w + 1) }));
}
