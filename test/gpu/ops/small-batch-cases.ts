/** Arguments of many small steps, and how far their results may be from the truth. */
import { at } from "../../../src/ops/host-matrix.js";
import type { LinearSgdStepArguments } from "../../../src/ops/linear-sgd-step.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import type { SmallBatchArguments } from "../../../src/ops/small-batch-arguments.js";
import { rowWeightAt } from "../../../src/ops/targets.js";
import { f32Matrix } from "../../support/op-cases.js";
import { randomValues } from "../../support/random-matrix.js";
import type { StepCase } from "./linear-step-cases.js";
import { stepArguments, stepFloors } from "./linear-step-cases.js";

export interface SmallBatchCase extends StepCase {
  readonly taken: number;
  readonly batchSize: number;
  readonly adam?: boolean;
  readonly nesterov?: boolean;
  readonly momentum?: number;
  /** Every step has a learning rate of its own. */
  readonly cosine?: boolean;
  readonly weightDecay?: number;
  /** The t of the first step whose weights are averaged; the first step's is 3. */
  readonly averageFrom?: number;
}

export const OUTPUTS = { theta: "updated", moments: "updated", losses: "updated" } as const;
const [L2, SLOTS] = [0.125, 16];

/** No more than 1 / L, where the curvature is L ≤ ½·max|x|² + l2: an error of θ is then not magnified by the steps after it. */
function safeRate(x: HostMatrix): number {
  let longest = 0;
  for (let i = 0; i < x.rows; i++) {
    let squares = 1;
    for (let l = 0; l < x.columns; l++) squares += at(x, i, l) ** 2;
    longest = Math.max(longest, squares);
  }
  return Math.fround(Math.min(0.25, 1 / (longest / 2 + L2)));
}

export function smallBatchArguments(size: SmallBatchCase): On<SmallBatchArguments, HostMatrix> {
  const { bias: _, classWeight: __, order, ...rest } = stepArguments(size);
  const { rows, columns } = rest.theta;
  const { adam = false, nesterov = false, momentum = 0, weightDecay = 0, batchSize, averageFrom } = size;
  const state = (seed: number, low: number): Float32Array => randomValues(rows * columns, seed, low, 1);
  const rate = safeRate(rest.x);
  // The last holds for all steps after it.
  const learningRates = size.cosine ? [rate, Math.fround(0.625 * rate), 0.25 * rate] : [rate];
  const kept = [
    ...(adam || momentum > 0 ? [state(1, -1)] : []),
    ...(adam ? [state(2, 0.25)] : []),
    // Forgotten by the first mean, whatever it is; up to then it stays.
    ...(averageFrom === undefined ? [] : [state(3, -1)]),
  ];
  const stack = Float32Array.from(kept.flatMap((part) => [...part]));
  const moments = kept.length > 0 ? f32Matrix(kept.length * rows, columns, stack) : undefined;
  return {
    ...rest,
    order: order as HostMatrix,
    ...{ batchSize, adam, nesterov, momentum, learningRates, l2: L2, penalisedRows: rest.x.columns },
    ...{ moments, weightDecay, averageFrom },
    losses: f32Matrix(SLOTS, 4),
    firstSlot: SLOTS - 2,
    ...{ beta1: 0.9, beta2: 0.75, epsilon: 0.125, step: 3 },
  };
}

/**
 * What each step's gradient is off by, over its batch's weight, moves θ by the rate and what the rule makes of it, and errors add up.
 * Floors of a step are for weights up to 1; logits grow with them, and `reach` is how far the steps can have taken them.
 */
export function smallBatchFloors(args: On<SmallBatchArguments, HostMatrix>): { theta: number; losses: number } {
  const { batchSize, adam, momentum, weightDecay, averageFrom, rows, first, learningRates, order, theta } = args;
  const learningRate = Math.max(...learningRates);
  // v ≥ 0.25·0.75ᵗ and ε = 0.125, and corrections are 4 at most: m̂ / (√v̂ + ε) is 32 m at most, and as steep.
  const growth = learningRate * (adam ? 32 : (1 + momentum) / (1 - momentum));
  let [error, losses, reach] = [0, 0, 1];
  for (let done = 0; done < rows; done += batchSize) {
    const count = Math.min(batchSize, rows - done);
    const batch = { ...args, bias: undefined, classWeight: undefined, first: first + done, rows: count };
    const floors = stepFloors(batch);
    let weight = 0;
    for (let i = 0; i < count; i++) {
      weight += rowWeightAt(batch, order.data[first + done + i] as number, theta.columns);
    }
    losses = Math.max(losses, reach * floors.loss + weight * (args.x.columns + 1) * 2 * error);
    // Weight decay and the mean are some roundings of θ; a mean of θs is off by no more than they are.
    error += (weightDecay > 0 ? 3 : 0) * 2 ** -23 * reach + (averageFrom === undefined ? 0 : 4) * 2 ** -23 * reach;
    error += growth * ((reach * floors.gradient) / weight + 24 * 2 ** -23 * reach);
    // Mean gradients are 1 at most, moments begin below 1.
    reach += growth * (1 + L2 * reach);
  }
  return { theta: error / Math.min(1, growth), losses };
}

/** The same for one fused step of SGD, but for rows and state. */
export function linearArguments(
  args: On<SmallBatchArguments, HostMatrix>,
): Omit<On<LinearSgdStepArguments, HostMatrix>, "theta" | "velocity" | "loss"> {
  const { x, labels, soft, rowWeight, labelSmoothing, ignoreIndex, order, first, rows } = args;
  const { momentum, nesterov, l2, weightDecay, penalisedRows } = args;
  const [learningRate] = args.learningRates;
  return {
    ...{ x, labels, soft, rowWeight, labelSmoothing, ignoreIndex, order, first, rows },
    ...{ learningRate, momentum, nesterov, l2, weightDecay, penalisedRows, bias: undefined, classWeight: undefined },
  };
}
