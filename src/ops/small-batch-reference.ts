/** Many minibatch steps in float64, one after the other: the gradient by the fused step's reference, the update by the rule's; and θ̄. */
import { adamStep } from "./adam-step.js";
import { addScaled } from "./add-scaled.js";
import { hostMatrix, rowsOf } from "./host-matrix.js";
import { meanGradient, stepReference } from "./linear-step-reference.js";
import type { HostMatrix, On } from "./op.js";
import { sgdStep } from "./sgd-step.js";
import type { SmallBatchArguments } from "./small-batch-arguments.js";

export function smallBatchReference(args: On<SmallBatchArguments, HostMatrix>): void {
  const { theta, losses, first, rows, batchSize, adam, moments, learningRates } = args;
  const spare = hostMatrix(new Float64Array(theta.data.length), theta.rows, theta.columns);
  for (let done = 0, t = 0; done < rows; done += batchSize, t++) {
    const count = Math.min(batchSize, rows - done);
    const batch = { ...args, bias: undefined, classWeight: undefined, first: first + done, rows: count };
    const sums = stepReference(batch);
    const learningRate = learningRates[Math.min(t, learningRates.length - 1)];
    const gradient = { ...theta, data: meanGradient(sums) };
    const step = { ...args, learningRate, gradient, weights: theta, step: args.step + t };
    if (adam && moments) {
      const [mean, variance] = [0, theta.rows].map((row) => rowsOf(moments, row, theta.rows));
      adamStep.reference({ ...step, mean, variance });
    } else {
      const velocity = args.momentum === 0 || !moments ? spare : moments;
      sgdStep.reference({ ...step, velocity });
    }
    const { averageFrom = Number.POSITIVE_INFINITY } = args;
    const averaged = args.step + t - averageFrom + 1;
    if (averaged >= 1 && moments) {
      const x = theta;
      const out = rowsOf(moments, moments.rows - theta.rows, theta.rows);
      addScaled.reference({ x, alpha: 1 / averaged, y: undefined, beta: 0, out, keep: 1 - 1 / averaged });
    }
    losses.data.set([sums.loss, sums.weight, 0, sums.faults], ((args.firstSlot + t) % losses.rows) * 4);
  }
}
