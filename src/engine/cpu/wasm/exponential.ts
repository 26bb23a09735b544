/**
 * exp and log of four float32 by polynomials (Moshier's Cephes, 1984–1992), good to about one unit in the last place. Expressions
 * use `scratch`, locals that hold nothing between them.
 */
import type { Code, Local } from "./assembler.js";
import type { Constants } from "./constants.js";
import { f32x4, get, i32x4, set, v128 } from "./instructions.js";

/** ln 2 in two parts, the first of which times a small integer is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444005469057e-4;
/** Below, exp is no normal float32 and counts as 0. */
const LOWEST = -87.33654;

/** Σ cᵢ·xⁿ⁻ⁱ by Horner's rule. */
const polynomial = (x: Local, coefficients: readonly number[], constants?: Constants): Code =>
  coefficients
    .map((c) => constants?.of(c) ?? f32x4.constant(c))
    .reduce((sum, c) => f32x4.add(f32x4.mul(sum, get(x)), c));

/** exp(x) for x ≤ 0, 0 where it is below the normal numbers, NaN for NaN. */
export function exponential(x: Local, [power, rest]: readonly Local[], constants: Constants): Code {
  const coefficients = [
    1.9875691e-4, 1.398199950756e-3, 8.333451907368e-3, 4.16657958942e-2, 0.1666666545886, 0.50000001201,
  ];
  const minus = (factor: number): Code => set(rest, f32x4.sub(get(rest), f32x4.mul(get(power), constants.of(factor))));
  const scale = i32x4.shiftLeft(i32x4.add(i32x4.truncated(get(power)), i32x4.constant(127)), 23);
  const series = f32x4.add(
    f32x4.add(f32x4.mul(f32x4.mul(get(rest), get(rest)), polynomial(rest, coefficients, constants)), get(rest)),
    constants.of(1),
  );
  return [
    set(power, f32x4.nearest(f32x4.mul(get(x), constants.of(Math.LOG2E)))),
    set(rest, get(x)),
    minus(LN2_HIGH),
    minus(LN2_LOW),
    v128.andNot(f32x4.mul(series, scale), f32x4.less(get(x), constants.of(LOWEST))),
  ];
}

/** log(x) for normal x > 0. */
export function logarithm(x: Local, [power, rest]: readonly Local[]): Code {
  const coefficients = [
    7.0376836292e-2, -0.1151461031, 0.1167699874, -0.12420140846, 0.14249322787, -0.16668057665, 0.20000714765,
    -0.24999993993, 0.33333331174,
  ];
  const square = f32x4.mul(get(rest), get(rest));
  const scaled = (factor: number): Code => f32x4.mul(f32x4.fromIntegers(get(power)), f32x4.constant(factor));
  const small = f32x4.sub(
    f32x4.add(f32x4.mul(f32x4.mul(square, get(rest)), polynomial(rest, coefficients)), scaled(LN2_LOW)),
    f32x4.mul(square, f32x4.constant(0.5)),
  );
  return [
    // x = 2^power · (1 + rest), 1 + rest between √½ and √2, whose bits are these.
    set(power, i32x4.shiftRight(i32x4.sub(get(x), i32x4.constant(0x3f3504f3)), 23)),
    set(rest, f32x4.sub(i32x4.sub(get(x), i32x4.shiftLeft(get(power), 23)), f32x4.constant(1))),
    f32x4.add(f32x4.add(small, get(rest)), scaled(LN2_HIGH)),
  ];
}
