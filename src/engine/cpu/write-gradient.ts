/** Where the sums of a fused step over all of its rows become its loss and gradient, with kernels, without them, or from blocks. */
import type { LinearGradientArguments } from "../../ops/linear-gradient.js";
import type { HostMatrix, On } from "../../ops/op.js";
import type { StepTotals } from "../../ops/step-totals.js";
import { lossValue, meanFactor } from "../../ops/step-totals.js";

/** Loss and gradient of what the sums over all rows come to: of W, and of b behind it. */
export function writeGradient(
  { theta, gradient, dBias, loss, l2, penalisedRows, mean }: On<LinearGradientArguments, HostMatrix>,
  sums: ArrayLike<number>,
  totals: StepTotals,
): void {
  const factor = mean ? meanFactor(totals) : 1;
  const penalised = l2 === 0 ? 0 : penalisedRows * theta.columns;
  const own = gradient.data.length;
  for (let e = 0; e < own; e++) gradient.data[e] = factor * sums[e] + (e < penalised ? l2 * theta.data[e] : 0);
  if (dBias) for (let j = 0; j < dBias.data.length; j++) dBias.data[j] = factor * sums[own + j];
  if (loss.columns === 4) writeTotals(loss, totals);
  else loss.data[0] = lossValue(totals, mean);
}

export const writeTotals = (to: HostMatrix, { loss, weight, faults }: StepTotals): void =>
  to.data.set([loss, weight, 0, faults]);
