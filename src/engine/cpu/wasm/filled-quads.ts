/**
 * Which quads of features hold anything: a quad whose bits are all 0 adds nothing to a product, and images, counts and one-hot
 * columns are full of them. Kernels that go by lists of the others do the same sums, but for those. Lists are made without a
 * branch, which would be guessed wrongly at every edge of a drawing.
 */
import type { Code, FunctionSource, Local } from "./assembler.js";
import type { FeatureType } from "./decode.js";
import { ELEMENT_BYTES } from "./decode.js";
import {
  advance,
  either,
  get,
  i16x8,
  i32,
  i32x4,
  integer,
  narrowedToBytes,
  repeat,
  set,
  v128,
} from "./instructions.js";

/**
 * (x, xStride, order, lists, listStride, counts, rows, quads): of each row the numbers of the filled among its first
 * `quads` quads as u16 at `lists`, where up to 16 bytes more may be written, and how many these are as an i32 at `counts`;
 * behind the counts their sum. `order` are i32 row numbers, or 0.
 */
export type FindFilled = (
  x: number,
  xStride: number,
  order: number,
  lists: number,
  listStride: number,
  counts: number,
  rows: number,
  quads: number,
) => void;

/** Quads looked at together. */
const TOGETHER = 8;

/** Where every memory of kernels has a list of places for each pattern of eight bits. */
export const PLACES: { readonly address: number; readonly bytes: number } = {
  address: 64,
  bytes: TOGETHER << TOGETHER,
};

/** For each pattern the places of its zeros as bytes, lowest first; what follows them means nothing. */
export function writePlaces(memory: WebAssembly.Memory): void {
  const places = new Uint8Array(memory.buffer, PLACES.address, PLACES.bytes);
  for (let pattern = 0; pattern < 1 << TOGETHER; pattern++) {
    let next = TOGETHER * pattern;
    for (let place = 0; place < TOGETHER; place++) if (((pattern >> place) & 1) === 0) places[next++] = place;
  }
}

/** Sixteen bytes for four quads: those of a quad are 0 where it is blank. */
function summary(type: FeatureType, from: Local, offset: number): Code {
  const load = (vector: number): Code => v128.load(get(from), offset + 16 * vector);
  if (type === "u8") return load(0);
  if (type === "f16") return narrowedToBytes(load(0), load(1));
  return narrowedToBytes(i16x8.narrowed(load(0), load(1)), i16x8.narrowed(load(2), load(3)));
}

/** An i32 that is 0 where a quad is blank. */
function bitsOf(type: FeatureType, from: Local): Code {
  const words = Array.from({ length: ELEMENT_BYTES[type] }, (_, w) => i32.load(get(from), 4 * w));
  return words.reduce((all, word) => i32.or(all, word));
}

export const findFilled =
  (type: FeatureType): FunctionSource =>
  (writer) => {
    const [x, xStride, order, lists, listStride, counts, rows, quads] = writer.integers(8);
    const [row, step, from, to, blank, total, quad] = [0, 0, 0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const first = writer.local("v128");
    const bytes = 4 * ELEMENT_BYTES[type];
    const half = (number: number): Code => i32x4.equal(summary(type, from, 4 * bytes * number), v128.zero);
    return [
      repeat(
        row,
        get(rows),
        set(from, get(x)),
        either(
          get(order),
          [advance(from, i32.mul(i32.load(get(order)), get(xStride))), advance(order, 4)],
          advance(x, get(xStride)),
        ),
        set(to, get(lists)),
        set(first, v128.zero),
        repeat(
          step,
          i32.divide(get(quads), integer(TOGETHER)),
          set(blank, i16x8.signs(i16x8.narrowed(half(0), half(1)))),
          v128.store(get(to), i16x8.add(v128.load8Bytes(i32.shiftLeft(get(blank), 3), PLACES.address), get(first))),
          advance(to, i32.sub(integer(2 * TOGETHER), i32.shiftLeft(i32.ones(get(blank)), 1))),
          set(first, i16x8.add(get(first), i16x8.constant(TOGETHER))),
          advance(from, TOGETHER * bytes),
        ),
        set(quad, i32.and(get(quads), integer(-TOGETHER))),
        repeat(
          step,
          i32.remainder(get(quads), integer(TOGETHER)),
          i32.storeShort(get(to), get(quad)),
          advance(to, i32.shiftLeft(i32.unequal(bitsOf(type, from), integer(0)), 1)),
          advance(quad, 1),
          advance(from, bytes),
        ),
        set(blank, i32.divide(i32.sub(get(to), get(lists)), integer(2))),
        i32.store(get(counts), get(blank)),
        advance(total, get(blank)),
        advance(counts, 4),
        advance(lists, get(listStride)),
      ),
      i32.store(get(counts), get(total)),
    ];
  };
