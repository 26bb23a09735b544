/** The fused step by a layout of the test's choosing, as hardware would have it, held to float64. */
import { expect } from "vitest";
import type { Engine } from "../../../src/index.js";
import { planFinish } from "../../../src/ops/linear-finish.js";
import { linearGradient } from "../../../src/ops/linear-gradient.js";
import { planStep } from "../../../src/ops/linear-step.js";
import type { LayoutChoice } from "../../../src/ops/linear-step-layout.js";
import { layoutOf } from "../../../src/ops/linear-step-layout.js";
import type { Planner } from "../../../src/ops/op.js";
import { expectClose, expectSameBits } from "../../support/compare.js";
import { f32Matrix, f32Vector, outputsOn, referenceOf } from "../../support/op-cases.js";
import { type StepCase, stepArguments, stepFloors } from "./linear-step-cases.js";

const OUTPUTS = { gradient: "written", loss: "written" } as const;

/** What the layouts of the tests have in common. */
export const usual: LayoutChoice = {
  threads: 64,
  lanes: 4,
  rowQuads: 1,
  featureQuads: 1,
  most: 264,
  mostRowGroups: 16,
  subgroups: false,
};

/** A name, a layout and the size of step that it is tried on. */
export type Variant = readonly [name: string, choice: LayoutChoice, size: StepCase];

/** The gradient by a layout of the test's choosing. */
const laidOut = (choice: LayoutChoice): typeof linearGradient => ({
  ...linearGradient,
  plan(args, planner) {
    const { x, theta, gradient, loss, mean, l2, penalisedRows } = args;
    const sizes = { rows: args.rows, features: x.columns, classes: theta.columns, rowBytes: 4, software: false };
    const hardware: Planner = {
      workPerDispatch: planner.workPerDispatch,
      software: false,
      scratch: (rows, columns) => planner.scratch(rows, columns),
      dispatch: (dispatch) => planner.dispatch(dispatch),
    };
    const finish = {
      rule: "gradient",
      theta,
      state: gradient,
      secondState: undefined,
      loss,
      lossValue: false,
    } as const;
    planFinish(planStep(args, hardware, layoutOf(sizes, choice)), { ...finish, mean, l2, penalisedRows }, hardware);
  },
});

/** Loss and gradient by this layout are those of float64, and the same bits each time. */
export async function expectStep(engine: Engine, choice: LayoutChoice, size: StepCase): Promise<void> {
  const { rows, columns } = stepArguments(size).theta;
  const args = {
    ...stepArguments(size),
    ...{ mean: true, l2: 0.25, penalisedRows: size.d, dBias: undefined },
    gradient: f32Matrix(rows, columns),
    loss: f32Vector([0, 0, 0, 0]),
  };
  const op = laidOut(choice);
  const truth = referenceOf(linearGradient, args, OUTPUTS);
  const got = await outputsOn(engine, op, args, OUTPUTS);
  const floors = stepFloors(args);
  const [sum, weight, , faults] = truth.loss as Float64Array;
  const [gotSum, gotWeight, , gotFaults] = got.loss as Float32Array;
  expectClose([gotSum], [sum], { floor: floors.loss, label: "loss" });
  expectClose([gotWeight], [weight], { floor: floors.weight, label: "weight" });
  expect([faults, gotFaults]).toEqual([0, 0]);
  // Divided by the weight; the penalty's product and sum are rounded once each.
  const floor = floors.gradient / weight + 2 ** -22;
  expectClose(got.gradient as Float32Array, truth.gradient as Float64Array, { floor, label: "gradient" });
  const again = await outputsOn(engine, op, args, OUTPUTS);
  expectSameBits(again.gradient as Float32Array, got.gradient as Float32Array, "gradient, once more");
}
