/** The row-wise ops with `Math.fround` at every operation, straight down each row: what float32 honestly costs. */
import type { CrossEntropyArguments } from "../../src/ops/cross-entropy.js";
import { at } from "../../src/ops/host-matrix.js";
import type { LineSearchArguments } from "../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../src/ops/op.js";
import type { TargetArguments } from "../../src/ops/targets.js";
import { rowWeightAt } from "../../src/ops/targets.js";

const f = Math.fround;
/** The largest float32, where values that would pass it stop. */
export const HIGHEST: number = (2 - 2 ** -23) * 2 ** 127;
const clamped = (value: number): number => Math.max(-HIGHEST, Math.min(HIGHEST, f(value)));

interface Row32 {
  readonly maximum: number;
  /** exp(z − maximum) */
  readonly powers: Float32Array;
  readonly sum: number;
}

function row32(logits: (j: number) => number, columns: number): Row32 {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < columns; j++) maximum = Math.max(maximum, logits(j));
  const powers = Float32Array.from({ length: columns }, (_, j) => Math.exp(clamped(logits(j) - maximum)));
  let sum = 0;
  for (const e of powers) sum = f(sum + e);
  return { maximum, powers, sum };
}

export function softmax32(logits: HostMatrix, log: boolean): Float32Array {
  const { rows, columns } = logits;
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const { maximum, powers, sum } = row32((j) => at(logits, i, j), columns);
    for (let j = 0; j < columns; j++) {
      const shifted = clamped(at(logits, i, j) - maximum);
      out[i * columns + j] = log ? clamped(shifted - f(Math.log(sum))) : (powers[j] as number) / sum;
    }
  }
  return out;
}

/** t[i,j] */
function target32(t: TargetArguments<HostMatrix>, i: number, j: number, classes: number): number {
  const q = t.soft ? at(t.soft, i, j) : t.labels?.data[i] === j ? 1 : 0;
  const smoothing = f(t.labelSmoothing);
  const smoothed = f(f(f(1 - smoothing) * q) + f(smoothing / classes));
  return t.classWeight ? f(at(t.classWeight, 0, j) * smoothed) : smoothed;
}

export function crossEntropy32(args: On<CrossEntropyArguments, HostMatrix>): {
  loss: Float32Array;
  gradient: Float32Array;
} {
  const { logits, scale, denominator } = args;
  const { rows, columns } = logits;
  const loss = new Float32Array(rows);
  const gradient = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const weight = rowWeightAt(args, i, columns);
    if (weight === 0) continue;
    const { maximum, powers, sum } = row32((j) => at(logits, i, j), columns);
    let [distance, total] = [0, 0];
    for (let j = 0; j < columns; j++) {
      const t = target32(args, i, j, columns);
      distance = f(distance + f(t * clamped(maximum - at(logits, i, j))));
      total = f(total + t);
    }
    loss[i] = weight * f(f(total * f(Math.log(sum))) + distance);
    const factor = denominator ? f(f(f(scale) * weight) / at(denominator, 0, 0)) : f(f(scale) * weight);
    for (let j = 0; j < columns; j++) {
      const probability = f((powers[j] as number) / sum);
      gradient[i * columns + j] = factor * f(f(total * probability) - target32(args, i, j, columns));
    }
  }
  return { loss, gradient };
}

/** φ, φ′, φ″, 0 at a trial step. */
export function lineSearch32(args: On<LineSearchArguments, HostMatrix>, step: number): Float32Array {
  const { logits, direction } = args;
  const { columns } = logits;
  const out = new Float32Array(4);
  for (let i = 0; i < logits.rows; i++) {
    const weight = rowWeightAt(args, i, columns);
    if (weight === 0) continue;
    const moved = (j: number): number => f(at(logits, i, j) + f(f(step) * at(direction, i, j)));
    const { maximum, powers, sum } = row32(moved, columns);
    let [first, second, along, total, distance] = [0, 0, 0, 0, 0];
    for (let j = 0; j < columns; j++) {
      const d = at(direction, i, j);
      const t = target32(args, i, j, columns);
      const e = powers[j] as number;
      first = f(first + f(e * d));
      second = f(second + f(f(e * d) * d));
      along = f(along + f(t * d));
      total = f(total + t);
      distance = f(distance + f(t * f(maximum - moved(j))));
    }
    const mean = f(first / sum);
    out[0] = out[0] + f(weight * f(f(total * f(Math.log(sum))) + distance));
    out[1] = out[1] + f(weight * f(f(total * mean) - along));
    out[2] = out[2] + f(f(weight * total) * Math.max(0, f(f(second / sum) - f(mean * mean))));
  }
  return out;
}
