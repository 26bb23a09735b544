/** J and its gradient for softmax regression in float64, plainly: what a fitted model is judged by. */
import type { SoftmaxRegression } from "../../../src/index.js";
import type { Dataset } from "./clusters.js";

export interface Judgement {
  /** J, penalty included. */
  readonly loss: number;
  /** max |dJ| with respect to W, and b where it is learnt. */
  readonly gradientNorm: number;
  /** ‖dJ‖₂ */
  readonly gradientLength: number;
}

export interface Penalty {
  readonly l2: number;
  /** With it the gradient is the subgradient of least size. Default 0. */
  readonly l1?: number;
  readonly weights?: ArrayLike<number>;
  readonly fitIntercept?: boolean;
  /** [n×k] row by row: what the rows are trained towards, instead of their labels. */
  readonly targets?: ArrayLike<number>;
}

export function judge(model: SoftmaxRegression, data: Dataset, penalty: Penalty): Judgement {
  return judgeWeights(model.coef.data, model.intercept, data, penalty);
}

export function judgeWeights(
  w: ArrayLike<number>,
  b: ArrayLike<number>,
  { x, y, classes: k }: Dataset,
  { l2, l1 = 0, weights, fitIntercept = true, targets }: Penalty,
): Judgement {
  const [n, d] = x.shape;
  const gradient = new Float64Array((d + 1) * k);
  let total = 0;
  for (let i = 0; i < n; i++) total += weights ? weights[i] : 1;
  let loss = 0;
  const z = new Float64Array(k);
  for (let i = 0; i < n; i++) {
    const share = (weights ? weights[i] : 1) / total;
    for (let j = 0; j < k; j++) {
      z[j] = b[j];
      for (let l = 0; l < d; l++) z[j] += x.data[i * d + l] * w[l * k + j];
    }
    const maximum = Math.max(...z);
    const sum = z.reduce((s, v) => s + Math.exp(v - maximum), 0);
    for (let j = 0; j < k; j++) {
      const target = targets ? targets[i * k + j] : Number(j === y[i]);
      loss += share * target * (maximum + Math.log(sum) - z[j]);
      const error = share * (Math.exp(z[j] - maximum) / sum - target);
      for (let l = 0; l < d; l++) gradient[l * k + j] += error * x.data[i * d + l];
      if (fitIntercept) gradient[d * k + j] += error;
    }
  }
  for (let e = 0; e < d * k; e++) {
    loss += (l2 / 2) * w[e] * w[e];
    gradient[e] += l2 * w[e];
    if (l1 === 0) continue;
    loss += l1 * Math.abs(w[e]);
    if (w[e] !== 0) gradient[e] += w[e] > 0 ? l1 : -l1;
    else if (Math.abs(gradient[e]) <= l1) gradient[e] = 0;
    else gradient[e] -= gradient[e] > 0 ? l1 : -l1;
  }
  return {
    loss,
    gradientNorm: gradient.reduce((most, v) => Math.max(most, Math.abs(v)), 0),
    gradientLength: Math.sqrt(gradient.reduce((sum, v) => sum + v * v, 0)),
  };
}
