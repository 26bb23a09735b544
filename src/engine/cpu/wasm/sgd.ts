/**
 * `g ← g + l2·θ`, `v ← momentum·v + g`, `θ ← kept·θ − rate·v`, or `kept·θ − rate·(g + momentum·v)` with Nesterov, in float64 and
 * rounded on storing; l2 is 0 and the kept share 1 where nothing is penalised.
 */
import type { Code, FunctionSource } from "./assembler.js";
import { advance, f64x2, get, i32, integer, repeat, set, v128, when } from "./instructions.js";
import { joined, promotedHalf, storeLanes } from "./vectors.js";

/** (gradient, velocity, weights, values, rate, momentum, l2, kept) */
export type SgdStep = (
  gradient: number,
  velocity: number,
  weights: number,
  values: number,
  rate: number,
  momentum: number,
  l2: number,
  kept: number,
) => void;

export const sgdStep =
  (nesterov: boolean, penalised: boolean): FunctionSource =>
  (writer) => {
    const [gradient, velocity, weights, values] = writer.integers(4);
    const factors = [0, 0, 0, 0].map(() => writer.parameter("f64"));
    const step = writer.local("i32");
    const [rate, momentum, l2, kept, g, v, w] = writer.vectors(7);
    const [slope, low, high, newLow, newHigh] = writer.vectors(5);
    const halves: Code = [
      [low, newLow],
      [high, newHigh],
    ].map(([speed, moved], half) => {
      const weight = promotedHalf(w, half);
      const penalty = f64x2.mul(get(l2), weight);
      const move = nesterov ? f64x2.add(get(slope), f64x2.mul(get(momentum), get(speed))) : get(speed);
      return [
        set(slope, penalised ? f64x2.add(promotedHalf(g, half), penalty) : promotedHalf(g, half)),
        set(speed, f64x2.add(f64x2.mul(get(momentum), promotedHalf(v, half)), get(slope))),
        set(moved, f64x2.sub(penalised ? f64x2.mul(get(kept), weight) : weight, f64x2.mul(get(rate), move))),
      ];
    });
    const compute: Code = [
      [g, v, w].map((value, i) => set(value, v128.load(get([gradient, velocity, weights][i])))),
      halves,
      set(v, joined(low, high)),
      set(w, joined(newLow, newHigh)),
    ];
    return [
      [rate, momentum, l2, kept].map((vector, i) => set(vector, f64x2.splat(get(factors[i])))),
      repeat(
        step,
        i32.divide(get(values), integer(4)),
        compute,
        v128.store(get(velocity), get(v)),
        v128.store(get(weights), get(w)),
        [gradient, velocity, weights].map((pointer) => advance(pointer, 16)),
      ),
      set(values, i32.remainder(get(values), integer(4))),
      when(get(values), compute, storeLanes(velocity, v, values), storeLanes(weights, w, values)),
    ];
  };
