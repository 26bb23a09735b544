/** Means and sums of squared deviations of columns, row after row (Welford 1962), every operation in float64 as in `ops/column-moments.ts`. */
import type { Code, FunctionSource } from "./assembler.js";
import type { FeatureType } from "./decode.js";
import { FeatureQuads } from "./decode.js";
import { advance, f64, f64x2, get, i32, repeat, set, v128 } from "./instructions.js";
import { promotedHalf } from "./vectors.js";

/**
 * (x, list, rows, quads, moments, scale, offset): `list` has for each row its offset from x in bytes, its weight, and that as a share of
 * all weights up to it: 24 bytes, of which four are not used. `moments` are for each quad of columns four f64 of means, then four
 * of squares. Reads up to 15 bytes past a row.
 */
export type ColumnMoments = (
  x: number,
  list: number,
  rows: number,
  quads: number,
  moments: number,
  scale: number,
  offset: number,
) => void;

/** Bytes of a row in the list. */
export const MOMENT_ROW_BYTES = 24;
/** Bytes of a quad's moments. */
export const MOMENT_QUAD_BYTES = 64;

export const columnMomentRows =
  (type: FeatureType, affine: boolean): FunctionSource =>
  (writer) => {
    const [x, list, rows, quads, moments] = writer.integers(5);
    const [scale, offset] = [writer.parameter("f64"), writer.parameter("f64")];
    const [quad, row, entry, from] = [0, 0, 0, 0].map(() => writer.local("i32"));
    const [elements, value, before, weight, share, factor, shift, ...sums] = writer.vectors(11);
    // The scale is that of float64 here.
    const features = new FeatureQuads(writer, { type, affine: false });
    const decoded = (half: number): Code => {
      const element = promotedHalf(elements, half);
      return affine ? f64x2.add(f64x2.mul(element, get(factor)), get(shift)) : element;
    };
    return [
      features.prepare(scale, offset),
      set(factor, f64x2.splat(get(scale))),
      set(shift, f64x2.splat(get(offset))),
      repeat(
        quad,
        get(quads),
        sums.map((sum, part) => set(sum, v128.load(get(moments), 16 * part))),
        set(entry, get(list)),
        repeat(
          row,
          get(rows),
          set(from, i32.add(get(x), i32.load(get(entry)))),
          set(weight, f64x2.splat(f64.load(get(entry), 8))),
          set(share, f64x2.splat(f64.load(get(entry), 16))),
          set(elements, features.at(from, 0)),
          [0, 1].map((half) => {
            const [mean, squares] = [sums[half], sums[2 + half]];
            return [
              set(value, decoded(half)),
              set(before, f64x2.sub(get(value), get(mean))),
              set(mean, f64x2.add(get(mean), f64x2.mul(get(before), get(share)))),
              set(before, f64x2.mul(get(weight), get(before))),
              set(squares, f64x2.add(get(squares), f64x2.mul(get(before), f64x2.sub(get(value), get(mean))))),
            ];
          }),
          advance(entry, MOMENT_ROW_BYTES),
        ),
        sums.map((sum, part) => v128.store(get(moments), get(sum), 16 * part)),
        advance(moments, MOMENT_QUAD_BYTES),
        advance(x, features.bytes),
      ),
    ];
  };
