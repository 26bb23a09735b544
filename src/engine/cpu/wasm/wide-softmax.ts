/** Softmax and log-softmax of long rows, four columns at once. */
import { HIGHEST } from "../../../ops/softmax.js";
import type { Code, FunctionSource, Local } from "./assembler.js";
import { Constants } from "./constants.js";
import { exponential, logarithm } from "./exponential.js";
import { advance, f32x4, f64x2, get, i32, i32x4, integer, LANES, repeat, set, v128, when } from "./instructions.js";
import { promotedHalf, storeLanes } from "./vectors.js";

/** (logits, out, rows, columns): reads up to 15 bytes past the last row. */
export type WideSoftmax = (logits: number, out: number, rows: number, columns: number) => void;

export const wideSoftmax =
  (log: boolean): FunctionSource =>
  (writer) => {
    const [logits, out, rows, columns] = writer.integers(4);
    const [row, step, from, to, rest, quads] = [0, 0, 0, 0, 0, 0].map(() => writer.local("i32"));
    const [value, maximum, faults, sum, low, high, mask, ...scratch] = writer.vectors(10);
    const constants = new Constants(writer);
    /** `body` for each whole quad of the row, then `last` for what is left of it. */
    const along = (body: Code, last: Code): Code => [
      set(from, get(logits)),
      set(to, get(out)),
      repeat(step, get(quads), body, advance(from, 16), advance(to, 16)),
      when(get(rest), last),
    ];
    /** The values at hand, in lanes past the end of the row the highest one so far, which changes nothing. */
    const load = set(value, v128.load(get(from)));
    const loadLast = set(value, v128.choose(get(mask), v128.load(get(from)), get(maximum)));
    const compare: Code = [
      set(maximum, f32x4.max(get(maximum), get(value))),
      // 0 for numbers, NaN for NaN and infinities.
      set(faults, f32x4.add(get(faults), f32x4.sub(get(value), get(value)))),
    ];
    const power: Code = [
      set(value, f32x4.sub(get(value), get(maximum))),
      set(value, exponential(value, scratch, constants)),
    ];
    const add = [low, high].map((part, half) => set(part, f64x2.add(get(part), promotedHalf(value, half))));
    const result = log
      ? f32x4.max(constants.of(-HIGHEST), f32x4.sub(f32x4.sub(get(value), get(maximum)), get(sum)))
      : f32x4.mul(get(value), get(sum));
    const again = log ? get(from) : get(to);
    const finish: Code = [set(value, v128.load(again)), set(value, result)];
    const splat = (vector: Local, combine: (a: Code, b: Code) => Code): Code => [
      set(vector, combine(get(vector), v128.rotated(get(vector), 8))),
      set(vector, combine(get(vector), v128.rotated(get(vector), 4))),
    ];
    const body: Code = [
      set(quads, i32.divide(get(columns), integer(4))),
      set(rest, i32.remainder(get(columns), integer(4))),
      set(mask, i32x4.greater(i32x4.splat(get(rest)), LANES)),
      repeat(
        row,
        get(rows),
        set(maximum, constants.of(-HIGHEST)),
        [faults, low, high].map((part) => set(part, v128.zero)),
        along([load, compare], [loadLast, compare]),
        splat(maximum, f32x4.max),
        splat(faults, f32x4.add),
        set(maximum, f32x4.add(get(maximum), get(faults))),
        along(
          [load, power, add, log ? [] : v128.store(get(to), get(value))],
          [[loadLast, power, set(value, v128.and(get(value), get(mask))), add], log ? [] : storeLanes(to, value, rest)],
        ),
        set(low, f64x2.add(get(low), get(high))),
        set(low, f64x2.add(get(low), v128.rotated(get(low), 8))),
        set(sum, v128.lows(f64x2.demoted(get(low)), f64x2.demoted(get(low)))),
        set(sum, log ? logarithm(sum, scratch) : f32x4.div(constants.of(1), get(sum))),
        along([finish, v128.store(get(to), get(value))], [finish, storeLanes(to, value, rest)]),
        advance(logits, i32.mul(get(columns), integer(4))),
        advance(out, i32.mul(get(columns), integer(4))),
      ),
    ];
    return [constants.prepare, body];
  };
