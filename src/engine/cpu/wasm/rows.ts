/**
 * Softmax, log-softmax and cross-entropy of rows of logits, four rows at once: a lane for each. What a row's lane computes
 * does not depend on its neighbours, so any cut into blocks gives the same bits.
 */
import { HIGHEST } from "../../../ops/softmax.js";
import type { Code, FunctionSource, Local, Writer } from "./assembler.js";
import { exponential, logarithm } from "./exponential.js";
import { advance, f32x4, f64x2, get, i32, i32x4, integer, repeat, set, v128 } from "./instructions.js";

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

export interface CrossEntropyVariant {
  readonly soft: boolean;
  readonly classWeight: boolean;
  readonly gradient: boolean;
}

/** A matrix whose rows r … r + 3 are walked down the columns together; past the last row, that one again. */
class FourRows {
  readonly #base: Local;
  readonly #pointers: readonly Local[];

  constructor(writer: Writer, base: Local) {
    this.#base = base;
    this.#pointers = [0, 0, 0, 0].map(() => writer.local("i32"));
  }

  /** To the first column. */
  begin(left: Local, rowBytes: Local): Code {
    return this.#pointers.map((pointer, r) =>
      set(
        pointer,
        r === 0
          ? get(this.#base)
          : i32.add(
              get(this.#pointers[r - 1] as Local),
              i32.select(i32.less(integer(r), get(left)), get(rowBytes), integer(0)),
            ),
      ),
    );
  }

  get value(): Code {
    return this.#pointers.reduce<Code>((vector, p, r) => v128.loadLane(get(p), vector, r), v128.zero);
  }

  store(vector: Local): Code {
    return this.#pointers.map((p, r) => v128.storeLane(get(p), get(vector), r));
  }

  get next(): Code {
    return this.#pointers.map((p) => advance(p, 4));
  }

  /** To the next four rows. */
  down(rowBytes: Local): Code {
    return advance(this.#base, i32.mul(get(rowBytes), integer(4)));
  }
}

/** Row by row: the maximum m, NaN where a logit is not finite, then e^(z − m) into `powers` and their sum S. */
interface Normaliser {
  readonly maximum: Local;
  readonly sum: Local;
  readonly power: Local;
  /** The sum on its way, in float64: rows may be very long. */
  readonly sums: readonly [Local, Local];
  readonly scratch: readonly Local[];
}

interface Walk {
  readonly logits: FourRows;
  readonly left: Local;
  readonly rowBytes: Local;
  readonly columns: Local;
  readonly column: Local;
  readonly powers: Local;
  readonly at: Local;
}

function walkOf(writer: Writer, logits: Local, columns: Local, powers: Local): Walk {
  return {
    logits: new FourRows(writer, logits),
    left: writer.local("i32"),
    rowBytes: writer.local("i32"),
    columns,
    column: writer.local("i32"),
    powers,
    at: writer.local("i32"),
  };
}

function normaliserOf(writer: Writer): Normaliser {
  const [maximum, sum, power, low, high, ...scratch] = writer.vectors(7);
  return { maximum, sum, power, sums: [low, high], scratch };
}

/** `begin` stands before the second walk and `each` goes along with it, where `power` still holds z − m. */
function normalise(walk: Walk, n: Normaliser, begin: Code, each: Code, keepPowers: boolean): Code {
  const { logits, left, rowBytes, column, columns, powers, at } = walk;
  const { maximum, sum, power, sums, scratch } = n;
  const [low, high] = sums;
  const [value] = scratch;
  return [
    set(maximum, f32x4.constant(-HIGHEST)),
    set(sum, v128.zero),
    logits.begin(left, rowBytes),
    repeat(
      column,
      get(columns),
      set(value, logits.value),
      set(maximum, f32x4.max(get(maximum), get(value))),
      // 0 for numbers, NaN for NaN and infinities.
      set(sum, f32x4.add(get(sum), f32x4.sub(get(value), get(value)))),
      logits.next,
    ),
    set(maximum, f32x4.add(get(maximum), get(sum))),
    logits.begin(left, rowBytes),
    begin,
    sums.map((part) => set(part, v128.zero)),
    set(at, get(powers)),
    repeat(
      column,
      get(columns),
      set(power, f32x4.sub(logits.value, get(maximum))),
      each,
      set(power, exponential(power, scratch)),
      keepPowers ? [v128.store(get(at), get(power)), advance(at, 16)] : [],
      set(low, f64x2.add(get(low), f64x2.promoted(get(power)))),
      set(high, f64x2.add(get(high), f64x2.promoted(v128.high(get(power))))),
      logits.next,
    ),
    set(sum, v128.lows(f64x2.demoted(get(low)), f64x2.demoted(get(high)))),
  ];
}

/** The body for four rows at a time; `left` counts down. */
const byFours = (step: Local, rows: Local, walk: Walk, ...body: Code[]): Code => [
  set(walk.left, get(rows)),
  set(walk.rowBytes, i32.mul(get(walk.columns), integer(4))),
  repeat(
    step,
    i32.divide(i32.add(get(rows), integer(3)), integer(4)),
    body,
    set(walk.left, i32.sub(get(walk.left), integer(4))),
  ),
];

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
    return byFours(
      step,
      rows,
      walk,
      normalise(walk, n, [], [], !log),
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
  };

export const crossEntropyRows =
  (variant: CrossEntropyVariant): FunctionSource =>
  (writer) => {
    const [logits, targets, classWeight, weights, factors, loss, gradient, rows, columns] = writer.integers(9);
    const [high, low] = [writer.parameter("f32"), writer.parameter("f32")];
    const powers = writer.parameter("i32");
    const walk = walkOf(writer, logits, columns, powers);
    const to = new FourRows(writer, gradient);
    const soft = new FourRows(writer, targets);
    const [step, label, ofClass] = [0, 0, 0].map(() => writer.local("i32"));
    const n = normaliserOf(writer);
    const [highs, lows, labels, target, total, distance, weight, uncounted] = writer.vectors(8);
    const { power } = n;
    const share = variant.soft
      ? f32x4.add(f32x4.mul(soft.value, get(highs)), get(lows))
      : f32x4.add(v128.and(i32x4.equal(i32x4.splat(get(label)), get(labels)), get(highs)), get(lows));
    const readTarget = set(target, variant.classWeight ? f32x4.mul(share, v128.loadSplat(get(ofClass))) : share);
    const beginTargets: Code = [
      set(label, integer(0)),
      set(ofClass, get(classWeight)),
      variant.soft ? soft.begin(walk.left, walk.rowBytes) : [],
    ];
    const nextTarget: Code = [advance(label, 1), advance(ofClass, 4), variant.soft ? soft.next : []];
    const away = f32x4.min(f32x4.constant(HIGHEST), f32x4.sub(v128.zero, get(power)));
    const rowLoss = f32x4.add(f32x4.mul(get(total), logarithm(n.sum, n.scratch)), get(distance));
    const slope = f32x4.sub(f32x4.mul(get(total), f32x4.div(v128.load(get(walk.at)), get(n.sum))), get(target));
    return [
      set(highs, f32x4.splat(get(high))),
      set(lows, f32x4.splat(get(low))),
      byFours(
        step,
        rows,
        walk,
        variant.soft ? [] : set(labels, v128.load(get(targets))),
        set(weight, v128.load(get(weights))),
        // A row of weight 0 counts for nothing, whatever it holds.
        set(uncounted, f32x4.equal(get(weight), v128.zero)),
        set(total, v128.zero),
        set(distance, v128.zero),
        normalise(
          walk,
          n,
          beginTargets,
          [
            readTarget,
            set(total, f32x4.add(get(total), get(target))),
            set(distance, f32x4.add(get(distance), f32x4.mul(get(target), away))),
            nextTarget,
          ],
          variant.gradient,
        ),
        // The logarithm goes by bits and loses a NaN; the maximum keeps it.
        set(power, f32x4.add(rowLoss, f32x4.sub(get(n.maximum), get(n.maximum)))),
        v128.store(get(loss), v128.andNot(f32x4.mul(get(weight), get(power)), get(uncounted))),
        variant.gradient
          ? [
              set(weight, v128.load(get(factors))),
              to.begin(walk.left, walk.rowBytes),
              beginTargets,
              set(walk.at, get(powers)),
              repeat(
                walk.column,
                get(columns),
                readTarget,
                set(power, v128.andNot(f32x4.mul(get(weight), slope), get(uncounted))),
                to.store(power),
                to.next,
                nextTarget,
                advance(walk.at, 16),
              ),
              to.down(walk.rowBytes),
            ]
          : [],
        variant.soft ? soft.down(walk.rowBytes) : advance(targets, 16),
        walk.logits.down(walk.rowBytes),
        advance(weights, 16),
        advance(factors, 16),
        advance(loss, 16),
      ),
    ];
  };
