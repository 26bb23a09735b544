/**
 * The losses of `ops/score-loss-rows.ts` for four rows of scores at once, a lane for each: walks down their columns that sum up ℓ and what
 * it does along a line, and a last one that leaves ∂ℓ/∂z at each column.
 */
import type { ScoreLossForm } from "../../../ops/score-loss-rows.js";
import { SCORE_LOSS } from "../../../ops/score-loss-rows.js";
import { HIGHEST } from "../../../ops/softmax.js";
import type { Code, Local, Writer } from "./assembler.js";
import type { Normaliser, Walk } from "./four-rows.js";
import { beginRows, keepPower, movedLogits, nextColumn, normalise } from "./four-rows.js";
import { advance, f32x4, get, repeat, set, v128 } from "./instructions.js";
import { LongSum } from "./long-sum.js";
import type { TargetRows } from "./target-rows.js";

/** All but Δ, which is an argument. */
export type ScoreForm = Omit<ScoreLossForm, "delta">;

const { add, sub, mul, div, less, max } = f32x4;
const ONE: Code = f32x4.constant(1);
const MINUS_ONE: Code = f32x4.constant(-1);
const twice = (value: Local): Code => add(get(value), get(value));

export class ScoreTerms {
  readonly #form: ScoreForm;
  readonly #walk: Walk;
  readonly #target: TargetRows;
  readonly #normaliser: Normaliser;
  /** Δ in all lanes. */
  readonly #delta: Local;
  readonly #fault: Local;
  readonly #sums: readonly LongSum[];
  /** What a column's walk needs, and what a row's need to remember: see below. */
  readonly #locals: readonly Local[];

  /** Only after the writer's last parameter. */
  constructor(writer: Writer, form: ScoreForm, walk: Walk, target: TargetRows, normaliser: Normaliser) {
    this.#form = form;
    this.#walk = walk;
    this.#target = target;
    this.#normaliser = normaliser;
    [this.#delta, this.#fault, ...this.#locals] = writer.vectors(10);
    this.#sums = [0, 0, 0, 0, 0].map(() => new LongSum(writer));
  }

  /** Before the first row; `delta` is an f32 parameter. */
  prepare(delta: Local): Code {
    return set(this.#delta, f32x4.splat(get(delta)));
  }

  /** Of the rows at hand. `sum` says all that the others do not know. */
  get sum(): Code {
    const clear = [set(this.#fault, v128.zero), this.#sums.map((sum) => sum.clear)];
    const { kind } = this.#form;
    if (kind === SCORE_LOSS.margin) return [clear, this.#margins];
    return [clear, kind === SCORE_LOSS.squared ? this.#squares : this.#probabilities];
  }

  /** ℓ, NaN where a score is not finite. */
  get loss(): Code {
    return add(this.#sums[0].value, get(this.#fault));
  }

  /** ℓ′ along the line. */
  get slope(): Code {
    return this.#sums[1].value;
  }

  /** ℓ″ along the line. */
  get curvature(): Code {
    const [, , curvature, centre, variance] = this.#sums;
    return this.#onProbabilities ? sub(curvature.value, mul(variance.value, centre.value)) : curvature.value;
  }

  /** Walks down the columns once more; `write` is done at each, with ∂ℓ/∂z. */
  gradient(write: (slope: Code) => Code): Code {
    const [value, side, , , , total] = this.#locals;
    // Of a margin all pulls, else Σ p·side.
    const remember = set(total, this.#sums[3].value);
    if (this.#form.kind === SCORE_LOSS.squared) return this.#columns(set(value, this.#gap), write(twice(value)));
    if (this.#form.kind === SCORE_LOSS.margin) {
      const own = v128.and(get(total), this.#isOwn);
      return [remember, this.#forget, this.#columns(this.#pull, write(sub(get(side), own)))];
    }
    return [remember, this.#powers(this.#side, write(mul(get(value), sub(get(side), get(total)))))];
  }

  get #onProbabilities(): boolean {
    return this.#form.kind === SCORE_LOSS.brier || this.#form.kind === SCORE_LOSS.absolute;
  }

  #columns(...body: Code[]): Code {
    const walk = this.#walk;
    return [
      [beginRows(walk), this.#target.begin],
      repeat(walk.column, get(walk.columns), this.#target.read, body, nextColumn(walk), this.#target.next),
    ];
  }

  /** As `#columns`, with `at` on the powers of the column. */
  #powers(...body: Code[]): Code {
    const { at, powers } = this.#walk;
    return [set(at, get(powers)), this.#columns(...body, advance(at, 16))];
  }

  /** Along the line; nothing where there is none. */
  #along(body: (direction: Code) => Code): Code {
    const { direction } = this.#walk;
    return direction ? body(direction.value) : [];
  }

  get #gap(): Code {
    return sub(movedLogits(this.#walk), get(this.#target.value));
  }

  #spoil(value: Local): Code {
    // 0 for numbers, NaN for NaN and infinities.
    return set(this.#fault, add(get(this.#fault), sub(get(value), get(value))));
  }

  get #squares(): Code {
    const [gap, d] = this.#locals;
    const [loss, slope, curvature] = this.#sums;
    return this.#columns(
      set(gap, this.#gap),
      this.#spoil(gap),
      loss.add(mul(get(gap), get(gap))),
      this.#along((direction) => [
        set(d, direction),
        slope.add(mul(twice(gap), get(d))),
        curvature.add(mul(twice(d), get(d))),
      ]),
    );
  }

  /** Ones where the column is the row's own class. */
  get #isOwn(): Code {
    return less(v128.zero, get(this.#target.value));
  }

  /** Before a walk on which the largest margin is looked for. */
  get #forget(): Code {
    const taken = this.#locals[6];
    return this.#form.largest ? set(taken, v128.zero) : [];
  }

  /** The margin m ≥ 0 of the column at hand, and ∂ℓ/∂m. */
  get #pull(): Code {
    const [m, pull, , bound, best, , taken] = this.#locals;
    const { largest, power } = this.#form;
    // Of several that are the largest, the first.
    const first: Code = [
      set(pull, v128.andNot(v128.andNot(f32x4.equal(get(m), get(best)), get(taken)), this.#isOwn)),
      set(taken, v128.or(get(taken), get(pull))),
    ];
    return [
      set(m, movedLogits(this.#walk)),
      largest ? first : [],
      set(m, add(get(bound), get(m))),
      set(m, v128.andNot(v128.and(get(m), less(v128.zero, get(m))), this.#isOwn)),
      largest ? set(m, v128.and(get(m), get(pull))) : [],
      set(pull, power === 2 ? twice(m) : v128.and(ONE, less(v128.zero, get(m)))),
    ];
  }

  get #margins(): Code {
    const [m, pull, d, bound, best, ownAlong] = this.#locals;
    const [loss, slope, curvature, total] = this.#sums;
    const { largest, power } = this.#form;
    const rival = v128.choose(this.#isOwn, f32x4.constant(-HIGHEST), get(m));
    return [
      [set(bound, v128.zero), set(ownAlong, v128.zero)],
      largest ? set(best, f32x4.constant(-HIGHEST)) : [],
      this.#columns(
        set(m, movedLogits(this.#walk)),
        this.#spoil(m),
        set(bound, v128.or(get(bound), v128.and(get(m), this.#isOwn))),
        largest ? set(best, max(get(best), rival)) : [],
        this.#along((direction) => set(ownAlong, v128.or(get(ownAlong), v128.and(direction, this.#isOwn)))),
      ),
      // Δ − z_y, to which each score is added.
      set(bound, sub(get(this.#delta), get(bound))),
      this.#forget,
      this.#columns(
        this.#pull,
        loss.add(power === 2 ? mul(get(m), get(m)) : get(m)),
        total.add(get(pull)),
        this.#along((direction) => [
          set(d, sub(direction, get(ownAlong))),
          slope.add(mul(get(pull), get(d))),
          power === 2 ? curvature.add(v128.and(mul(twice(d), get(d)), less(v128.zero, get(m)))) : [],
        ]),
      ),
    ];
  }

  /** p of the column at hand, and ∂ℓ/∂p. */
  get #side(): Code {
    const [p, side, gap] = this.#locals;
    const t = get(this.#target.value);
    const sign = sub(v128.and(ONE, less(v128.zero, get(gap))), v128.and(ONE, less(get(gap), v128.zero)));
    // No probability is above a target of 1 or below one of 0, however it is rounded.
    const within = v128.choose(less(t, ONE), v128.choose(less(v128.zero, t), sign, ONE), MINUS_ONE);
    return [
      set(p, v128.load(get(this.#walk.at))),
      set(gap, sub(get(p), t)),
      set(side, this.#form.kind === SCORE_LOSS.brier ? twice(gap) : within),
    ];
  }

  get #probabilities(): Code {
    const [p, side, gap, d, part, mean] = this.#locals;
    const [loss, slope, curvature, centre, variance] = this.#sums;
    const n = this.#normaliser;
    const { at } = this.#walk;
    const brier = this.#form.kind === SCORE_LOSS.brier;
    return [
      // Σ e·d, in the place of the slope until that is summed up.
      normalise(this.#walk, n, {
        after: [this.#along((direction) => slope.add(mul(get(n.power), direction))), keepPower(this.#walk, n)],
      }),
      set(this.#fault, sub(get(n.maximum), get(n.maximum))),
      this.#along(() => [set(mean, div(slope.value, get(n.sum))), slope.clear]),
      this.#powers(
        v128.store(get(at), div(v128.load(get(at)), get(n.sum))),
        this.#side,
        loss.add(brier ? mul(get(gap), get(gap)) : f32x4.abs(get(gap))),
        centre.add(mul(get(p), get(side))),
        this.#along((direction) => [
          set(d, sub(direction, get(mean))),
          set(part, mul(get(p), get(d))),
          slope.add(mul(get(part), get(side))),
          variance.add(mul(get(part), get(d))),
          curvature.add(mul(mul(get(part), get(d)), get(side))),
          brier ? curvature.add(mul(twice(part), get(part))) : [],
        ]),
      ),
    ];
  }
}
