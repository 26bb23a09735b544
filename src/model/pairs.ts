/** How many steps L-BFGS remembers. Imports nothing. */

/** Pairs of vectors, and the bytes they may take: a GPU binds 128 MiB at once, unless asked for more. */
const MEMORY = { pairs: 20, bytes: 128 * 1024 * 1024 };

/** As many pairs of vectors [rows×columns] as there is memory for beside g and its smooth part, one at least. */
export function pairsFor(rows: number, columns: number): number {
  const pairBytes = 2 * rows * Math.ceil(columns / 4) * 16;
  return Math.max(1, Math.min(MEMORY.pairs, Math.floor(MEMORY.bytes / pairBytes) - 1));
}
