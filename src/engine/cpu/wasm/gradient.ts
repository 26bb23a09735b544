/**
 * `S[j,l] += Σ_i X[i,l] · G[i,j]` over a block of rows, for a group of at most {@link WIDEST_GROUP} columns of G: the gradient
 * without ever turning X. A few quads of features times the group stay in registers while the rows go by. What it adds up for
 * the padding of a last quad means nothing.
 */
import type { Code, FunctionSource } from "./assembler.js";
import type { Encoding } from "./decode.js";
import { FeatureQuads } from "./decode.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32x4, get, i32, integer, repeat, set, v128 } from "./instructions.js";

/** Quads of features taken together, by the columns of G: sums, features, a splat and a product fit 16 registers. */
const QUADS_TOGETHER = [0, 6, 4, 3, 2, 2];

export const WIDEST_GROUP = 5;

export interface GradientVariant extends Encoding {
  readonly columns: number;
  /** Store the features as f32. */
  readonly keep: boolean;
}

/**
 * (x, xStride, kept, keptStride, g, gStride, sums, sumsStride, rows, quads, scale, offset): addresses and strides in bytes,
 * sumsStride from column to column of G. Reads up to 15 bytes past X.
 */
export type Gradient = (
  x: number,
  xStride: number,
  kept: number,
  keptStride: number,
  g: number,
  gStride: number,
  sums: number,
  sumsStride: number,
  rows: number,
  quads: number,
  scale: number,
  offset: number,
) => void;

export const gradient =
  ({ columns, keep, ...encoding }: GradientVariant, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [x, xStride, kept, keptStride, g, gStride, sums, sumsStride, rows, quads] = writer.integers(10);
    const [scale, offset] = [writer.parameter("f32"), writer.parameter("f32")];
    const [step, row, features, factors, to] = [0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const source = new FeatureQuads(writer, encoding);
    const together = QUADS_TOGETHER[columns] as number;
    const factor = writer.local("v128");
    const values = writer.vectors(together);
    const totals = writer.vectors(together * columns);
    const pass = (width: number, count: Code): Code => {
      const used = totals.slice(0, width * columns);
      const own = values.slice(0, width);
      return repeat(
        step,
        count,
        set(features, get(x)),
        set(factors, get(g)),
        keep ? set(to, get(kept)) : [],
        used.map((total) => set(total, v128.zero)),
        repeat(
          row,
          get(rows),
          own.map((value, v) => set(value, source.at(features, v))),
          keep ? [own.map((value, v) => v128.store(get(to), get(value), 16 * v)), advance(to, get(keptStride))] : [],
          Array.from({ length: columns }, (_, j) => [
            set(factor, v128.loadSplat(get(factors), 4 * j)),
            own.map((value, v) => {
              const total = used[j * width + v];
              return set(total, multiplyAdd(get(value), get(factor), get(total)));
            }),
          ]),
          advance(features, get(xStride)),
          advance(factors, get(gStride)),
        ),
        set(to, get(sums)),
        Array.from({ length: columns }, (_, j) => [
          own.map((_, v) =>
            v128.store(get(to), f32x4.add(v128.load(get(to), 16 * v), get(used[j * width + v])), 16 * v),
          ),
          advance(to, get(sumsStride)),
        ]),
        advance(x, source.bytes * width),
        keep ? advance(kept, 16 * width) : [],
        advance(sums, 16 * width),
      );
    };
    return [
      source.prepare(scale, offset),
      pass(together, i32.divide(get(quads), integer(together))),
      pass(1, i32.remainder(get(quads), integer(together))),
    ];
  };
