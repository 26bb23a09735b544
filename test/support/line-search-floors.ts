/** How far a right line search may be from the truth, from WGSL's accuracy table. */
import { at } from "../../src/ops/host-matrix.js";
import type { LineSearchArguments } from "../../src/ops/line-search.js";
import type { HostMatrix, On } from "../../src/ops/op.js";
import { rowWeightAt, targetAt } from "../../src/ops/targets.js";
import { f32Matrix } from "./op-cases.js";
import { logSumError, mergeSteps, probabilityError, spreadOf, ULP } from "./wgsl-accuracy.js";

/**
 * What each of φ, φ′, φ″ may miss. A moved logit z + t·d is rounded by ½ ULP of at most M, which shifts log S and gaps by as
 * much and probabilities by that share; D = max |d|, R = Σ r·T. φ: log S and moved logits; φ′: Σ p·d with p's error;
 * φ″: Σ p·d² once and (Σ p·d)² twice. Targets 5 ULP; sums down rows and over the rows ½ each, in trees and strides of at
 * most 8 + log₂ + rows/256 terms.
 */
export function lineSearchFloors(args: On<LineSearchArguments, HostMatrix>, step: number): number[] {
  const { logits, direction } = args;
  const { rows, columns } = logits;
  let [largest, longest, weights, gaps] = [0, 0, 0, 0];
  const moved = f32Matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    let [total, distance] = [0, 0];
    const weight = rowWeightAt(args, i, columns);
    for (let j = 0; j < columns; j++) {
      const value = at(logits, i, j) + step * at(direction, i, j);
      moved.data[i * columns + j] = value;
      largest = Math.max(largest, Math.abs(value));
      longest = Math.max(longest, Math.abs(at(direction, i, j)));
      total += targetAt(args, i, j, columns);
      distance += targetAt(args, i, j, columns) * Math.abs(value);
    }
    weights += weight * total;
    gaps += 2 * weight * distance;
  }
  const additions = (13 + mergeSteps(columns) + rows / 256) * ULP;
  const share = probabilityError(columns, spreadOf(moved)) + 2 * largest * ULP + additions;
  return [
    weights * (logSumError(columns) + largest * ULP + Math.log(columns) * additions) + gaps * additions,
    weights * longest * 2 * share,
    weights * longest ** 2 * 3 * share,
  ];
}
