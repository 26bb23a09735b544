/** Rows of bytes copied one by one from where an index says: `out[i] = source[indices[i]]`. */
import type { Code, FunctionSource } from "./assembler.js";
import { advance, get, i32, integer, memoryCopy, repeat, set } from "./instructions.js";

/** (source, rowBytes, indices, out, rows): `indices` are i32. */
export type Gather = (source: number, rowBytes: number, indices: number, out: number, rows: number) => void;

/**
 * (from, stride, order, rows, bytes, out): reads a byte of every cache line of the rows that i32 numbers at `order` name. A product asks for memory only as it goes, and waits; this asks for all of it at once, and products find it
 * in the cache: rows in random order then cost a third. What it writes to `out` means nothing.
 */
export type Touch = (from: number, stride: number, order: number, rows: number, bytes: number, out: number) => void;

const LINE_BYTES = 64;

export const touch: FunctionSource = (writer) => {
  const [from, stride, order, rows, bytes, out] = writer.integers(6);
  const [row, line, begin, at, sum] = [0, 0, 0, 0, 0].map(() => writer.local("i32"));
  const read = (address: Code): Code => set(sum, i32.add(get(sum), i32.loadByte(address)));
  return [
    repeat(
      row,
      get(rows),
      set(begin, i32.add(get(from), i32.mul(i32.load(get(order)), get(stride)))),
      advance(order, 4),
      set(at, get(begin)),
      repeat(
        line,
        i32.divide(i32.add(get(bytes), integer(LINE_BYTES - 1)), integer(LINE_BYTES)),
        read(get(at)),
        advance(at, LINE_BYTES),
      ),
      // Where a row does not begin with a line, it may end in one more.
      read(i32.add(get(begin), i32.sub(get(bytes), integer(1)))),
    ),
    i32.store(get(out), get(sum)),
  ];
};

export const gather: FunctionSource = (writer) => {
  const [source, rowBytes, indices, out, rows] = writer.integers(5);
  const row = writer.local("i32");
  const from = i32.add(get(source), i32.mul(i32.load(get(indices)), get(rowBytes)));
  return repeat(
    row,
    get(rows),
    memoryCopy(get(out), from, get(rowBytes)),
    advance(indices, 4),
    advance(out, get(rowBytes)),
  );
};
