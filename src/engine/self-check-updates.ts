/** What the self-check runs of SGD and Adam: steps by a gradient, clipped ones, the fused steps, and many of them in one launch. */
import { adamStep } from "../ops/adam-step.js";
import { clipGradient } from "../ops/clip-gradient.js";
import { linearAdamStep } from "../ops/linear-adam-step.js";
import { linearSgdStep } from "../ops/linear-sgd-step.js";
import type { HostMatrix } from "../ops/op.js";
import { sgdStep } from "../ops/sgd-step.js";
import { smallBatchSteps } from "../ops/small-batch-steps.js";
import type { AddCase } from "./self-check-solver.js";

type Make = (rows: number, columns: number, low?: number, high?: number) => HostMatrix;

export interface UpdateMakers {
  readonly floats: Make;
  readonly bytes: Make;
  readonly integers: (count: number, below: number) => HostMatrix;
  readonly blank: Make;
}

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-6, step: 3 };
const RATES = { learningRate: 0.1, l2: 0.01, weightDecay: 0.1, penalisedRows: 9 };
const NESTEROV = { momentum: 0.9, nesterov: true };

export function updateCases(
  add: AddCase,
  make: UpdateMakers & {
    /** Roundings of a few operations, of a sum of so many terms, and of a fused step. */
    readonly elementwise: number;
    readonly sumOf: (terms: number) => number;
    readonly fused: number;
    readonly targets: {
      readonly classWeight: undefined;
      readonly rowWeight: undefined;
      readonly labelSmoothing: number;
      readonly ignoreIndex: number;
    };
  },
): void {
  const { floats, bytes, integers, blank, elementwise, sumOf, fused } = make;
  const gradient = floats(10, 7);
  for (const nesterov of [false, true]) {
    const state = { gradient, velocity: floats(10, 7), weights: floats(10, 7), momentum: 0.9, nesterov };
    add(sgdStep, nesterov ? "10×7, Nesterov" : "10×7", { ...RATES, ...state }, elementwise);
  }
  const adamMoments = { mean: floats(10, 7), variance: floats(10, 7, 0.1, 1), weights: floats(10, 7) };
  add(adamStep, "10×7", { ...RATES, ...ADAM, ...adamMoments, gradient }, elementwise);
  for (const rows of [10, 2400]) {
    const clipped = {
      gradient: floats(rows, 7),
      weights: floats(rows, 7),
      l2: 0.01,
      penalisedRows: rows - 1,
      limit: 0.5,
    };
    add(clipGradient, `${rows}×7`, clipped, sumOf(rows * 7));
  }

  const targets = { ...make.targets, labels: integers(67, 7), soft: undefined };
  const some = { ...targets, order: integers(40, 67), first: 5, rows: 35, bias: undefined };
  const rates = { ...RATES, loss: blank(1, 4) };
  const velocity = { theta: floats(10, 7), velocity: floats(10, 7) };
  add(linearSgdStep, "35 of 67×9×7, Nesterov", { ...some, ...rates, ...NESTEROV, ...velocity, x: bytes(67, 9) }, fused);
  const moments = { theta: floats(10, 7), mean: floats(10, 7), variance: floats(10, 7, 0.1, 1) };
  add(linearAdamStep, "35 of 67×9×7", { ...some, ...rates, ...moments, ...ADAM, x: floats(67, 9) }, fused);

  const order = { order: integers(40, 67), first: 5, rows: 35, batchSize: 8 };
  const ring = { losses: blank(5, 4), firstSlot: 3, learningRates: [0.125, 0.0625, 0.09375] };
  const small = { ...targets, ...order, ...ring, ...RATES, ...NESTEROV, ...ADAM };
  const one = { theta: floats(10, 7), moments: floats(10, 7), adam: false, averageFrom: undefined };
  // The mean of the weights after the last four of them stands below m and v.
  const both = { theta: floats(10, 7), moments: floats(30, 7, 0.1, 1), adam: true, averageFrom: 4 };
  // Five steps, each of which adds its error.
  add(smallBatchSteps, "5 steps of 8 of 67×9×7, Nesterov", { ...small, ...one, x: bytes(67, 9) }, 5 * fused);
  add(smallBatchSteps, "5 steps of 8 of 67×9×7, Adam", { ...small, ...both, x: floats(67, 9) }, 5 * fused);
}
