/**
 * The product of `forward` from lists of the quads that are not blank, to the same bits; and these quads sorted by their place in a
 * row, as the gradient wants them: of each place a bin of the rows that fill it.
 */
import type { Code, FunctionSource } from "./assembler.js";
import type { FeatureType } from "./decode.js";
import { FeatureQuads, firstLanes } from "./decode.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, either, f32, f32x4, get, i32, integer, repeat, set, v128, when } from "./instructions.js";

export interface FilledForwardVariant {
  readonly type: FeatureType;
  /** None: only bins are filled. */
  readonly columns: number;
  /** Fill the bins. */
  readonly keep: boolean;
}

/**
 * (x, xStride, order, w, from, fromStride, out, outStride, rows, features, lists, listStride, counts, values, factors, factorStride,
 * ends, binRows): `order`, `lists` and `counts` as in `FindFilled`, the rest up to `outStride` and `features` as in `Forward`.
 * Bin q begins at entry q · binRows: `values` gets 16 bytes of an entry, `factors` as an i32 its row's number times `factorStride`, and
 * `ends` of each bin the i32 number of the entry behind its last.
 */
export type FilledForward = (
  x: number,
  xStride: number,
  order: number,
  w: number,
  from: number,
  fromStride: number,
  out: number,
  outStride: number,
  rows: number,
  features: number,
  lists: number,
  listStride: number,
  counts: number,
  values: number,
  factors: number,
  factorStride: number,
  ends: number,
  binRows: number,
) => void;

export const filledForward =
  ({ type, columns, keep }: FilledForwardVariant, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [x, xStride, order, w, from, fromStride, out, outStride, rows, count] = writer.integers(10);
    const [lists, listStride, counts, values, factors, factorStride, ends, binRows] = writer.integers(8);
    const [row, entry, begin, at, quad, rest, list, place, factor] = Array.from({ length: 9 }, () =>
      writer.local("i32"),
    );
    const quads = new FeatureQuads(writer, { type, affine: false });
    const value = writer.local("v128");
    const sums = writer.vectors(columns);
    const weights = place;
    const end = (): Code => i32.add(get(ends), i32.shiftLeft(get(quad), 2));
    const addQuad = (read: (code: Code) => Code): Code => [
      set(at, i32.add(get(begin), i32.mul(get(quad), integer(quads.bytes)))),
      set(value, read(quads.at(at, 0))),
      columns > 0 ? set(weights, i32.add(get(w), i32.mul(get(quad), integer(16 * columns)))) : [],
      sums.map((sum, j) => set(sum, multiplyAdd(get(value), v128.load(get(weights), 16 * j), get(sum)))),
      keep
        ? [
            set(place, i32.load(end())),
            v128.store(i32.add(get(values), i32.shiftLeft(get(place), 4)), get(value)),
            i32.store(i32.add(get(factors), i32.shiftLeft(get(place), 2)), get(factor)),
            i32.store(end(), i32.add(get(place), integer(1))),
          ]
        : [],
    ];
    return [
      quads.prepare(at, at),
      set(rest, i32.remainder(get(count), integer(4))),
      keep
        ? [
            repeat(
              entry,
              i32.divide(i32.add(get(count), integer(3)), integer(4)),
              i32.store(end(), get(place)),
              advance(place, get(binRows)),
              advance(quad, 1),
            ),
          ]
        : [],
      repeat(
        row,
        get(rows),
        set(begin, get(x)),
        either(
          get(order),
          [advance(begin, i32.mul(i32.load(get(order)), get(xStride))), advance(order, 4)],
          advance(x, get(xStride)),
        ),
        set(list, get(lists)),
        sums.map((sum) => set(sum, v128.zero)),
        repeat(
          entry,
          i32.load(get(counts)),
          set(quad, i32.loadShort(get(list))),
          addQuad((read) => read),
          advance(list, 2),
        ),
        when(
          get(rest),
          set(quad, i32.divide(get(count), integer(4))),
          addQuad((read) => firstLanes(read, rest)),
        ),
        sums.map((sum, j) => f32.store(get(out), f32.add(f32.load(get(from), 4 * j), f32x4.sum(sum)), 4 * j)),
        advance(counts, 4),
        advance(lists, get(listStride)),
        advance(from, get(fromStride)),
        advance(out, get(outStride)),
        keep ? advance(factor, get(factorStride)) : [],
      ),
    ];
  };
