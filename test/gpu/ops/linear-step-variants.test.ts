/**
 * Every way in which the fused step shares its work out on hardware, on whatever adapter there is: lanes that add up in turns or
 * by subgroups, threads that share rows, blocks that are not full. An adapter that lacks what a
 * variant needs is named in the report as the reason for skipping it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine, type Engine } from "../../../src/index.js";
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

let engine: Engine;
beforeAll(async () => {
  // Made by the engine itself: a device of the caller's has no subgroups unless asked for.
  engine = await createEngine({ device: "webgpu" });
});
afterAll(() => engine.dispose());

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

const usual: LayoutChoice = {
  threads: 64,
  lanes: 4,
  rowQuads: 1,
  featureQuads: 1,
  most: 264,
  mostRowGroups: 16,
  subgroups: false,
};

const VARIANTS: readonly (readonly [name: string, choice: LayoutChoice, size: StepCase])[] = [
  ["in turns", usual, { n: 67, d: 37, k: 10 }],
  ["in turns, blocks of 52 rows of 64", { ...usual, most: 6 }, { n: 300, d: 16, k: 3, format: "u8" }],
  ["threads share rows and own 8 features", { ...usual, featureQuads: 2 }, { n: 130, d: 45, k: 10, format: "u8 − ½" }],
  ["many threads share rows", usual, { n: 131, d: 3, k: 17, taken: 90 }],
  ["several rounds of blocks", { ...usual, most: 2 }, { n: 300, d: 20, k: 5, format: "f16" }],
  ["by subgroups", { ...usual, subgroups: true }, { n: 67, d: 37, k: 10, format: "u8" }],
  ["by subgroups, two groups of classes", { ...usual, subgroups: true }, { n: 70, d: 9, k: 19 }],
  [
    "by subgroups of 8, where they are so large",
    { ...usual, lanes: 8, subgroups: true },
    { n: 67, d: 40, k: 7, taken: 50 },
  ],
];

/** With as many lanes as the adapter's smallest subgroup has threads, where a variant wants more: 4 on SwiftShader, 8 on llvmpipe. */
function suited(choice: LayoutChoice): LayoutChoice {
  if (!choice.subgroups) return choice;
  const least = engine.traits.adapter?.subgroups?.min ?? 0;
  expect(least, "threads in the adapter's smallest subgroup").toBeGreaterThanOrEqual(4);
  return { ...choice, lanes: Math.min(choice.lanes, least) };
}

test.for(VARIANTS)("%s: $2", async ([, choice, size]) => {
  const { rows, columns } = stepArguments(size).theta;
  const args = {
    ...stepArguments(size),
    ...{ mean: true, l2: 0.25, penalisedRows: size.d, dBias: undefined },
    gradient: f32Matrix(rows, columns),
    loss: f32Vector([0, 0, 0, 0]),
  };
  const op = laidOut(suited(choice));
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
});
