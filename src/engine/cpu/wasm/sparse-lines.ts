/**
 * `out[line] = α · Σ_p values[p] · B[indices[p]] + base` of lines of stored values, some quads of columns at once: a register for each
 * quad, so that a stored value costs a load and a multiply-add for four columns, and nothing else is written but a line's sums.
 */
import type { Code, FunctionSource, Local } from "./assembler.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32x4, get, i32, integer, repeat, set, v128 } from "./instructions.js";

/**
 * (values, indices, starts, lines, count, B, out, stride, bias, α): `starts` has where each of `count` lines begins, and behind it
 * where it ends; `stride` is that of rows of B and of `out`, in bytes. Reads up to 12 bytes past the last columns.
 */
export type SparseLines = (
  values: number,
  indices: number,
  starts: number,
  lines: number,
  count: number,
  b: number,
  out: number,
  stride: number,
  bias: number,
  alpha: number,
) => void;

export interface SparseLinesVariant {
  /** Columns at once, {@link MOST_COLUMNS} at most. */
  readonly columns: number;
  /** Line i is added to row `lines[i]` of `out`; else it is written to row i, plus the bias. */
  readonly listed: boolean;
}

/** More would fit into the registers, and gain nothing: rows of B are waited for. */
export const MOST_COLUMNS = 32;

export const sparseLines =
  ({ columns, listed }: SparseLinesVariant, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [values, indices, starts, lines, count, b, out, stride, bias] = writer.integers(9);
    const alpha = writer.parameter("f32");
    const [line, step, value, index, from] = [0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const [factor, ...sums] = writer.vectors(1 + Math.ceil(columns / 4));
    const place = (list: Local): Code => i32.add(get(list), i32.mul(i32.load(get(starts)), integer(4)));
    const row = (base: Local, number: Local): Code =>
      set(from, i32.add(get(base), i32.mul(i32.load(get(number)), get(stride))));
    const store = (sum: Local, q: number): Code => {
      const lanes = columns - 4 * q;
      if (lanes >= 4) return v128.store(get(from), get(sum), 16 * q);
      return Array.from({ length: lanes }, (_, l) => v128.storeLane(get(from), get(sum), l, 16 * q + 4 * l));
    };
    return repeat(
      line,
      get(count),
      [set(value, place(values)), set(index, place(indices))],
      sums.map((sum) => set(sum, v128.zero)),
      repeat(
        step,
        i32.sub(i32.load(get(starts), 4), i32.load(get(starts))),
        row(b, index),
        set(factor, v128.loadSplat(get(value))),
        sums.map((sum, q) => set(sum, multiplyAdd(get(factor), v128.load(get(from), 16 * q), get(sum)))),
        [advance(value, 4), advance(index, 4)],
      ),
      set(factor, f32x4.splat(get(alpha))),
      listed ? row(out, lines) : set(from, get(out)),
      sums.map((sum, q) => set(sum, multiplyAdd(get(factor), get(sum), v128.load(get(listed ? from : bias), 16 * q)))),
      sums.map(store),
      advance(starts, 4),
      listed ? advance(lines, 4) : advance(out, get(stride)),
    );
  };
