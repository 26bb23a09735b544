/** Softmax regression in float64 on the host: the truth that answers are judged against. */
import type { Matrix } from "./task.js";

export interface Head {
  /** [d×k] */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** Probabilities of one row of logits into `p`; returns logsumexp. */
export function softmaxRow(z: ArrayLike<number>, first: number, p: Float64Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < p.length; j++) largest = Math.max(largest, z[first + j]);
  let total = 0;
  for (let j = 0; j < p.length; j++) {
    p[j] = Math.exp(z[first + j] - largest);
    total += p[j];
  }
  for (let j = 0; j < p.length; j++) p[j] /= total;
  return largest + Math.log(total);
}

/** Mean cross-entropy of the rows `first … end − 1` and its gradient with respect to W and b. */
export function linearGradient(
  x: Matrix,
  labels: Int32Array,
  first: number,
  end: number,
  { weights, bias }: Head,
): Head & { readonly loss: number } {
  const d = x.shape[1];
  const k = bias.length;
  const gradient = { weights: new Float64Array(weights.length), bias: new Float64Array(k) };
  const [z, p] = [new Float64Array(k), new Float64Array(k)];
  let loss = 0;
  for (let row = first; row < end; row++) {
    z.set(bias);
    for (let i = 0; i < d; i++) {
      const value = x.data[row * d + i];
      if (value === 0) continue;
      for (let j = 0; j < k; j++) z[j] += value * weights[i * k + j];
    }
    loss += softmaxRow(z, 0, p) - z[labels[row]];
    p[labels[row]] -= 1;
    for (let j = 0; j < k; j++) gradient.bias[j] += p[j] / (end - first);
    for (let i = 0; i < d; i++) {
      const value = x.data[row * d + i] / (end - first);
      if (value === 0) continue;
      for (let j = 0; j < k; j++) gradient.weights[i * k + j] += value * p[j];
    }
  }
  return { ...gradient, loss: loss / (end - first) };
}

/** W and b after SGD over all rows of X in their order, from `start` (zero where it is empty) and a bias of zero. */
export function trainedHead(
  x: Matrix,
  labels: Int32Array,
  start: Matrix,
  classes: number,
  { batch, learningRate }: { readonly batch: number; readonly learningRate: number },
): Head {
  const [rows, columns] = x.shape;
  const weights = new Float64Array(columns * classes);
  weights.set(start.data);
  const bias = new Float64Array(classes);
  for (let first = 0; first < rows; first += batch) {
    const gradient = linearGradient(x, labels, first, Math.min(rows, first + batch), { weights, bias });
    for (let i = 0; i < weights.length; i++) weights[i] -= learningRate * gradient.weights[i];
    for (let j = 0; j < classes; j++) bias[j] -= learningRate * gradient.bias[j];
  }
  return { weights, bias };
}
