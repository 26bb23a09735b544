/**
 * The general product: blocks of A and B are copied into the order in which they are used, then multiplied a tile of
 * {@link TILE_ROWS} × {@link TILE_COLUMNS} sums at a time, which stay in registers while the depth goes by (Goto & van de Geijn 2008).
 */
import type { Code, FunctionSource, Local } from "./assembler.js";
import type { MultiplyAdd } from "./instructions.js";
import { advance, either, f32, f32x4, get, i32, integer, repeat, set, v128 } from "./instructions.js";

export const TILE_ROWS = 4;
export const TILE_COLUMNS = 8;

/**
 * (from, lineStride, elementStride, lines, depth, to): packs `lines` rows of A or columns of B into panels of so many lines,
 * [panel][depth][line], zeros where there is no line. Strides in bytes.
 */
export type Pack = (
  from: number,
  lineStride: number,
  elementStride: number,
  lines: number,
  depth: number,
  to: number,
) => void;

/** (a, b, out, outStride, rowPanels, columnPanels, depth, factor): out += factor · A · B, or out = A · B, all whole tiles. */
export type MultiplyPacked = (
  a: number,
  b: number,
  out: number,
  outStride: number,
  rowPanels: number,
  columnPanels: number,
  depth: number,
  factor: number,
) => void;

/** (from, fromStride, to, toStride, rows, columns, factor): to += factor · from. */
export type Accumulate = (
  from: number,
  fromStride: number,
  to: number,
  toStride: number,
  rows: number,
  columns: number,
  factor: number,
) => void;

/** Four rows of four values and, by way of their pairs, their columns. */
function turn(
  rows: readonly Local[],
  pairs: readonly Local[],
): { readonly pair: Code; readonly columns: readonly Code[] } {
  const [a, b, c, d] = rows.map(get) as [Code, Code, Code, Code];
  const [abLow, abHigh, cdLow, cdHigh] = pairs.map(get) as [Code, Code, Code, Code];
  const made = [v128.lowLanes(a, b), v128.highLanes(a, b), v128.lowLanes(c, d), v128.highLanes(c, d)];
  return {
    pair: pairs.map((pair, p) => set(pair, made[p] as Code)),
    columns: [v128.lows(abLow, cdLow), v128.highs(abLow, cdLow), v128.lows(abHigh, cdHigh), v128.highs(abHigh, cdHigh)],
  };
}

export const pack =
  (width: number): FunctionSource =>
  (writer) => {
    const [from, lineStride, elementStride, lines, depth, to] = writer.integers(6);
    const [step, line, element, at, target, lanes] = [0, 0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const rows = [0, 0, 0, 0].map(() => writer.local("i32"));
    const [values, pairs] = [writer.vectors(4), writer.vectors(4)];
    const copy = (...body: Code[]): Code => [
      set(at, get(from)),
      set(target, get(to)),
      repeat(element, get(depth), body, advance(at, get(elementStride)), advance(target, 4 * width)),
    ];
    const quadsOf = (count: number): number[] => Array.from({ length: count / 4 }, (_, q) => 16 * q);
    const whole = copy(quadsOf(width).map((offset) => v128.store(get(target), v128.load(get(at), offset), offset)));
    const { pair, columns } = turn(values, pairs);
    /** Four elements of four lines at a time, turned in registers. */
    const turned = quadsOf(width).map((offset) => [
      rows.map((row, r) => set(row, i32.add(get(from), i32.mul(get(lineStride), integer(offset / 4 + r))))),
      set(target, i32.add(get(to), integer(offset))),
      repeat(
        element,
        i32.divide(get(depth), integer(4)),
        values.map((value, r) => set(value, v128.load(get(rows[r] as Local)))),
        pair,
        columns.map((column, e) => v128.store(get(target), column, 4 * width * e)),
        rows.map((row) => advance(row, 16)),
        advance(target, 16 * width),
      ),
    ]);
    const all = i32.less(integer(width - 1), get(lines));
    const byLine: Code = [
      // Lanes without a line are zero.
      copy(quadsOf(width).map((offset) => v128.store(get(target), v128.zero, offset))),
      set(target, get(to)),
      repeat(
        line,
        get(lanes),
        set(at, get(from)),
        repeat(
          element,
          get(depth),
          f32.store(get(target), f32.load(get(at))),
          advance(at, get(elementStride)),
          advance(target, 4 * width),
        ),
        advance(from, get(lineStride)),
        advance(to, 4),
        set(target, get(to)),
      ),
    ];
    return repeat(
      step,
      i32.divide(i32.add(get(lines), integer(width - 1)), integer(width)),
      set(lanes, i32.select(i32.less(get(lines), integer(width)), get(lines), integer(width))),
      either(
        // Lines side by side and enough of them: whole quads.
        i32.mul(i32.less(get(lineStride), integer(5)), all),
        [whole, advance(from, 4 * width)],
        either(
          // Enough lines whose elements are side by side.
          i32.mul(
            i32.mul(i32.less(get(elementStride), integer(5)), all),
            i32.less(i32.remainder(get(depth), integer(4)), integer(1)),
          ),
          [turned, advance(from, i32.mul(get(lineStride), integer(width)))],
          // Line by line, `to` moves with them.
          [byLine, advance(to, i32.mul(get(lanes), integer(-4)))],
        ),
      ),
      advance(to, i32.mul(get(depth), integer(4 * width))),
      set(lines, i32.sub(get(lines), integer(width))),
    );
  };

/** `adds`: to what `out` holds, after the factor; each value of `out` is rounded as {@link accumulate} rounds it. */
export const multiplyPacked =
  (multiplyAdd: MultiplyAdd, adds: boolean): FunctionSource =>
  (writer) => {
    const [a, b, out, outStride, rowPanels, columnPanels, depth] = writer.integers(7);
    const share = writer.parameter("f32");
    const [columnStep, rowStep, level, left, right, to, top] = [0, 0, 0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const factor = writer.local("v128");
    const values = writer.vectors(TILE_COLUMNS / 4);
    const sums: Local[][] = Array.from({ length: TILE_ROWS }, () => writer.vectors(TILE_COLUMNS / 4));
    const result = (sum: Local, quad: number): Code =>
      adds ? f32x4.add(v128.load(get(to), 16 * quad), f32x4.mul(get(sum), get(factor))) : get(sum);
    return repeat(
      columnStep,
      get(columnPanels),
      set(left, get(a)),
      set(top, get(out)),
      repeat(
        rowStep,
        get(rowPanels),
        set(right, get(b)),
        sums.flat().map((sum) => set(sum, v128.zero)),
        repeat(
          level,
          get(depth),
          values.map((value, q) => set(value, v128.load(get(right), 16 * q))),
          sums.map((row, i) => [
            set(factor, v128.loadSplat(get(left), 4 * i)),
            row.map((sum, q) => set(sum, multiplyAdd(get(values[q] as Local), get(factor), get(sum)))),
          ]),
          advance(left, 4 * TILE_ROWS),
          advance(right, 4 * TILE_COLUMNS),
        ),
        set(to, get(top)),
        adds ? set(factor, f32x4.splat(get(share))) : [],
        sums.map((row) => [
          row.map((sum, q) => v128.store(get(to), result(sum, q), 16 * q)),
          advance(to, get(outStride)),
        ]),
        set(top, get(to)),
      ),
      advance(b, i32.mul(get(depth), integer(4 * TILE_COLUMNS))),
      advance(out, 4 * TILE_COLUMNS),
    );
  };

export const accumulate: FunctionSource = (writer) => {
  const [from, fromStride, to, toStride, rows, columns] = writer.integers(6);
  const factor = writer.parameter("f32");
  const [row, column, source, target] = [0, 0, 0, 0].map(() => writer.local("i32"));
  const factors = writer.local("v128");
  return [
    set(factors, f32x4.splat(get(factor))),
    repeat(
      row,
      get(rows),
      set(source, get(from)),
      set(target, get(to)),
      repeat(
        column,
        i32.divide(get(columns), integer(4)),
        v128.store(get(target), f32x4.add(v128.load(get(target)), f32x4.mul(v128.load(get(source)), get(factors)))),
        advance(source, 16),
        advance(target, 16),
      ),
      repeat(
        column,
        i32.remainder(get(columns), integer(4)),
        f32.store(get(target), f32.add(f32.load(get(target)), f32.mul(f32.load(get(source)), get(factor)))),
        advance(source, 4),
        advance(target, 4),
      ),
      advance(from, get(fromStride)),
      advance(to, get(toStride)),
    ),
  ];
};
