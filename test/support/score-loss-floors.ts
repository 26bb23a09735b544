/** How far right kernels of the losses of scores may be from the truth, from WGSL's accuracy table. */
import { at } from "../../src/ops/host-matrix.js";
import type { HostMatrix } from "../../src/ops/op.js";
import type { ScoreTargetArguments } from "../../src/ops/score-loss-rows.js";
import { SCORE_LOSS } from "../../src/ops/score-loss-rows.js";
import { rowWeightAt, targetAt } from "../../src/ops/targets.js";
import { f32Matrix } from "./op-cases.js";
import { mergeSteps, probabilityError, SMALLEST_NORMAL, spreadOf, ULP } from "./wgsl-accuracy.js";

export interface ScoreLossFloors {
  /** Of a row's loss, and of one element of its gradient, at most. */
  readonly loss: number;
  readonly gradient: number;
  /** Of φ, φ′ and φ″ over all rows. */
  readonly line: readonly [number, number, number];
}

/**
 * Scores z + s·d, each off by a rounding of the product and one of the sum: e = (|z| + 2|s·d|) ULP at most, or exact without a line.
 *
 * squared: a gap z − t is off by e, its own rounding and 4 ULP of t. Margin: m by two e and two roundings of Δ − z_y + z_j. Their losses
 * then by the derivative times that; corners are met by nothing random. On probabilities: p relatively by s = the error of softmax and
 * 2e; Σ_j |p − t| so by s + 5 ULP; h by 2 (s·p + 5 ULP); Σ p h by 4 s + 12 ULP; |h − Σ p h| ≤ 4, hence a gradient by p (10 s + 24 ULP).
 * With D = max |d|, Σ p δ² ≤ D² and |Σ p h δ| ≤ 2 D: φ′ by (8 s + 16 ULP) D, φ″ by 40 (s + ULP) D², of a row each. Sums: a rounding for each
 * addition in a row, in a thread's rows and in a workgroup's tree, relative to the terms' magnitudes.
 */
export function scoreLossFloors(
  args: ScoreTargetArguments<HostMatrix> & { readonly logits: HostMatrix; readonly scale?: number },
  along?: { readonly direction: HostMatrix; readonly step: number },
): ScoreLossFloors {
  const { logits, kind, delta, power, largest } = args;
  const { rows, columns } = logits;
  const c = Math.abs(args.scale ?? 1);
  const inRow = (6 + mergeSteps(columns)) * ULP;
  const inAll = inRow + (7 + rows / 128) * ULP;
  const moved = f32Matrix(rows, columns, new Float32Array(rows * columns));
  const off = new Float64Array(rows * columns);
  for (let e = 0; e < off.length; e++) {
    const change = along ? along.step * (along.direction.data[e] as number) : 0;
    moved.data[e] = (logits.data[e] as number) + change;
    off[e] = along ? (Math.abs(logits.data[e] as number) + 2 * Math.abs(change)) * ULP : 0;
  }
  const softmax = probabilityError(columns, spreadOf(moved));
  const floors = { loss: SMALLEST_NORMAL, gradient: SMALLEST_NORMAL, line: [0, 0, 0] as [number, number, number] };
  for (let i = 0; i < rows; i++) {
    const weight = rowWeightAt(args, i, columns);
    if (weight === 0) continue;
    const z = Array.from({ length: columns }, (_, j) => at(moved, i, j));
    const d = z.map((_, j) => (along ? at(along.direction, i, j) : 0));
    const e = z.map((_, j) => off[i * columns + j] as number);
    // What this row adds to each floor, not weighted; sums have the roundings of `inAll` besides, a single row those of `inRow`.
    let [loss, slope, curvature] = [0, 0, 0];
    let [lossSize, slopeSize, curvatureSize, gradient] = [0, 0, 0, 0];
    if (kind === SCORE_LOSS.squared) {
      for (let j = 0; j < columns; j++) {
        const gap = Math.abs((z[j] as number) - targetAt(args, i, j, columns));
        const error = (e[j] as number) + (gap + 4) * ULP;
        const length = Math.abs(d[j] as number);
        loss += 2 * gap * error;
        slope += 2 * length * error;
        lossSize += gap ** 2;
        slopeSize += 2 * gap * length;
        curvatureSize += 2 * length ** 2;
        gradient = Math.max(gradient, 2 * error + 8 * gap * ULP);
      }
    } else if (kind === SCORE_LOSS.margin) {
      const y = args.labels?.data[i] as number;
      const rivals = z.map((_, j) => j).filter((j) => j !== y);
      const top = rivals.reduce((best, j) => ((z[j] as number) > (z[best] as number) ? j : best), rivals[0] ?? 0);
      let [pull, pullSize] = [0, 0];
      for (const j of largest ? rivals.slice(0, 1).map(() => top) : rivals) {
        const sizes = Math.abs(z[y] as number) + Math.abs(z[j] as number) + delta;
        const m = Math.max(0, delta - (z[y] as number) + (z[j] as number));
        const error = (e[y] as number) + (e[j] as number) + 2 * sizes * ULP;
        const length = Math.abs((d[j] as number) - (d[y] as number));
        if (m === 0) continue;
        loss += (power === 2 ? 2 * m : 1) * error;
        slope += (power === 2 ? 2 * error : 0) * length;
        lossSize += m ** power;
        slopeSize += (power === 2 ? 2 * m : 1) * (Math.abs(d[j] as number) + Math.abs(d[y] as number));
        curvatureSize += power === 2 ? 2 * (Math.abs(d[j] as number) + Math.abs(d[y] as number)) ** 2 : 0;
        pull += power === 2 ? 2 * error : 0;
        pullSize += power === 2 ? 2 * m : 1;
      }
      gradient = pull + pullSize * inRow;
    } else {
      const s = softmax + 2 * Math.max(...e);
      const maximum = Math.max(...z);
      const sum = z.reduce((total, v) => total + Math.exp(v - maximum), 0);
      const longest = Math.max(...d.map(Math.abs));
      loss = kind === SCORE_LOSS.brier ? 2 * (s + 5 * ULP) : s + 5 * ULP;
      slope = longest * (8 * s + 16 * ULP);
      curvature = longest ** 2 * 40 * (s + ULP);
      [lossSize, slopeSize, curvatureSize] = [2, 2 * longest, 6 * longest ** 2];
      gradient = (10 * s + 24 * ULP + 4 * inRow) / sum;
    }
    floors.loss = Math.max(floors.loss, weight * (loss + lossSize * inRow));
    floors.gradient = Math.max(floors.gradient, c * weight * gradient);
    floors.line[0] += weight * (loss + lossSize * inAll);
    floors.line[1] += weight * (slope + slopeSize * inAll);
    floors.line[2] += weight * (curvature + curvatureSize * inAll);
  }
  return floors;
}
