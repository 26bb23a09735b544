/**
 * Work on f32 vectors, with every product and sum in float64 and rounded once: it is bound by memory, so precision is free.
 * What lies past the end of a vector is read, up to 15 bytes, and never counted or written.
 */
import type { Code, FunctionSource, Local } from "./assembler.js";
import {
  advance,
  f32x4,
  f64,
  f64x2,
  get,
  i32,
  i32x4,
  integer,
  LANES,
  repeat,
  set,
  v128,
  when,
} from "./instructions.js";

/** (a, b, values, out): Σ a·b as one f64. */
export type Dot = (a: number, b: number, values: number, out: number) => void;

/** (x, α, y, β, out, keep, values): `out = α·x + β·y + keep·out`. */
export type AddScaled = (
  x: number,
  alpha: number,
  y: number,
  beta: number,
  out: number,
  keep: number,
  values: number,
) => void;

/** (x, α, sums, values): `sums += α·x`, f64 sums of whole quads. */
export type AddToSums = (x: number, alpha: number, sums: number, values: number) => void;

/** (x, values, out): Σ x and Σ x² of the finite values as f64, four f32 of which one is max |x|, four i32 that count the others. */
export type Summarize = (x: number, values: number, out: number) => void;

/** `body` for each whole quad, then `last` for up to three values more. */
const quads = (step: Local, values: Local, body: Code, last: Code): Code => [
  repeat(step, i32.divide(get(values), integer(4)), body),
  set(values, i32.remainder(get(values), integer(4))),
  when(get(values), last),
];

/** Ones in the lanes below `count`. */
const below = (count: Local): Code => i32x4.greater(i32x4.splat(get(count)), LANES);

/** The lanes below `count` to memory. */
export const storeLanes = (address: Local, vector: Local, count: Local): Code =>
  [0, 1, 2].map((lane) =>
    when(i32.less(integer(lane), get(count)), v128.storeLane(get(address), get(vector), lane, 4 * lane)),
  );

const addTo = (sum: Local, term: Code): Code => set(sum, f64x2.add(get(sum), term));
/** Lanes 0 and 1, or 2 and 3, in float64. */
export const promotedHalf = (value: Local, half: number): Code =>
  f64x2.promoted(half === 0 ? get(value) : v128.high(get(value)));
/** Four f32 of two pairs of f64. */
export const joined = (low: Local, high: Local): Code => v128.lows(f64x2.demoted(get(low)), f64x2.demoted(get(high)));

export const dot: FunctionSource = (writer) => {
  const [a, b, values, out] = writer.integers(4);
  const step = writer.local("i32");
  const [left, right, low, high] = writer.vectors(4);
  const add: Code = [low, high].map((sum, half) =>
    addTo(sum, f64x2.mul(promotedHalf(left, half), promotedHalf(right, half))),
  );
  return [
    quads(
      step,
      values,
      [set(left, v128.load(get(a))), set(right, v128.load(get(b))), add, advance(a, 16), advance(b, 16)],
      [
        set(left, v128.and(v128.load(get(a)), below(values))),
        set(right, v128.and(v128.load(get(b)), below(values))),
        add,
      ],
    ),
    set(low, f64x2.add(get(low), get(high))),
    f64.store(get(out), f64x2.sum(low)),
  ];
};

/** A scaled f32 vector, in float64. */
interface Term {
  readonly at: Local;
  readonly factor: Local;
}

export const addScaled =
  (hasY: boolean, keeps: boolean): FunctionSource =>
  (writer) => {
    const term = (): Term => ({ at: writer.parameter("i32"), factor: writer.parameter("f64") });
    const [x, y, out] = [term(), term(), term()];
    const values = writer.parameter("i32");
    const step = writer.local("i32");
    const [value, low, high] = writer.vectors(3);
    const terms = [x, ...(hasY ? [y] : []), ...(keeps ? [out] : [])];
    const compute: Code = terms.map(({ at, factor }, t) => [
      set(value, v128.load(get(at))),
      [low, high].map((sum, half) => {
        const product = f64x2.mul(f64x2.splat(get(factor)), promotedHalf(value, half));
        return t === 0 ? set(sum, product) : addTo(sum, product);
      }),
    ]);
    return quads(
      step,
      values,
      [compute, v128.store(get(out.at), joined(low, high)), [x, y, out].map(({ at }) => advance(at, 16))],
      [compute, set(value, joined(low, high)), storeLanes(out.at, value, values)],
    );
  };

export const addToSums: FunctionSource = (writer) => {
  const x = writer.parameter("i32");
  const alpha = writer.parameter("f64");
  const [sums, values] = writer.integers(2);
  const step = writer.local("i32");
  const [factor, value] = writer.vectors(2);
  const sum = (half: number): Code =>
    f64x2.add(v128.load(get(sums), 16 * half), f64x2.mul(get(factor), promotedHalf(value, half)));
  return [
    set(factor, f64x2.splat(get(alpha))),
    repeat(
      step,
      i32.divide(i32.add(get(values), integer(3)), integer(4)),
      set(value, v128.load(get(x))),
      [0, 1].map((half) => v128.store(get(sums), sum(half), 16 * half)),
      advance(x, 16),
      advance(sums, 32),
    ),
  ];
};

export const summarize: FunctionSource = (writer) => {
  const [x, values, out] = writer.integers(3);
  const step = writer.local("i32");
  const [value, faulty, faults, largest, ...sums] = writer.vectors(8);
  const [low, high, squaresLow, squaresHigh] = sums as [Local, Local, Local, Local];
  const magnitude = f32x4.abs(get(value));
  const add: Code = [
    // Infinities and NaN are the bits above the largest float32.
    set(faulty, i32x4.greater(magnitude, i32x4.constant(0x7f7fffff))),
    set(faults, i32x4.sub(get(faults), get(faulty))),
    set(value, v128.andNot(get(value), get(faulty))),
    set(largest, f32x4.max(get(largest), magnitude)),
    [low, high].map((sum, half) => addTo(sum, promotedHalf(value, half))),
    [squaresLow, squaresHigh].map((sum, half) =>
      addTo(sum, f64x2.mul(promotedHalf(value, half), promotedHalf(value, half))),
    ),
  ];
  return [
    quads(
      step,
      values,
      [set(value, v128.load(get(x))), add, advance(x, 16)],
      [set(value, v128.and(v128.load(get(x)), below(values))), add],
    ),
    set(low, f64x2.add(get(low), get(high))),
    set(squaresLow, f64x2.add(get(squaresLow), get(squaresHigh))),
    f64.store(get(out), f64x2.sum(low)),
    f64.store(get(out), f64x2.sum(squaresLow), 8),
    v128.store(get(out), get(largest), 16),
    v128.store(get(out), get(faults), 32),
  ];
};
