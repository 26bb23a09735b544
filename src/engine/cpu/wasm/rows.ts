/** Softmax, log-softmax and cross-entropy of rows of logits, four rows at once. */
import { HIGHEST } from "../../../ops/softmax.js";
import type { Code, FunctionSource } from "./assembler.js";
import { logarithm } from "./exponential.js";
import { awayOf, byFours, FourRows, keepPower, normalise, normaliserOf, walkOf } from "./four-rows.js";
import { advance, f32x4, get, repeat, set, v128 } from "./instructions.js";
import type { TargetVariant } from "./target-rows.js";
import { TargetRows } from "./target-rows.js";

/** (logits, out, rows, columns, powers): addresses in bytes; `powers` is scratch of 16 bytes a column. */
export type Softmax = (logits: number, out: number, rows: number, columns: number, powers: number) => void;

/**
 * (logits, targets, classWeight, weights, factors, loss, gradient, rows, columns, high, low, powers). `targets` are i32 labels,
 * one a row, or rows of f32 soft targets; `weights` and `factors` (those of the gradient) and `loss` are f32 vectors, one a row.
 * Vectors of rows are as long as a multiple of four. A target is `class weight · (high · q + low)`.
 */
export type CrossEntropy = (
  logits: number,
  targets: number,
  classWeight: number,
  weights: number,
  factors: number,
  loss: number,
  gradient: number,
  rows: number,
  columns: number,
  high: number,
  low: number,
  powers: number,
) => void;

export interface CrossEntropyVariant extends TargetVariant {
  readonly gradient: boolean;
}

export const softmaxRows =
  (log: boolean): FunctionSource =>
  (writer) => {
    const [logits, out, rows, columns, powers] = writer.integers(5);
    const walk = walkOf(writer, logits, columns, powers);
    const to = new FourRows(writer, out);
    const step = writer.local("i32");
    const n = normaliserOf(writer);
    const value = n.power;
    // log: the logarithm of the sum; else its reciprocal.
    const result = log
      ? f32x4.max(f32x4.constant(-HIGHEST), f32x4.sub(f32x4.sub(walk.logits.value, get(n.maximum)), get(n.sum)))
      : f32x4.div(v128.load(get(walk.at)), get(n.sum));
    const body = byFours(
      step,
      rows,
      walk,
      normalise(walk, n, log ? {} : { after: keepPower(walk, n) }),
      // A NaN has no logarithm by bits: it comes back with the maximum.
      log ? set(n.sum, logarithm(n.sum, n.scratch)) : [],
      walk.logits.begin(walk.left, walk.rowBytes),
      to.begin(walk.left, walk.rowBytes),
      set(walk.at, get(powers)),
      repeat(walk.column, get(columns), set(value, result), to.store(value), advance(walk.at, 16), [
        walk.logits.next,
        to.next,
      ]),
      walk.logits.down(walk.rowBytes),
      to.down(walk.rowBytes),
    );
    return [n.constants.prepare, body];
  };

export const crossEntropyRows =
  (variant: CrossEntropyVariant): FunctionSource =>
  (writer) => {
    const [logits, targets, classWeight, weights, factors, loss, gradient, rows, columns] = writer.integers(9);
    const [high, low] = [writer.parameter("f32"), writer.parameter("f32")];
    const powers = writer.parameter("i32");
    const walk = walkOf(writer, logits, columns, powers);
    const to = new FourRows(writer, gradient);
    const t = new TargetRows(writer, walk, variant, { targets, classWeight, high, low });
    const step = writer.local("i32");
    const n = normaliserOf(writer);
    const [total, distance, weight, uncounted] = writer.vectors(4);
    const { power } = n;
    const rowLoss = f32x4.add(f32x4.mul(get(total), logarithm(n.sum, n.scratch)), get(distance));
    const slope = f32x4.sub(f32x4.mul(get(total), f32x4.div(v128.load(get(walk.at)), get(n.sum))), get(t.value));
    const writeGradient: Code = [
      set(weight, v128.load(get(factors))),
      to.begin(walk.left, walk.rowBytes),
      t.begin,
      set(walk.at, get(powers)),
      repeat(
        walk.column,
        get(columns),
        t.read,
        set(power, v128.andNot(f32x4.mul(get(weight), slope), get(uncounted))),
        [to.store(power), to.next, t.next],
        advance(walk.at, 16),
      ),
      to.down(walk.rowBytes),
    ];
    const body = [
      t.prepare,
      byFours(
        step,
        rows,
        walk,
        t.load,
        set(weight, v128.load(get(weights))),
        // A row of weight 0 counts for nothing, whatever it holds.
        set(uncounted, f32x4.equal(get(weight), v128.zero)),
        set(total, v128.zero),
        set(distance, v128.zero),
        normalise(walk, n, {
          before: t.begin,
          each: [
            t.read,
            set(total, f32x4.add(get(total), get(t.value))),
            set(distance, f32x4.add(get(distance), f32x4.mul(get(t.value), awayOf(n)))),
            t.next,
          ],
          ...(variant.gradient ? { after: keepPower(walk, n) } : {}),
        }),
        // The logarithm goes by bits and loses a NaN; the maximum keeps it.
        set(power, f32x4.add(rowLoss, f32x4.sub(get(n.maximum), get(n.maximum)))),
        v128.store(get(loss), v128.andNot(f32x4.mul(get(weight), get(power)), get(uncounted))),
        variant.gradient ? writeGradient : [],
        t.down,
        walk.logits.down(walk.rowBytes),
        [weights, factors, loss].map((pointer) => advance(pointer, 16)),
      ),
    ];
    return [n.constants.prepare, body];
  };
