/** Work in pieces that leaves the page its turns: input, paint and timers between two slices of it. */
import type { InPieces } from "../data/pieces.js";
import { yieldToPage } from "./yield-to-page.js";

/** A slice ends with the piece that makes it this long. */
const SLICE_MS = 6;

/** Begins at once, and has ended when it returns if there is one piece only. `onTurn` is called after each turn of the page's, and may throw. */
export async function inTurns<Result>(work: InPieces<Result>, onTurn: () => void): Promise<Result> {
  let begun = performance.now();
  try {
    for (;;) {
      const step = work.next();
      if (step.done) return step.value;
      if (performance.now() - begun < SLICE_MS) continue;
      await yieldToPage();
      onTurn();
      begun = performance.now();
    }
  } finally {
    // Work that is given up gives back what it has taken.
    work.return(undefined as Result);
  }
}
