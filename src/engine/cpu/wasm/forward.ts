/**
 * `Z[i,j] = from[i,j] + Σ_l X[i,l] · W[l,j]` for a panel of at most {@link WIDEST_PANEL} columns: one row of X at a time against
 * all columns, the vectors along the features, a sum in a register for every column.
 */
import type { FunctionSource } from "./assembler.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32, f32x4, get, repeat, set, v128 } from "./instructions.js";

/** Sums, a quad of X, one of W and a product fit the 16 registers of x64. */
export const WIDEST_PANEL = 12;

/**
 * (x, xStride, w, from, fromStride, out, outStride, rows, quads), addresses and strides in bytes. W is packed
 * [quads][columns][4]; X's rows hold whole quads.
 */
export type Forward = (
  x: number,
  xStride: number,
  w: number,
  from: number,
  fromStride: number,
  out: number,
  outStride: number,
  rows: number,
  quads: number,
) => void;

export const forward =
  (columns: number, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [x, xStride, w, from, fromStride, out, outStride, rows, quads] = writer.integers(9);
    const [row, quad, features, weights] = [0, 0, 0, 0].map(() => writer.local("i32"));
    const value = writer.local("v128");
    const sums = writer.vectors(columns);
    return repeat(
      row,
      get(rows),
      set(features, get(x)),
      set(weights, get(w)),
      sums.map((sum) => set(sum, v128.zero)),
      repeat(
        quad,
        get(quads),
        set(value, v128.load(get(features))),
        sums.map((sum, j) => set(sum, multiplyAdd(get(value), v128.load(get(weights), 16 * j), get(sum)))),
        advance(features, 16),
        advance(weights, 16 * columns),
      ),
      sums.map((sum, j) => f32.store(get(out), f32.add(f32.load(get(from), 4 * j), f32x4.sum(sum)), 4 * j)),
      advance(x, get(xStride)),
      advance(from, get(fromStride)),
      advance(out, get(outStride)),
    );
  };
