/** Rows of bytes copied one by one from where an index says: `out[i] = source[indices[i]]`. */
import type { FunctionSource } from "./assembler.js";
import { advance, get, i32, memoryCopy, repeat } from "./instructions.js";

/** (source, rowBytes, indices, out, rows): `indices` are i32. */
export type Gather = (source: number, rowBytes: number, indices: number, out: number, rows: number) => void;

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
