/** The fused step in float64, row by row: cross-entropy of `x_i·W + b` as its own reference has it, and outer products with x_i. */
import { crossEntropy } from "./cross-entropy.js";
import { at, hostMatrix } from "./host-matrix.js";
import type { LinearStepArguments } from "./linear-step.js";
import { hasBias } from "./linear-step.js";
import type { HostMatrix, On } from "./op.js";
import type { StepTotals } from "./step-totals.js";
import { rowWeightAt, sliceTargets } from "./targets.js";

export interface StepSums extends StepTotals {
  /** (d or d + 1) × k: Σ x ⊗ dz and Σ dz. */
  readonly gradient: Float64Array;
}

export function stepReference(args: On<LinearStepArguments, HostMatrix>): StepSums {
  const { x, theta, bias, order, first, rows } = args;
  const [d, k] = [x.columns, theta.columns];
  const sums = { gradient: new Float64Array((d + Number(hasBias(args))) * k), loss: 0, weight: 0, faults: 0 };
  const logits = new Float64Array(k);
  const loss = hostMatrix(new Float64Array(1), 1, 1);
  const dz = hostMatrix(new Float64Array(k), 1, k);
  for (let index = 0; index < rows; index++) {
    const row = order ? order.data[first + index] : index;
    for (let j = 0; j < k; j++) {
      logits[j] = bias ? at(bias, 0, j) : theta.rows > d ? at(theta, d, j) : 0;
      for (let l = 0; l < d; l++) logits[j] += at(x, row, l) * at(theta, l, j);
    }
    const targets = sliceTargets(args, row, 1);
    const weight = rowWeightAt(targets, 0, k);
    if (weight === 0) continue;
    crossEntropy.reference({
      ...targets,
      logits: hostMatrix(logits, 1, k),
      ...{ loss, gradient: dz, scale: 1, denominator: undefined },
    });
    for (let j = 0; j < k; j++) {
      for (let l = 0; l < d; l++) sums.gradient[l * k + j] += at(x, row, l) * dz.data[j];
      if (sums.gradient.length > d * k) sums.gradient[d * k + j] += dz.data[j];
    }
    if (!Number.isFinite(loss.data[0])) {
      sums.faults++;
      continue;
    }
    const label = targets.labels?.data[0];
    sums.loss += loss.data[0];
    sums.weight += weight * (label !== undefined && targets.classWeight ? at(targets.classWeight, 0, label) : 1);
  }
  return sums;
}

/** The gradient of the mean, or 0 where no row counts. */
export function meanGradient({ gradient, weight, faults }: StepSums): Float64Array {
  return weight === 0 && faults === 0 ? gradient.fill(0) : gradient.map((g) => g / weight);
}
