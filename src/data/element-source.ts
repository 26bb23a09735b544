/** A caller's numbers, read in blocks whatever arrays they come in. Imports half-float and its neighbours in this folder. */
import { halfBits, halfValues } from "../half-float.js";
import type { Argument } from "./argument.js";
import type { HalfArray, NumericArray } from "./numeric-array.js";
import { isByteArray, isHalfArray, refuseDetached } from "./numeric-array.js";
import { type InPieces, PIECE } from "./pieces.js";

/** Halves by their bits: a Float16Array, or what stands for one where the platform has none. */
export class HalfElements {
  readonly bits: Uint16Array;

  constructor(bits: Uint16Array) {
    this.bits = bits;
  }

  get length(): number {
    return this.bits.length;
  }
}

type Given = NumericArray | readonly number[] | HalfElements;
type Run = Exclude<Given, HalfArray>;

/** A matrix of `rows × columns` values `element · scale + offset`. */
export interface ElementSource {
  readonly rows: number;
  readonly columns: number;
  readonly scale: number;
  readonly offset: number;
  /** Runs of equal length that follow each other row-major: all in one, or one for each row. */
  readonly runs: readonly Run[];
}

/** What all elements of a source are. */
export type ElementKind = "bytes" | "halves" | "numbers";

/** The runs with every Float16Array as its bits, which older engines and those of other frames read alike. */
export function readableRuns(given: readonly Given[]): readonly Run[] {
  if (!given.some(isHalfArray)) return given as readonly Run[];
  return given.map((run) => (isHalfArray(run) ? new HalfElements(halfBits(run)) : run));
}

export function kindOf({ runs }: ElementSource): ElementKind {
  if (runs.every(isByteArray)) return "bytes";
  return runs.every((run) => run instanceof HalfElements) ? "halves" : "numbers";
}

/**
 * The number that was given at a row-major index, with scale and offset applied in float64. An infinity stays what it is, so that
 * a message shows it as the caller has it.
 */
export function valueAt({ runs, scale, offset }: ElementSource, index: number): number {
  const { length } = runs[0];
  const run = runs[Math.floor(index / length)];
  const element =
    run instanceof HalfElements ? halfValues()[run.bits[index % length]] : (run[index % length] as number);
  return Number.isFinite(element) ? element * scale + offset : element;
}

/**
 * Shows parts of the runs, each of at most `most` elements from `start` on, `first` being the index of their first in the matrix.
 * Throws DataError DETACHED_BUFFER when one of them was transferred away in a pause.
 */
export function* eachPart(
  { rows, columns, runs }: ElementSource,
  most: number,
  argument: Argument,
  visit: (run: Run, start: number, count: number, first: number) => void,
): InPieces<void> {
  const { length } = runs[0];
  let [first, paused] = [0, 0];
  for (const run of runs) {
    const memory = run instanceof HalfElements ? run.bits : run;
    for (let start = 0; start < length; start += most) {
      if (ArrayBuffer.isView(memory)) refuseDetached(memory, argument);
      const count = Math.min(most, length - start);
      visit(run, start, count, first);
      first += count;
      if (first - paused < PIECE || first === rows * columns) continue;
      yield;
      paused = first;
    }
  }
}

/** Values in a block: they and what is made of them stay in the fastest cache. */
export const BLOCK = 2048;

/**
 * Fills `into` with block after block of the values, rounded to its own precision and to no other, and shows each to
 * `visit(values, first)`. The array is used again for the next.
 */
export function eachBlock<Block extends Float32Array | Float64Array>(
  source: ElementSource,
  into: Block,
  argument: Argument,
  visit: (values: Block, first: number) => void,
): InPieces<void> {
  return eachPart(source, into.length, argument, (run, start, count, first) => {
    const values = (count === into.length ? into : into.subarray(0, count)) as Block;
    readValues(run, start, source, values);
    visit(values, first);
  });
}

/** The values of a run from index `start` on, as many as `into` has room for. */
export function readValues(
  run: Run,
  start: number,
  { scale, offset }: ElementSource,
  into: Float32Array | Float64Array,
): void {
  // −0 · 1 + 0 would be 0.
  const plain = scale === 1 && offset === 0;
  if (plain && ArrayBuffer.isView(run)) {
    into.set(run.subarray(start, start + into.length));
    return;
  }
  const halves = run instanceof HalfElements ? run.bits : undefined;
  const values = halfValues();
  for (let i = 0; i < into.length; i++) {
    const element = halves ? values[halves[start + i]] : (run as ArrayLike<number>)[start + i];
    into[i] = plain ? element : element * scale + offset;
  }
}
