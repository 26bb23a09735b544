/**
 * The losses of a row of scores z towards targets t other than cross-entropy, in float64, with their gradient and what they do along a
 * line z + s·d; p = softmax(z), δ = d − Σ p d:
 *
 *     squared   Σ_j (z_j − t_j)²                          dz_j = 2 (z_j − t_j)
 *     brier     Σ_j (p_j − t_j)²    h_j = 2 (p_j − t_j)   dz_j = p_j (h_j − Σ_c p_c h_c)
 *     absolute  Σ_j |p_j − t_j|     h_j = sign(p_j − t_j)  dz_j likewise
 *     margin    Σ_{j≠y} m_j^power   m_j = max(0, Δ − z_y + z_j), or the largest m_j alone, of several the first
 *
 * `t_j = (1 − ε)·q_j + ε/k`, q one-hot at the label y or a row of soft targets. Where |·| or max has a corner, a subgradient is taken.
 */
import { ShapeError } from "../errors.js";
import type { HostMatrix, Matrix } from "./op.js";
import { HIGHEST } from "./softmax.js";
import type { TargetArguments } from "./targets.js";
import { checkTargets, rowWeightAt, targetAt } from "./targets.js";

/** Values of `kind`, as in the shaders. */
export const SCORE_LOSS = { squared: 0, brier: 1, absolute: 2, margin: 3 } as const;

export interface ScoreLossForm {
  /** One of {@link SCORE_LOSS}. */
  readonly kind: number;
  /** Δ of margin. */
  readonly delta: number;
  /** 1 or 2: the power of a margin. */
  readonly power: number;
  /** Of the margins only the largest counts. */
  readonly largest: boolean;
}

/** Classes are not weighted here: rows are. Margin takes labels alone. */
export type ScoreTargetArguments<M extends Matrix = Matrix> = TargetArguments<M> & ScoreLossForm;

/** @throws ShapeError */
export function checkScoreTargets(op: string, args: ScoreTargetArguments, rows: number, columns: number): void {
  checkTargets(op, args, rows, columns);
  if (args.classWeight) {
    throw new ShapeError("SHAPE_MISMATCH", `${op}: classes cannot be weighted: expected row weights, got classWeight.`);
  }
  if (args.kind === SCORE_LOSS.margin && (args.soft || args.labelSmoothing !== 0)) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${op}: a margin is that of one class: expected labels, got ${args.soft ? "soft targets" : "label smoothing"}.`,
    );
  }
}

export class ScoreRow {
  /** z, to be filled before `judge`. */
  readonly scores: Float64Array;
  /** d, zero unless filled. */
  readonly along: Float64Array;
  /** dz of the row's loss, not weighted. */
  readonly gradient: Float64Array;
  /** r: 0 where the row counts for nothing, NaN where something cannot be right or the weighted loss is beyond float32. */
  weight = 0;
  loss = 0;
  slope = 0;
  curvature = 0;
  readonly #targets: Float64Array;
  readonly #args: ScoreTargetArguments<HostMatrix>;

  constructor(args: ScoreTargetArguments<HostMatrix>, classes: number) {
    this.#args = args;
    this.scores = new Float64Array(classes);
    this.along = new Float64Array(classes);
    this.gradient = new Float64Array(classes);
    this.#targets = new Float64Array(classes);
  }

  judge(row: number): void {
    const { scores, gradient } = this;
    const args = this.#args;
    const classes = scores.length;
    [this.loss, this.slope, this.curvature] = [0, 0, 0];
    gradient.fill(0);
    this.weight = rowWeightAt(args, row, classes);
    if (this.weight === 0) return;
    for (const z of scores) if (!(Math.abs(z) <= HIGHEST)) this.weight = Number.NaN;
    if (Number.isNaN(this.weight)) return;
    if (args.kind === SCORE_LOSS.margin) {
      this.#margin(args.labels?.data[row] as number);
    } else {
      for (let j = 0; j < classes; j++) this.#targets[j] = targetAt(args, row, j, classes);
      if (args.kind === SCORE_LOSS.squared) this.#squared();
      else this.#onProbabilities(args.kind === SCORE_LOSS.brier);
    }
    if (!(Math.abs(this.weight * this.loss) <= HIGHEST)) this.weight = Number.NaN;
  }

  #squared(): void {
    for (let j = 0; j < this.scores.length; j++) {
      const gap = this.scores[j] - this.#targets[j];
      const d = this.along[j];
      this.loss += gap * gap;
      this.gradient[j] = 2 * gap;
      this.slope += 2 * gap * d;
      this.curvature += 2 * d * d;
    }
  }

  #margin(own: number): void {
    const { scores, along, gradient } = this;
    const { delta, power, largest } = this.#args;
    let rival = -1;
    if (largest) {
      for (let j = 0; j < scores.length; j++) if (j !== own && !(scores[j] <= scores[rival])) rival = j;
    }
    for (let j = 0; j < scores.length; j++) {
      const margin = delta - scores[own] + scores[j];
      if (j === own || (largest && j !== rival) || !(margin > 0)) continue;
      const pull = power === 2 ? 2 * margin : 1;
      const d = along[j] - along[own];
      this.loss += power === 2 ? margin * margin : margin;
      gradient[j] += pull;
      gradient[own] -= pull;
      this.slope += pull * d;
      if (power === 2) this.curvature += 2 * d * d;
    }
  }

  #onProbabilities(brier: boolean): void {
    const { scores, along, gradient } = this;
    const maximum = scores.reduce((most, z) => Math.max(most, z), Number.NEGATIVE_INFINITY);
    let [sum, mean] = [0, 0];
    for (let j = 0; j < scores.length; j++) {
      const e = Math.exp(scores[j] - maximum);
      sum += e;
      mean += e * along[j];
    }
    mean /= sum;
    let [centre, variance] = [0, 0];
    for (let j = 0; j < scores.length; j++) {
      const p = Math.exp(scores[j] - maximum) / sum;
      const gap = p - this.#targets[j];
      const side = brier ? 2 * gap : sideOf(gap, this.#targets[j]);
      const d = along[j] - mean;
      this.loss += brier ? gap * gap : Math.abs(gap);
      centre += p * side;
      variance += p * d * d;
      this.slope += p * side * d;
      this.curvature += p * side * d * d + (brier ? 2 * (p * d) ** 2 : 0);
      // p, until the centre is known.
      gradient[j] = p;
    }
    this.curvature -= variance * centre;
    for (let j = 0; j < scores.length; j++) {
      const gap = gradient[j] - this.#targets[j];
      gradient[j] *= (brier ? 2 * gap : sideOf(gap, this.#targets[j])) - centre;
    }
  }
}

/** The sign of p − t; no probability is above a target of 1 or below one of 0, however it is rounded. */
const sideOf = (gap: number, target: number): number => (target >= 1 ? -1 : target <= 0 ? 1 : Math.sign(gap));
