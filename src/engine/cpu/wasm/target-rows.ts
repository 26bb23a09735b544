/** Targets `t = class weight · (high · q + low)` of four rows, q one-hot at a label or a row of soft targets: column by column. */
import type { Code, Local, Writer } from "./assembler.js";
import type { Walk } from "./four-rows.js";
import { FourRows } from "./four-rows.js";
import { advance, f32x4, get, i32x4, integer, set, v128 } from "./instructions.js";

export interface TargetVariant {
  readonly soft: boolean;
  readonly classWeight: boolean;
}

/** Parameters: addresses of i32 labels, one a row and whole fours of them, or of rows of f32; of f32 weights of the classes; f32 factors. */
export interface TargetParameters {
  readonly targets: Local;
  readonly classWeight: Local;
  readonly high: Local;
  readonly low: Local;
}

export class TargetRows {
  /** t of the column at hand, after `read`. */
  readonly value: Local;
  readonly #walk: Walk;
  readonly #variant: TargetVariant;
  readonly #from: TargetParameters;
  readonly #soft: FourRows;
  readonly #label: Local;
  readonly #ofClass: Local;
  readonly #labels: Local;
  readonly #highs: Local;
  readonly #lows: Local;

  constructor(writer: Writer, walk: Walk, variant: TargetVariant, from: TargetParameters) {
    this.#walk = walk;
    this.#variant = variant;
    this.#from = from;
    this.#soft = new FourRows(writer, from.targets);
    this.#label = writer.local("i32");
    this.#ofClass = writer.local("i32");
    [this.value, this.#labels, this.#highs, this.#lows] = writer.vectors(4);
  }

  /** Before the first row. */
  get prepare(): Code {
    const { high, low } = this.#from;
    return [set(this.#highs, f32x4.splat(get(high))), set(this.#lows, f32x4.splat(get(low)))];
  }

  /** Before the first walk along four rows. */
  get load(): Code {
    return this.#variant.soft ? [] : set(this.#labels, v128.load(get(this.#from.targets)));
  }

  /** To the first column. */
  get begin(): Code {
    return [
      set(this.#label, integer(0)),
      set(this.#ofClass, get(this.#from.classWeight)),
      this.#variant.soft ? this.#soft.begin(this.#walk.left, this.#walk.rowBytes) : [],
    ];
  }

  get read(): Code {
    const q = i32x4.equal(i32x4.splat(get(this.#label)), get(this.#labels));
    const scaled = this.#variant.soft ? f32x4.mul(this.#soft.value, get(this.#highs)) : v128.and(q, get(this.#highs));
    const share = f32x4.add(scaled, get(this.#lows));
    return set(this.value, this.#variant.classWeight ? f32x4.mul(share, v128.loadSplat(get(this.#ofClass))) : share);
  }

  get next(): Code {
    return [advance(this.#label, 1), advance(this.#ofClass, 4), this.#variant.soft ? this.#soft.next : []];
  }

  /** To the next four rows. */
  get down(): Code {
    return this.#variant.soft ? this.#soft.down(this.#walk.rowBytes) : advance(this.#from.targets, 16);
  }
}
