/** Cross-entropy of X·W + b with all its gradients, composed step by step, in float64 or in float32. */

import { crossEntropy } from "../../src/ops/cross-entropy.js";
import { at } from "../../src/ops/host-matrix.js";
import type { HostMatrix } from "../../src/ops/op.js";
import type { TargetArguments } from "../../src/ops/targets.js";
import { sliceTargets } from "../../src/ops/targets.js";
import { crossEntropy32 } from "./float32-baselines.js";
import { f32Matrix, f32Vector, referenceOf } from "./op-cases.js";

export interface LinearProblem {
  readonly x: HostMatrix;
  readonly w: HostMatrix;
  readonly bias: HostMatrix | undefined;
  readonly targets: TargetArguments<HostMatrix>;
  /** What the sums are divided by. */
  readonly denominator: number;
}

/** Every output, row by row. */
export interface LinearResult {
  readonly loss: number;
  readonly dWeights: ArrayLike<number>;
  readonly dBias: ArrayLike<number>;
  readonly dX: ArrayLike<number>;
}

/** Rows at a time: the logits of all are many. */
const SLAB = 64;

export function linearCrossEntropyTruth(problem: LinearProblem): LinearResult {
  return composed(problem, Float64Array);
}

/** Rounded to float32 on every store. */
export function linearCrossEntropy32(problem: LinearProblem): LinearResult {
  return composed(problem, Float32Array);
}

function composed(
  { x, w, bias, targets, denominator }: LinearProblem,
  Values: typeof Float64Array | typeof Float32Array,
): LinearResult {
  const [n, d, k] = [x.rows, x.columns, w.columns];
  const [total, dWeights, dBias, dX] = [new Values(1), new Values(d * k), new Values(k), new Values(n * d)];
  for (let first = 0; first < n; first += SLAB) {
    const rows = Math.min(SLAB, n - first);
    const logits = { ...f32Matrix(rows, k), data: new Values(rows * k) };
    for (let i = 0; i < rows; i++) {
      const row = logits.data.subarray(i * k, (i + 1) * k);
      for (let l = 0; l < d; l++) {
        const value = at(x, first + i, l);
        for (let j = 0; j < k; j++) row[j] += value * w.data[l * k + j];
      }
      if (bias) for (let j = 0; j < k; j++) row[j] += bias.data[j];
    }
    const args = {
      logits,
      ...sliceTargets(targets, first, rows),
      loss: f32Vector(new Float32Array(rows)),
      gradient: f32Matrix(rows, k),
      scale: 1,
      denominator: f32Vector([denominator]),
    };
    const { loss, gradient } =
      Values === Float32Array
        ? crossEntropy32(args)
        : referenceOf(crossEntropy, args, { loss: "written", gradient: "written" });
    for (let i = 0; i < rows; i++) {
      total[0] += loss[i];
      const g = gradient.subarray(i * k, (i + 1) * k);
      for (let j = 0; j < k; j++) dBias[j] += g[j];
      for (let l = 0; l < d; l++) {
        const value = at(x, first + i, l);
        let sum = 0;
        for (let j = 0; j < k; j++) {
          dWeights[l * k + j] += value * g[j];
          sum += g[j] * w.data[l * k + j];
        }
        dX[(first + i) * d + l] = sum;
      }
    }
  }
  return { loss: total[0] / denominator, dWeights, dBias, dX };
}
