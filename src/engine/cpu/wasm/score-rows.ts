/** The losses of rows of scores other than cross-entropy, four rows at once: where they stand, and along a line. */
import type { FunctionSource, Writer } from "./assembler.js";
import { byFours, FourRows, normaliserOf, type Walk, walkOf } from "./four-rows.js";
import { advance, f32x4, get, set, v128 } from "./instructions.js";
import type { LineSearch } from "./line-rows.js";
import type { CrossEntropy } from "./rows.js";
import type { ScoreForm } from "./score-terms.js";
import { ScoreTerms } from "./score-terms.js";
import { type TargetParameters, TargetRows } from "./target-rows.js";

export interface ScoreVariant extends ScoreForm {
  readonly soft: boolean;
  readonly gradient: boolean;
}

/** Arguments as of cross-entropy, without weights of classes, then Δ of a margin. NaN where a weighted loss is beyond float32. */
export type ScoreRows = (...args: [...Parameters<CrossEntropy>, delta: number]) => void;

/** As above; `powers` is scratch of 16 bytes a column. */
export type ScoreLine = (...args: [...Parameters<LineSearch>, powers: number, delta: number]) => void;

/** What tells the targets of four rows, and their loss. */
function lossOf(writer: Writer, variant: ScoreVariant, walk: Walk, from: TargetParameters) {
  const target = new TargetRows(writer, walk, { ...variant, classWeight: false }, from);
  const normaliser = normaliserOf(writer);
  return { target, terms: new ScoreTerms(writer, variant, walk, target, normaliser), constants: normaliser.constants };
}

export const scoreRows =
  (variant: ScoreVariant): FunctionSource =>
  (writer) => {
    const [logits, targets, classWeight, weights, factors, loss, gradient, rows, columns] = writer.integers(9);
    const [high, low] = [writer.parameter("f32"), writer.parameter("f32")];
    const powers = writer.parameter("i32");
    const delta = writer.parameter("f32");
    const walk = walkOf(writer, logits, columns, powers);
    const to = new FourRows(writer, gradient);
    const step = writer.local("i32");
    const { target, terms, constants } = lossOf(writer, variant, walk, { targets, classWeight, high, low });
    const [weight, uncounted, value, fault] = writer.vectors(4);
    const counted = (result: typeof value): ReturnType<typeof get> =>
      v128.andNot(f32x4.add(get(result), get(fault)), get(uncounted));
    const body = [
      target.prepare,
      terms.prepare(delta),
      byFours(
        step,
        rows,
        walk,
        target.load,
        terms.sum,
        set(weight, v128.load(get(weights))),
        // A row of weight 0 counts for nothing, whatever it holds.
        set(uncounted, f32x4.equal(get(weight), v128.zero)),
        set(value, f32x4.mul(get(weight), terms.loss)),
        set(fault, f32x4.sub(get(value), get(value))),
        v128.store(get(loss), counted(value)),
        set(weight, v128.load(get(factors))),
        variant.gradient
          ? [
              to.begin(walk.left, walk.rowBytes),
              terms.gradient((slope) => [
                set(value, f32x4.mul(get(weight), slope)),
                set(value, counted(value)),
                [to.store(value), to.next],
              ]),
              to.down(walk.rowBytes),
            ]
          : [],
        target.down,
        walk.logits.down(walk.rowBytes),
        [weights, factors, loss].map((pointer) => advance(pointer, 16)),
      ),
    ];
    return [constants.prepare, body];
  };

export const scoreLine =
  (variant: ScoreVariant): FunctionSource =>
  (writer) => {
    const [logits, direction, targets, classWeight, values, slopes, curvatures, rows, columns] = writer.integers(9);
    const [t, high, low] = [0, 0, 0].map(() => writer.parameter("f32"));
    const powers = writer.parameter("i32");
    const delta = writer.parameter("f32");
    const walk = walkOf(writer, logits, columns, powers, { rows: direction, step: t });
    const step = writer.local("i32");
    const { target, terms, constants } = lossOf(writer, variant, walk, { targets, classWeight, high, low });
    const body = [
      target.prepare,
      walk.prepare,
      terms.prepare(delta),
      byFours(
        step,
        rows,
        walk,
        target.load,
        terms.sum,
        v128.store(get(values), terms.loss),
        v128.store(get(slopes), terms.slope),
        v128.store(get(curvatures), terms.curvature),
        target.down,
        walk.logits.down(walk.rowBytes),
        walk.direction?.down(walk.rowBytes) ?? [],
        [values, slopes, curvatures].map((pointer) => advance(pointer, 16)),
      ),
    ];
    return [constants.prepare, body];
  };
