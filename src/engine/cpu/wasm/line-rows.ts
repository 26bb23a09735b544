/** `ℓ`, `ℓ′` and `ℓ″` of each row at `z + t·d`, unweighted, four rows at once: what a trial step of a line search sums up. */
import type { Code, FunctionSource } from "./assembler.js";
import { logarithm } from "./exponential.js";
import { awayOf, byFours, normalise, normaliserOf, walkOf } from "./four-rows.js";
import { advance, f32x4, get, set, v128 } from "./instructions.js";
import type { TargetVariant } from "./target-rows.js";
import { TargetRows } from "./target-rows.js";

/**
 * (logits, direction, targets, classWeight, values, slopes, curvatures, rows, columns, t, high, low): `values`, `slopes` and
 * `curvatures` are f32 vectors, one value a row, as long as a multiple of four. NaN where a moved logit is not finite.
 */
export type LineSearch = (
  logits: number,
  direction: number,
  targets: number,
  classWeight: number,
  values: number,
  slopes: number,
  curvatures: number,
  rows: number,
  columns: number,
  t: number,
  high: number,
  low: number,
) => void;

export const lineSearchRows =
  (variant: TargetVariant): FunctionSource =>
  (writer) => {
    const [logits, direction, targets, classWeight, values, slopes, curvatures, rows, columns] = writer.integers(9);
    const [t, high, low] = [0, 0, 0].map(() => writer.parameter("f32"));
    const walk = walkOf(writer, logits, columns, columns, { rows: direction, step: t });
    const target = new TargetRows(writer, walk, variant, { targets, classWeight, high, low });
    const step = writer.local("i32");
    const n = normaliserOf(writer);
    const [total, distance, along, first, second, d] = writer.vectors(6);
    const { power, sum, maximum } = n;
    const add = (to: typeof sum, term: Code): Code => set(to, f32x4.add(get(to), term));
    const mean = f32x4.div(get(first), get(sum));
    const variance = f32x4.sub(f32x4.div(get(second), get(sum)), f32x4.mul(mean, mean));
    // The logarithm goes by bits and loses a NaN; the maximum keeps it.
    const fault = f32x4.sub(get(maximum), get(maximum));
    const value = f32x4.add(f32x4.mul(get(total), logarithm(sum, n.scratch)), get(distance));
    const directionNow = walk.direction?.value ?? [];
    const body = [
      target.prepare,
      walk.prepare,
      byFours(
        step,
        rows,
        walk,
        target.load,
        [total, distance, along, first, second].map((part) => set(part, v128.zero)),
        normalise(walk, n, {
          before: target.begin,
          each: [
            target.read,
            set(d, directionNow),
            add(total, get(target.value)),
            add(distance, f32x4.mul(get(target.value), awayOf(n))),
            add(along, f32x4.mul(get(target.value), get(d))),
            target.next,
          ],
          after: [
            set(power, f32x4.mul(get(power), get(d))),
            add(first, get(power)),
            add(second, f32x4.mul(get(power), get(d))),
          ],
        }),
        v128.store(get(slopes), f32x4.sub(f32x4.mul(get(total), mean), get(along))),
        v128.store(get(curvatures), f32x4.mul(get(total), f32x4.max(v128.zero, variance))),
        v128.store(get(values), f32x4.add(value, fault)),
        target.down,
        walk.logits.down(walk.rowBytes),
        walk.direction?.down(walk.rowBytes) ?? [],
        [values, slopes, curvatures].map((pointer) => advance(pointer, 16)),
      ),
    ];
    return [n.constants.prepare, body];
  };
