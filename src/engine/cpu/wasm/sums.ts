/** Between weights and gradients as matrices and the order in which the products' kernels want and leave them. */
import type { FunctionSource } from "./assembler.js";
import { advance, f32, f64, f64x2, get, i32, integer, repeat, set, v128, when } from "./instructions.js";
import { promotedHalf } from "./vectors.js";

/**
 * (from, featureStride, columnStride, to, features, columns, factor): strides in bytes. `to` is [quads][columns][4], the factor
 * times the value, zeros where there is no feature.
 */
export type PackWeights = (
  from: number,
  featureStride: number,
  columnStride: number,
  to: number,
  features: number,
  columns: number,
  factor: number,
) => void;

/** (sums, totals, values): totals += sums, sums = 0; whole quads of f32 sums, f64 totals. */
export type Flush = (sums: number, totals: number, values: number) => void;

/** (totals, width, out, features, columns, factor): `out[l,j] = factor · totals[j,l]`, totals [columns][width] of f64. */
export type Unpack = (
  totals: number,
  width: number,
  out: number,
  features: number,
  columns: number,
  factor: number,
) => void;

/** (from, stride, rows, columns, totals): adds rows of f32, `stride` bytes apart, to f64 totals. */
export type AddRows = (from: number, stride: number, rows: number, columns: number, totals: number) => void;

export const packWeights: FunctionSource = (writer) => {
  const [from, featureStride, columnStride, to, features, columns] = writer.integers(6);
  const factor = writer.parameter("f32");
  const [step, column, at, place, lane] = [0, 0, 0, 0, 0].map(() => writer.local("i32"));
  const quadBytes = i32.mul(get(columns), integer(16));
  return repeat(
    step,
    get(features),
    // The first of a quad clears it.
    when(
      i32.less(get(lane), integer(1)),
      set(place, get(to)),
      repeat(column, get(columns), v128.store(get(place), v128.zero), advance(place, 16)),
    ),
    set(at, get(from)),
    set(place, i32.add(get(to), i32.mul(get(lane), integer(4)))),
    repeat(
      column,
      get(columns),
      f32.store(get(place), f32.mul(get(factor), f32.load(get(at)))),
      advance(place, 16),
      advance(at, get(columnStride)),
    ),
    advance(from, get(featureStride)),
    advance(lane, 1),
    when(i32.less(integer(3), get(lane)), set(lane, integer(0)), advance(to, quadBytes)),
  );
};

export const flush: FunctionSource = (writer) => {
  const [sums, totals, values] = writer.integers(3);
  const step = writer.local("i32");
  const value = writer.local("v128");
  return repeat(
    step,
    i32.divide(get(values), integer(4)),
    set(value, v128.load(get(sums))),
    [0, 1].map((half) =>
      v128.store(get(totals), f64x2.add(v128.load(get(totals), 16 * half), promotedHalf(value, half)), 16 * half),
    ),
    v128.store(get(sums), v128.zero),
    advance(sums, 16),
    advance(totals, 32),
  );
};

export const unpack: FunctionSource = (writer) => {
  const [totals, width, out, features, columns] = writer.integers(5);
  const factor = writer.parameter("f64");
  const [step, column, at, stride] = [0, 0, 0, 0].map(() => writer.local("i32"));
  return [
    set(stride, i32.mul(get(width), integer(8))),
    repeat(
      step,
      get(features),
      set(at, get(totals)),
      repeat(
        column,
        get(columns),
        f32.store(get(out), f64.demoted(f64.mul(get(factor), f64.load(get(at))))),
        advance(at, get(stride)),
        advance(out, 4),
      ),
      advance(totals, 8),
    ),
  ];
};

export const addRows: FunctionSource = (writer) => {
  const [from, stride, rows, columns, totals] = writer.integers(5);
  const [row, column, at, to] = [0, 0, 0, 0].map(() => writer.local("i32"));
  const value = (): ReturnType<typeof f64.add> => f64.add(f64.load(get(to)), f64.promoted(f32.load(get(at))));
  return repeat(
    row,
    get(rows),
    set(at, get(from)),
    set(to, get(totals)),
    repeat(column, get(columns), f64.store(get(to), value()), advance(at, 4), advance(to, 8)),
    advance(from, get(stride)),
  );
};
