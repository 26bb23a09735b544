/**
 * Four rows of logits at once, a lane for each: how kernels walk down their columns, and the maximum and sum that every softmax
 * needs. What a row's lane computes does not depend on its neighbours, so any cut into blocks gives the same bits.
 */
import { HIGHEST } from "../../../ops/softmax.js";
import type { Code, Local, Writer } from "./assembler.js";
import { Constants } from "./constants.js";
import { exponential } from "./exponential.js";
import { advance, f32x4, f64x2, get, i32, integer, repeat, set, v128 } from "./instructions.js";

/** A matrix whose rows r … r + 3 are walked down the columns together; past the last row, that one again. */
export class FourRows {
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
export interface Normaliser {
  readonly maximum: Local;
  readonly sum: Local;
  readonly power: Local;
  /** The sum on its way, in float64: rows may be very long. */
  readonly sums: readonly [Local, Local];
  readonly scratch: readonly Local[];
  /** Prepared before the first row. */
  readonly constants: Constants;
}

export interface Walk {
  readonly logits: FourRows;
  /** A second matrix that goes along, times `step`: the direction of a line. */
  readonly direction: FourRows | undefined;
  readonly step: Local | undefined;
  /** Before the first row. */
  readonly prepare: Code;
  readonly left: Local;
  readonly rowBytes: Local;
  readonly columns: Local;
  readonly column: Local;
  readonly powers: Local;
  readonly at: Local;
}

/** Parameters: the address of a direction's rows and the f32 factor that they are added with. */
export interface Line {
  readonly rows: Local;
  readonly step: Local;
}

export function walkOf(writer: Writer, logits: Local, columns: Local, powers: Local, line?: Line): Walk {
  const step = line && writer.local("v128");
  return {
    logits: new FourRows(writer, logits),
    direction: line && new FourRows(writer, line.rows),
    step,
    prepare: line && step ? set(step, f32x4.splat(get(line.step))) : [],
    left: writer.local("i32"),
    rowBytes: writer.local("i32"),
    columns,
    column: writer.local("i32"),
    powers,
    at: writer.local("i32"),
  };
}

export function normaliserOf(writer: Writer): Normaliser {
  const [maximum, sum, power, low, high, ...scratch] = writer.vectors(7);
  return { maximum, sum, power, sums: [low, high], scratch, constants: new Constants(writer) };
}

/** What else is done on the second walk. */
export interface Along {
  /** Before it. */
  readonly before?: Code;
  /** At each column, where `power` still holds z − m. */
  readonly each?: Code;
  /** At each column after that, where `power` holds e^(z − m). */
  readonly after?: Code;
}

export const beginRows = ({ logits, direction, left, rowBytes }: Walk): Code => [
  logits.begin(left, rowBytes),
  direction ? direction.begin(left, rowBytes) : [],
];

export const nextColumn = ({ logits, direction }: Walk): Code => [logits.next, direction ? direction.next : []];

export const movedLogits = ({ logits, direction, step }: Walk): Code =>
  direction && step ? f32x4.add(logits.value, f32x4.mul(get(step), direction.value)) : logits.value;

/** Keeps the powers for a third walk. */
export const keepPower = ({ at }: Walk, { power }: Normaliser): Code => [
  v128.store(get(at), get(power)),
  advance(at, 16),
];

export function normalise(walk: Walk, n: Normaliser, { before = [], each = [], after = [] }: Along): Code {
  const { column, columns, powers, at } = walk;
  const { maximum, sum, power, sums, scratch, constants } = n;
  const [low, high] = sums;
  const [value] = scratch;
  return [
    set(maximum, f32x4.constant(-HIGHEST)),
    set(sum, v128.zero),
    beginRows(walk),
    repeat(
      column,
      get(columns),
      set(value, movedLogits(walk)),
      set(maximum, f32x4.max(get(maximum), get(value))),
      // 0 for numbers, NaN for NaN and infinities.
      set(sum, f32x4.add(get(sum), f32x4.sub(get(value), get(value)))),
      nextColumn(walk),
    ),
    set(maximum, f32x4.add(get(maximum), get(sum))),
    beginRows(walk),
    before,
    sums.map((part) => set(part, v128.zero)),
    set(at, get(powers)),
    repeat(
      column,
      get(columns),
      set(power, f32x4.sub(movedLogits(walk), get(maximum))),
      each,
      set(power, exponential(power, scratch, constants)),
      set(low, f64x2.add(get(low), f64x2.promoted(get(power)))),
      set(high, f64x2.add(get(high), f64x2.promoted(v128.high(get(power))))),
      after,
      nextColumn(walk),
    ),
    set(sum, v128.lows(f64x2.demoted(get(low)), f64x2.demoted(get(high)))),
  ];
}

/** The body for four rows at a time; `left` counts down. */
export const byFours = (step: Local, rows: Local, walk: Walk, ...body: Code[]): Code => [
  set(walk.left, get(rows)),
  set(walk.rowBytes, i32.mul(get(walk.columns), integer(4))),
  repeat(
    step,
    i32.divide(i32.add(get(rows), integer(3)), integer(4)),
    body,
    set(walk.left, i32.sub(get(walk.left), integer(4))),
  ),
];

/** m − z at a column of the second walk, the highest float32 at most. */
export const awayOf = ({ power }: Normaliser): Code =>
  f32x4.min(f32x4.constant(HIGHEST), f32x4.sub(v128.zero, get(power)));
