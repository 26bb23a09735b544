/**
 * `S[j,l] += Σ_i X[i,l] · G[i,j]` over a block of rows, for a group of at most {@link WIDEST_GROUP} columns of G: the gradient
 * without ever turning X. A few quads of features times the group stay in registers while the rows go by.
 */
import type { Code, FunctionSource } from "./assembler.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, f32x4, get, i32, integer, repeat, set, v128 } from "./instructions.js";

/** Quads of features taken together, by the columns of G: sums, features, a splat and a product fit 16 registers. */
const QUADS_TOGETHER = [0, 6, 4, 3, 2, 2];

export const WIDEST_GROUP = 5;

/** (x, xStride, g, gStride, sums, sumsStride, rows, quads): addresses and strides in bytes, sumsStride from column to column of G. */
export type Gradient = (
  x: number,
  xStride: number,
  g: number,
  gStride: number,
  sums: number,
  sumsStride: number,
  rows: number,
  quads: number,
) => void;

export const gradient =
  (columns: number, multiplyAdd: MultiplyAdd): FunctionSource =>
  (writer) => {
    const [x, xStride, g, gStride, sums, sumsStride, rows, quads] = writer.integers(8);
    const [step, row, features, factors, to] = [0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const together = QUADS_TOGETHER[columns] as number;
    const factor = writer.local("v128");
    const values = writer.vectors(together);
    const totals = writer.vectors(together * columns);
    const pass = (width: number, count: Code): Code => {
      const used = totals.slice(0, width * columns);
      return repeat(
        step,
        count,
        set(features, get(x)),
        set(factors, get(g)),
        used.map((total) => set(total, v128.zero)),
        repeat(
          row,
          get(rows),
          values.slice(0, width).map((value, v) => set(value, v128.load(get(features), 16 * v))),
          Array.from({ length: columns }, (_, j) => [
            set(factor, v128.loadSplat(get(factors), 4 * j)),
            values.slice(0, width).map((value, v) => {
              const total = used[j * width + v];
              return set(total, multiplyAdd(get(value), get(factor), get(total)));
            }),
          ]),
          advance(features, get(xStride)),
          advance(factors, get(gStride)),
        ),
        set(to, get(sums)),
        Array.from({ length: columns }, (_, j) => [
          values
            .slice(0, width)
            .map((_, v) =>
              v128.store(get(to), f32x4.add(v128.load(get(to), 16 * v), get(used[j * width + v])), 16 * v),
            ),
          advance(to, get(sumsStride)),
        ]),
        advance(x, 16 * width),
        advance(sums, 16 * width),
      );
    };
    return [
      pass(together, i32.divide(get(quads), integer(together))),
      pass(1, i32.remainder(get(quads), integer(together))),
    ];
  };
