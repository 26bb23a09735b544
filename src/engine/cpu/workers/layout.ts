/** Which worker has which rows of a storage: a span for each, and what must be sent when that changes. */
import type { Span } from "../row-blocks.js";
import { lengthOf } from "../row-blocks.js";

export type Layout = readonly Span[];

export const everywhere = (length: number, workers: number): Layout =>
  Array.from({ length: workers }, () => ({ begin: 0, end: length }));

/** All in the first worker. */
export const atHome = (length: number, workers: number): Layout =>
  Array.from({ length: workers }, (_, w) => ({ begin: 0, end: w === 0 ? length : 0 }));

export const sameLayout = (a: Layout, b: Layout): boolean =>
  a.every((span, w) => (span.begin === b[w].begin && span.end === b[w].end) || (isEmpty(span) && isEmpty(b[w])));

const isEmpty = (span: Span): boolean => lengthOf(span) === 0;

/** Whether worker w has all of `wanted[w]`. */
export const covers = (has: Layout, wanted: Layout): boolean =>
  has.every((span, w) => isEmpty(wanted[w]) || (span.begin <= wanted[w].begin && span.end >= wanted[w].end));

/** The part of a layout that lies within rows `begin … end − 1`, counted from there. */
export const within = (layout: Layout, { begin, end }: Span): Layout =>
  layout.map((span) => {
    const first = Math.min(Math.max(span.begin, begin), end);
    return { begin: first - begin, end: Math.max(first, Math.min(span.end, end)) - begin };
  });

/** Rows that `sender` gives to a receiver; the receiver may be its own sender. */
export interface Piece {
  readonly sender: number;
  readonly span: Span;
}

/** Where worker `receiver` gets what it shall have: what it has itself stays, all else comes from the first who has it. */
export function piecesFor(receiver: number, before: Layout, after: Layout): Piece[] {
  const { end } = after[receiver];
  const own = before[receiver];
  const pieces: Piece[] = [];
  for (let begin = after[receiver].begin; begin < end; ) {
    const has = (span: Span): boolean => span.begin <= begin && begin < span.end;
    const sender = has(own) ? receiver : before.findIndex(has);
    if (sender < 0) throw new RangeError(`workers: nobody has row ${begin}.`);
    let last = Math.min(end, before[sender].end);
    if (sender !== receiver && own.begin > begin && !isEmpty(own)) last = Math.min(last, own.begin);
    pieces.push({ sender, span: { begin, end: last } });
    begin = last;
  }
  return pieces;
}
