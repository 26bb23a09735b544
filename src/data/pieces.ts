/**
 * Work on large data a piece at a time: a generator that gives its caller a chance to do something else after each piece, and its
 * result at the end. Imports nothing.
 */

/** Nothing comes out of it but its result; each `yield` is a chance. */
export type InPieces<Result> = Generator<void, Result, void>;

/** Values of a piece: a millisecond or two to copy and look through, some ten to find their levels. */
export const PIECE: number = 2 ** 19;

/** Without a pause. */
export function atOnce<Result>(work: InPieces<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
