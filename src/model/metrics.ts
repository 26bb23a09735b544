/** How good predictions are, summed in float64 in the order of the rows. Imports errors only. */
import { ShapeError } from "../errors.js";

/**
 * Accuracy `Σᵢ wᵢ [predictedᵢ = targetᵢ] / Σᵢ wᵢ`, in [0, 1]: the share of rows whose class was predicted right.
 *
 * `predicted [n]` and `target [n]` are class indices, `weights [n]` are 0 or more, 1 each unless given.
 * NaN for no rows or no weight. Throws ShapeError SHAPE_MISMATCH when the lengths differ.
 */
export function accuracy(predicted: ArrayLike<number>, target: ArrayLike<number>, weights?: ArrayLike<number>): number {
  requireLength("accuracy", "predicted", target.length, predicted.length);
  if (weights !== undefined) requireLength("accuracy", "weights", target.length, weights.length);
  let right = 0;
  let total = 0;
  for (let row = 0; row < target.length; row++) {
    const weight = weights === undefined ? 1 : weights[row];
    if (predicted[row] === target[row]) right += weight;
    total += weight;
  }
  return right / total;
}

/**
 * Log loss `−Σᵢ wᵢ log P[i, targetᵢ] / Σᵢ wᵢ` in nats, 0 or more: how surprised the probabilities are by the targets.
 *
 * `probabilities [n×k]` row-major, `target [n]` class indices in 0 … k − 1, `weights [n]` are 0 or more, 1 each unless given.
 * Infinity where a row that counts gave its class probability 0: nothing is clipped. NaN for no rows or no weight.
 * Throws ShapeError SHAPE_MISMATCH when the lengths differ.
 */
export function logLoss(
  probabilities: ArrayLike<number>,
  classCount: number,
  target: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  requireLength("logLoss", "probabilities", target.length * classCount, probabilities.length);
  if (weights !== undefined) requireLength("logLoss", "weights", target.length, weights.length);
  let surprise = 0;
  let total = 0;
  for (let row = 0; row < target.length; row++) {
    const weight = weights === undefined ? 1 : weights[row];
    // A row that does not count must not turn an infinite surprise into NaN.
    if (weight === 0) continue;
    surprise -= weight * Math.log(probabilities[row * classCount + target[row]]);
    total += weight;
  }
  return surprise / total;
}

function requireLength(where: string, name: string, expected: number, got: number): void {
  if (expected === got) return;
  throw new ShapeError("SHAPE_MISMATCH", `${where}: ${name} has another length: expected ${expected}, got ${got}.`);
}
