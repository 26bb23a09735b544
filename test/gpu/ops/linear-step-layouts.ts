/** The fused step by a layout of the test's choosing, as hardware would have it, held to float64. */
import type { Engine } from "../../../src/index.js";
import { planFinish } from "../../../src/ops/linear-finish.js";
import { linearGradient } from "../../../src/ops/linear-gradient.js";
import { planStep } from "../../../src/ops/linear-step-launch.js";
import type { LayoutChoice } from "../../../src/ops/linear-step-layout.js";
import { layoutOf } from "../../../src/ops/linear-step-layout.js";
import { expectSameBits } from "../../support/compare.js";
import { asOnHardware, outputsOn } from "../../support/op-cases.js";
import { expectParity, gradientCase, OUTPUTS } from "./linear-gradient-parity.js";
import type { StepCase } from "./linear-step-cases.js";

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
const laidOut = (choice: LayoutChoice): typeof linearGradient =>
  asOnHardware({
    ...linearGradient,
    plan(args, planner) {
      const { x, theta, gradient, loss, mean, l2, penalisedRows } = args;
      const sizes = { rows: args.rows, features: x.columns, classes: theta.columns, rowBytes: 4, software: false };
      const finish = {
        rule: "gradient",
        theta,
        state: gradient,
        secondState: undefined,
        loss,
        lossValue: false,
      } as const;
      planFinish(planStep(args, planner, layoutOf(sizes, choice)), { ...finish, mean, l2, penalisedRows }, planner);
    },
  });

/** Loss and gradient by this layout are those of float64, and the same bits each time. */
export async function expectStep(engine: Engine, choice: LayoutChoice, size: StepCase): Promise<void> {
  const op = laidOut(choice);
  const first = await expectParity(engine, size, op);
  const again = await outputsOn(engine, op, gradientCase(size), OUTPUTS);
  expectSameBits(again.gradient as Float32Array, first.gradient as Float32Array, "gradient, once more");
}
