/** Minibatch steps written out plainly in float64: what solvers are held against. */
import { type Dataset, rowsOf } from "../model/clusters.js";

/** Moves θ by a gradient; `step` counts from 1. */
export type Update = (theta: Float64Array, gradient: Float64Array, step: number) => void;

export function sgd(rate: number, momentum: number, nesterov: boolean): Update {
  let velocity: Float64Array | undefined;
  return (theta, gradient) => {
    velocity ??= new Float64Array(theta.length);
    for (let e = 0; e < theta.length; e++) {
      const g = gradient[e];
      velocity[e] = momentum * velocity[e] + g;
      theta[e] -= rate * (nesterov ? g + momentum * velocity[e] : velocity[e]);
    }
  };
}

export function adam(rate: number): Update {
  let moments: [Float64Array, Float64Array] | undefined;
  return (theta, gradient, step) => {
    moments ??= [new Float64Array(theta.length), new Float64Array(theta.length)];
    const [mean, variance] = moments;
    for (let e = 0; e < theta.length; e++) {
      const g = gradient[e];
      mean[e] = 0.9 * mean[e] + 0.1 * g;
      variance[e] = 0.999 * variance[e] + 0.001 * g * g;
      theta[e] -= (rate * (mean[e] / (1 - 0.9 ** step))) / (Math.sqrt(variance[e] / (1 - 0.999 ** step)) + 1e-8);
    }
  };
}

/** dJ of a batch at [W; b]: the weighted mean over its rows, and the penalty of W; 0 without any weight. */
export function batchGradient(
  { x, y, classes: k }: Dataset,
  weights: readonly number[],
  theta: Float64Array,
  l2: number,
): Float64Array {
  const d = x.shape[1];
  const gradient = theta.map((v, e) => (e < d * k ? l2 * v : 0));
  const total = weights.reduce((sum, w) => sum + w, 0);
  y.forEach((label, i) => {
    if (total === 0) return;
    const row = [...x.data.subarray(i * d, (i + 1) * d), 1];
    const e = Array.from({ length: k }, (_, j) => Math.exp(row.reduce((sum, v, l) => sum + v * theta[l * k + j], 0)));
    const sum = e.reduce((a, b) => a + b);
    for (let j = 0; j < k; j++) {
      const error = (weights[i] / total) * (e[j] / sum - Number(j === label));
      row.forEach((v, l) => {
        gradient[l * k + j] += error * v;
      });
    }
  });
  return gradient;
}

export interface Walk {
  readonly data: Dataset;
  /** Of the rows. */
  readonly weights: readonly number[];
  readonly batchSize: number;
  readonly epochs: number;
  readonly l2: number;
  readonly update: Update;
  /** λ times the rate. */
  readonly decay?: number;
  readonly clipNorm?: number;
  /** The first epoch whose weights are averaged. */
  readonly averageFrom?: number;
}

/** Where the steps lead, rows in order; the mean of θ on the way where it is asked for; and how long the gradients were. */
export function walk(way: Walk): { readonly theta: Float64Array; readonly norms: readonly number[] } {
  const { data, weights, batchSize, epochs, l2, update, decay = 0, clipNorm, averageFrom } = way;
  const [n, d] = data.x.shape;
  const k = data.classes;
  const theta = new Float64Array((d + 1) * k);
  const sum = new Float64Array(theta.length);
  const norms: number[] = [];
  let [step, averaged] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let first = 0; first < n; first += batchSize) {
      const rows = Array.from({ length: Math.min(batchSize, n - first) }, (_, i) => first + i);
      const own = rows.map((i) => weights[i]);
      const gradient = batchGradient(rowsOf(data, rows), own, theta, l2);
      const norm = Math.hypot(...gradient);
      norms.push(norm);
      const factor = clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
      const kept = theta.map((w, e) => (e < d * k ? decay * w : 0));
      update(
        theta,
        gradient.map((g) => factor * g),
        ++step,
      );
      for (let e = 0; e < theta.length; e++) theta[e] -= kept[e];
      if (averageFrom === undefined || epoch < averageFrom) continue;
      averaged++;
      for (let e = 0; e < theta.length; e++) sum[e] += theta[e];
    }
  }
  return { theta: averaged > 0 ? sum.map((s) => s / averaged) : theta, norms };
}
