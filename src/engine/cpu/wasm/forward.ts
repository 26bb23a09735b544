/**
 * `Z[i,j] = from[i,j] + Σ_l X[i,l] · W[l,j]` for a panel of at most {@link WIDEST_PANEL} columns: one row of X at a time against
 * all columns, the vectors along the features, a sum in a register for every column. Features are decoded on the way, and kept
 * for those who need them next.
 */
import type { Code, FunctionSource } from "./assembler.js";
import type { Encoding } from "./decode.js";
import { FeatureQuads, firstLanes } from "./decode.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32, f32x4, get, i32, integer, repeat, set, v128, when } from "./instructions.js";

/** Sums, a quad of X, one of W and a product fit the 16 registers of x64. */
export const WIDEST_PANEL = 12;

export interface ForwardVariant extends Encoding {
  readonly columns: number;
  /** Rows are those that a list names, not one after the other. */
  readonly ordered: boolean;
  /** Store the features as f32, rows of whole quads with zeros in the padding. */
  readonly keep: boolean;
}

/**
 * (x, xStride, order, kept, keptStride, w, from, fromStride, out, outStride, rows, features, scale, offset), addresses and strides
 * in bytes. `order` are i32 row numbers. W is packed [quads][columns][4], zeros in the padding. Reads up to 15 bytes past X.
 */
export type Forward = (
  x: number,
  xStride: number,
  order: number,
  kept: number,
  keptStride: number,
  w: number,
  from: number,
  fromStride: number,
  out: number,
  outStride: number,
  rows: number,
  features: number,
  scale: number,
  offset: number,
) => void;

export const forward =
  ({ columns, ordered, keep, ...encoding }: ForwardVariant, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [x, xStride, order, kept, keptStride, w, from, fromStride, out, outStride, rows, count] = writer.integers(12);
    const [scale, offset] = [writer.parameter("f32"), writer.parameter("f32")];
    const [row, quad, features, weights, to, rest] = [0, 0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const quads = new FeatureQuads(writer, encoding);
    const value = writer.local("v128");
    const sums = writer.vectors(columns);
    const addQuad = (features: Code): Code => [
      set(value, features),
      keep ? v128.store(get(to), get(value)) : [],
      sums.map((sum, j) => set(sum, multiplyAdd(get(value), v128.load(get(weights), 16 * j), get(sum)))),
    ];
    return [
      quads.prepare(scale, offset),
      set(rest, i32.remainder(get(count), integer(4))),
      repeat(
        row,
        get(rows),
        set(features, ordered ? i32.add(get(x), i32.mul(i32.load(get(order)), get(xStride))) : get(x)),
        set(weights, get(w)),
        keep ? set(to, get(kept)) : [],
        sums.map((sum) => set(sum, v128.zero)),
        repeat(
          quad,
          i32.divide(get(count), integer(4)),
          addQuad(quads.at(features, 0)),
          advance(features, quads.bytes),
          keep ? advance(to, 16) : [],
          advance(weights, 16 * columns),
        ),
        when(get(rest), addQuad(firstLanes(quads.at(features, 0), rest))),
        sums.map((sum, j) => f32.store(get(out), f32.add(f32.load(get(from), 4 * j), f32x4.sum(sum)), 4 * j)),
        ordered ? advance(order, 4) : advance(x, get(xStride)),
        keep ? advance(kept, get(keptStride)) : [],
        advance(from, get(fromStride)),
        advance(out, get(outStride)),
      ),
    ];
  };
