/**
 * `g ← g + l2·θ`, `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← kept·θ − rate · m·c₁ / (√(v·c₂) + ε)`, in float64 and rounded
 * on storing; l2 is 0 and the kept share 1 where nothing is penalised.
 */
import type { Code, FunctionSource } from "./assembler.js";
import { advance, f64x2, get, i32, integer, repeat, set, v128, when } from "./instructions.js";
import { joined, promotedHalf, storeLanes } from "./vectors.js";

/** (gradient, mean, variance, weights, values, rate · c₁, β₁, 1−β₁, β₂, 1−β₂, c₂, ε, l2, kept) */
export type AdamStep = (
  gradient: number,
  mean: number,
  variance: number,
  weights: number,
  values: number,
  rate: number,
  beta1: number,
  rest1: number,
  beta2: number,
  rest2: number,
  correction2: number,
  epsilon: number,
  l2: number,
  kept: number,
) => void;

export const adamStep: FunctionSource = (writer) => {
  const places = writer.integers(4);
  const values = writer.parameter("i32");
  const factors = Array.from({ length: 9 }, () => writer.parameter("f64"));
  const step = writer.local("i32");
  const [rate, beta1, rest1, beta2, rest2, correction2, epsilon, l2, kept] = writer.vectors(9);
  const [g, m, v, w, slope, ...halves] = writer.vectors(11);
  const mixed = (a: Code, b: Code, c: Code, d: Code): Code => f64x2.add(f64x2.mul(a, b), f64x2.mul(c, d));
  const root = f64x2.add(f64x2.root(f64x2.mul(get(correction2), get(halves[1]))), get(epsilon));
  const moved = f64x2.div(f64x2.mul(get(rate), get(halves[0])), root);
  /** New m, v and θ of two lanes into three locals. */
  const half = (h: number, [mean, variance, weight]: readonly (typeof g)[]): Code => [
    set(slope, f64x2.add(promotedHalf(g, h), f64x2.mul(get(l2), promotedHalf(w, h)))),
    set(halves[0], mixed(get(beta1), promotedHalf(m, h), get(rest1), get(slope))),
    set(halves[1], mixed(get(beta2), promotedHalf(v, h), f64x2.mul(get(rest2), get(slope)), get(slope))),
    set(weight, f64x2.sub(f64x2.mul(get(kept), promotedHalf(w, h)), moved)),
    set(mean, get(halves[0])),
    set(variance, get(halves[1])),
  ];
  const [high, low] = [halves.slice(0, 3), halves.slice(3)];
  const compute: Code = [
    [g, m, v, w].map((value, i) => set(value, v128.load(get(places[i])))),
    half(0, low),
    half(1, high),
    [m, v, w].map((value, i) => set(value, joined(low[i], high[i]))),
  ];
  const stored = [m, v, w].map((value, i) => [places[i + 1], value] as const);
  return [
    [rate, beta1, rest1, beta2, rest2, correction2, epsilon, l2, kept].map((vector, i) =>
      set(vector, f64x2.splat(get(factors[i]))),
    ),
    repeat(
      step,
      i32.divide(get(values), integer(4)),
      compute,
      stored.map(([at, value]) => v128.store(get(at), get(value))),
      places.map((pointer) => advance(pointer, 16)),
    ),
    set(values, i32.remainder(get(values), integer(4))),
    when(
      get(values),
      compute,
      stored.map(([at, value]) => storeLanes(at, value, values)),
    ),
  ];
};
