/** Arguments of the fused step, and how far its results may be from the truth. */

import { toHalf } from "../../../src/half-float.js";
import { hostMatrix } from "../../../src/ops/host-matrix.js";
import type { LinearStepArguments } from "../../../src/ops/linear-step.js";
import type { HostMatrix, On } from "../../../src/ops/op.js";
import { rowWeightAt, targetAt } from "../../../src/ops/targets.js";
import { Random } from "../../../src/random.js";
import { f32Matrix, i32Vector } from "../../support/op-cases.js";
import { randomBytes, randomValues } from "../../support/random-matrix.js";
import type { TargetOptions } from "../../support/target-cases.js";
import { targetsFor } from "../../support/target-cases.js";
import { logSumError, probabilityError, ULP } from "../../support/wgsl-accuracy.js";

export interface StepCase {
  readonly n: number;
  readonly d: number;
  readonly k: number;
  readonly format?: "f32" | "f16" | "u8" | "u8 − ½";
  readonly intercept?: boolean;
  /** Rows of an order, some of them twice. */
  readonly taken?: number;
  readonly targets?: TargetOptions;
}

/** |x| ≤ 1, also of what the bytes stand for. */
function featuresOf({ n, d, format = "f32" }: StepCase): HostMatrix {
  if (format === "f32") return f32Matrix(n, d, randomValues(n * d, n + d));
  if (format === "f16") return hostMatrix(Uint16Array.from(randomValues(n * d, n + d), toHalf), n, d);
  return hostMatrix(randomBytes(n * d, n + d), n, d, Math.fround(1 / 255), format === "u8" ? 0 : -0.5);
}

export function stepArguments(size: StepCase): On<LinearStepArguments, HostMatrix> {
  const { n, d, k, intercept = true, taken } = size;
  const random = new Random(n + 7 * d + k);
  return {
    x: featuresOf(size),
    theta: f32Matrix(d + Number(intercept), k, randomValues((d + Number(intercept)) * k, d + 3 * k)),
    bias: undefined,
    order: taken === undefined ? undefined : i32Vector(Array.from({ length: taken + 3 }, () => random.integer(n))),
    first: taken === undefined ? 0 : 3,
    rows: taken ?? n,
    ...targetsFor({ rows: n, columns: k }, size.targets),
  };
}

/** The rows that count, one after the other. */
const rowsOf = ({ order, first, rows }: On<LinearStepArguments, HostMatrix>): number[] =>
  Array.from({ length: rows }, (_, i) => (order ? (order.data[first + i] as number) : i));

/**
 * Logits: |x|, |w|, |b| ≤ 1, so d products and sums of at most d + 1, off by `shift` = (d + 2)(d + 1) ULP at the most, and
 * spread over at most 2(d + 1). dZ off by p's own error and by twice the shift of its logits; sums over m rows by m roundings
 * more, of values whose magnitudes add up to Σ r·(T·p + t)·|x|.
 */
export function stepFloors(args: On<LinearStepArguments, HostMatrix>): {
  loss: number;
  gradient: number;
  weight: number;
} {
  const [d, k] = [args.x.columns, args.theta.columns];
  const shift = (d + 2) * (d + 1) * ULP;
  let weight = 0;
  let total = 0;
  for (const row of rowsOf(args)) {
    const r = rowWeightAt(args, row, k);
    const label = args.labels?.data[row];
    weight += r * (label !== undefined && args.classWeight && r > 0 ? (args.classWeight.data[label] as number) : 1);
    for (let j = 0; j < k; j++) total += r * targetAt(args, row, j, k);
  }
  const spread = 2 * (d + 1);
  const share = probabilityError(k, spread) + 2 * shift + (12 + args.rows) * ULP;
  const each = logSumError(k) + shift + (20 + args.rows + k) * ULP * (spread + Math.log(k) + 1);
  return { loss: total * each, gradient: 2 * total * share, weight: weight * args.rows * ULP };
}
