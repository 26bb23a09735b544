/** Fits one model to the training digits, and tells how far it is. */
import { type Engine, type FitProgress, type FitReport, SoftmaxRegression } from "../src/index.js";
import { type DigitSet, digitClasses, type Mnist, pixelScale, pixelsPerDigit } from "./dataset.js";
import { indexOfLargest } from "./probability-bars.js";
import type { TrainingSettings } from "./settings.js";

/** The digits as the library takes them: bytes stay bytes, the scale is applied on the device. */
interface PixelMatrix {
  readonly data: Uint8Array;
  readonly shape: [number, number];
  readonly scale: number;
}

export interface TrainingTask {
  readonly mnist: Mnist;
  readonly settings: TrainingSettings;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: FitProgress) => void;
}

/** A model with the solver and the penalty of these settings, not fitted yet. */
export function newModel(engine: Engine, settings: TrainingSettings): SoftmaxRegression {
  const { solver, l2, seed } = settings;
  if (solver === "lbfgs")
    return new SoftmaxRegression({ engine, solver, l2, seed, maxIterations: settings.iterations });
  const { epochs, rate: learningRate, batch: batchSize, momentum } = settings;
  const minibatch = { engine, solver, l2, seed, epochs, learningRate, batchSize };
  return new SoftmaxRegression(solver === "sgd" ? { ...minibatch, momentum } : minibatch);
}

/** Fits the model. Resolves with undefined when it was stopped through `signal`: the weights so far are then in use. */
export async function train(model: SoftmaxRegression, task: TrainingTask): Promise<FitReport | undefined> {
  const { mnist, settings, signal, onProgress } = task;
  const rows = Math.min(settings.rows, mnist.train.count);
  try {
    return await model.fit(matrixOf(mnist.train, rows), mnist.train.labels.subarray(0, rows), {
      validation: { x: matrixOf(mnist.test), y: mnist.test.labels },
      signal,
      onProgress,
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

export interface Reading {
  /** What each digit is read as [count]. */
  readonly digits: Uint8Array;
  /** How sure the model is of it [count], 0..1. */
  readonly confidence: Float32Array;
}

/** What the model reads every digit of a set as. */
export async function readDigits(model: SoftmaxRegression, set: DigitSet): Promise<Reading> {
  const { data } = await model.predictProba(matrixOf(set));
  const digits = new Uint8Array(set.count);
  const confidence = new Float32Array(set.count);
  for (let row = 0; row < set.count; row++) {
    const probabilities = data.subarray(row * digitClasses, (row + 1) * digitClasses);
    const best = indexOfLargest(probabilities);
    digits[row] = best;
    confidence[row] = probabilities[best] as number;
  }
  return { digits, confidence };
}

/** The share of a set's digits that are read right. */
export function accuracyOf({ digits }: Reading, set: DigitSet): number {
  let right = 0;
  for (let row = 0; row < set.count; row++) right += Number(digits[row] === set.labels[row]);
  return right / set.count;
}

function matrixOf(set: DigitSet, rows: number = set.count): PixelMatrix {
  return {
    data: set.pixels.subarray(0, rows * pixelsPerDigit),
    shape: [rows, pixelsPerDigit],
    scale: pixelScale,
  };
}
