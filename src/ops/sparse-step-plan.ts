/** How a linear model is evaluated and stepped on sparse rows, and what that costs: by separate ops that go by what is stored. */
import type { DeviceTraits, StepPlan, StepQuestion } from "./step-plan.js";
import { cutLaunches, ONE_BY_ONE } from "./step-plan.js";

export interface SparseStepQuestion extends StepQuestion {
  /** Values that X stores. */
  readonly nonzeros: number;
}

/** A value in f32, and where it stands. */
const VALUE_BYTES = 8;

export function planOfSparseStep(question: SparseStepQuestion, traits: DeviceTraits): StepPlan {
  const { rows, features, classes, nonzeros } = question;
  const classBytes = Math.ceil(classes / 4) * 16;
  const bindings = Math.max(1, Math.ceil((4 * (nonzeros + rows)) / traits.bindingBytes));
  const filled = Math.min(features, nonzeros) + 1;
  const featureBytes = VALUE_BYTES * (2 * nonzeros + rows) + 4 * (rows + 2 * filled);
  return {
    name: "sparse",
    reason: `X is sparse: both of its products go by the ${nonzeros} values that it stores, rather than by ${rows} × ${features}`,
    ...{
      workgroups: undefined,
      rowsPerBlock: undefined,
      forwardParts: 1,
      threads: undefined,
      lanes: undefined,
      bindings,
    },
    // The rows are picked by the host, many steps ahead. Gather labels, product, loss, its sum, zeros, product, update.
    dispatchesPerStep: 7 + cutLaunches(question, traits),
    ...ONE_BY_ONE,
    // Product, loss, its sum, zeros, product; long, middling and short columns are launches of their own where there are any.
    dispatchesPerEvaluation: 3 + 2 * bindings,
    featureBytes,
    // A row of W for each value, and a row of the logits' gradient; logits and gradient written and read; labels, losses.
    bytesMoved: featureBytes + 2 * nonzeros * classBytes + 4 * rows * classBytes + 12 * rows + 2 * filled * classBytes,
    operations: 4 * nonzeros * classes,
  };
}
