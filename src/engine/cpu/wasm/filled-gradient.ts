/**
 * The sums of `gradient` from bins of the quads that are not blank, to the same bits: one place of a row's quads times all columns stays
 * in registers while the rows that fill it go by.
 */
import type { FunctionSource } from "./assembler.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32x4, get, i32, repeat, set, v128, when } from "./instructions.js";

/** Sums, a quad of X, a splat and a product fit the 16 registers of x64. */
export const WIDEST_FILLED_GROUP = 12;

/**
 * (values, factors, ends, binRows, g, sums, sumsStride, quads): bins as in `FilledForward`, `factors` what is added to `g` for a row of G, the
 * rest as in `Gradient`.
 */
export type FilledGradient = (
  values: number,
  factors: number,
  ends: number,
  binRows: number,
  g: number,
  sums: number,
  sumsStride: number,
  quads: number,
) => void;

export const filledGradient =
  (columns: number, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [values, factors, ends, binRows, g, sums, sumsStride, quads] = writer.integers(8);
    const [step, entry, count, first, from, list, at] = Array.from({ length: 7 }, () => writer.local("i32"));
    const [value, factor] = writer.vectors(2);
    const totals = writer.vectors(columns);
    return repeat(
      step,
      get(quads),
      set(count, i32.sub(i32.load(get(ends)), get(first))),
      when(
        get(count),
        set(from, i32.add(get(values), i32.shiftLeft(get(first), 4))),
        set(list, i32.add(get(factors), i32.shiftLeft(get(first), 2))),
        totals.map((total) => set(total, v128.zero)),
        repeat(
          entry,
          get(count),
          set(at, i32.add(get(g), i32.load(get(list)))),
          set(value, v128.load(get(from))),
          totals.map((total, j) => [
            set(factor, v128.loadSplat(get(at), 4 * j)),
            set(total, multiplyAdd(get(value), get(factor), get(total))),
          ]),
          advance(from, 16),
          advance(list, 4),
        ),
        set(at, get(sums)),
        totals.map((total) => [
          v128.store(get(at), f32x4.add(v128.load(get(at)), get(total))),
          advance(at, get(sumsStride)),
        ]),
      ),
      advance(first, get(binRows)),
      advance(ends, 4),
      advance(sums, 16),
    );
  };
