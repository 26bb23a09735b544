/** Loss and gradient of the fused step against float64. */

import { expect } from "vitest";
import type { Engine } from "../../../src/index.js";
import type { LinearGradientArguments } from "../../../src/ops/linear-gradient.js";
import { linearGradient } from "../../../src/ops/linear-gradient.js";
import type { HostArray, HostMatrix, On } from "../../../src/ops/op.js";
import { expectClose } from "../../support/compare.js";
import { f32Matrix, f32Vector, outputsOn, referenceOf } from "../../support/op-cases.js";
import { type StepCase, stepArguments, stepFloors } from "./linear-step-cases.js";

/** What the op writes. */
export const OUTPUTS = { gradient: "written", loss: "written" } as const;

/** The op's arguments: a mean with a penalty. What is to be written holds something else. */
export function gradientCase(size: StepCase): On<LinearGradientArguments, HostMatrix> {
  const args = stepArguments(size);
  const { rows, columns } = args.theta;
  return {
    ...args,
    ...{ mean: true, l2: 0.25, penalisedRows: size.d, dBias: undefined },
    gradient: f32Matrix(rows, columns, new Float32Array(rows * columns).fill(7)),
    loss: f32Vector([7, 7, 7, 7]),
  };
}

/** What the op wrote, wherever it ran, is what float64 gives. */
export function expectGradient(
  got: Readonly<Record<string, HostArray>>,
  args: On<LinearGradientArguments, HostMatrix>,
  label: string,
): void {
  const truth = referenceOf(linearGradient, args, OUTPUTS);
  const floors = stepFloors(args);
  const [sum, weight, , faults] = truth.loss as Float64Array;
  const [gotSum, gotWeight, , gotFaults] = got.loss as Float32Array;
  expectClose([gotSum], [sum], { floor: floors.loss, label: `loss, ${label}` });
  expectClose([gotWeight], [weight], { floor: floors.weight, label: `weight, ${label}` });
  expect([faults, gotFaults], label).toEqual([0, 0]);
  // Divided by the weight; the penalty's product and sum are rounded once each.
  const floor = weight === 0 ? 2 ** -24 : floors.gradient / weight + 2 ** -22;
  expectClose(got.gradient as Float32Array, truth.gradient as Float64Array, { floor, label: `gradient, ${label}` });
}

/** The op, or one that plans it in another way, gives what float64 does; what it gave. */
export async function expectParity(
  engine: Engine,
  size: StepCase,
  op: typeof linearGradient = linearGradient,
): Promise<Readonly<Record<string, HostArray>>> {
  const args = gradientCase(size);
  const got = await outputsOn(engine, op, args, OUTPUTS);
  expectGradient(got, args, JSON.stringify(size));
  return got;
}
