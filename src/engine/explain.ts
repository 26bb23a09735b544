/** `engine.explain`: which plan a training step takes on this device, why, and what it costs. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";
import { gramPays } from "../ops/gram-plan.js";
import { planOfSparseStep } from "../ops/sparse-step-plan.js";
import type { DeviceTraits, StepPlan, StepQuestion } from "../ops/step-plan.js";
import { describePlan, planOfStep } from "../ops/step-plan.js";

/** The sizes of the linear model that `explain` is asked about. */
export interface ExplainOptions {
  /** n ≥ 1 */
  readonly rows: number;
  /** d ≥ 1 */
  readonly features: number;
  /** k ≥ 1 */
  readonly classes: number;
  /** Element type of the features, `"f32"` unless given. */
  readonly format?: "f32" | "f16" | "u8";
  /** Rows in a step of SGD or Adam; all of them unless given. */
  readonly batchSize?: number;
  /** How many values X stores, where it is sparse; 0 … rows · features. */
  readonly nonzeros?: number;
  /** The option of the model, > 0: a step's gradient is cut to a length then, whichever it is. */
  readonly clipNorm?: number;
}

/** A plan, and what it costs by its own accounting. */
export interface Explanation extends StepPlan {
  /** The device that the plan is for. */
  readonly device: "webgpu" | "cpu";
  /** What L-BFGS begins its directions with where the model's option `preconditioner` is `"auto"`. */
  readonly preconditioner: "means" | "gram";
  /** All of it in sentences. */
  readonly text: string;
}

function questionOf(options: ExplainOptions): StepQuestion {
  const known = ["rows", "features", "classes", "format", "batchSize", "nonzeros", "clipNorm"];
  requireKnownOptions(options, known, "explain");
  const { rows, features, classes, format = "f32", batchSize = rows, clipNorm } = options;
  for (const [name, value] of Object.entries({ rows, features, classes, batchSize })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new OptionError(
      "BAD_OPTION",
      `explain: ${name} is out of range: expected a positive integer, got ${describeValue(value)}.`,
    );
  }
  if (format !== "f32" && format !== "f16" && format !== "u8") {
    throw new OptionError(
      "BAD_OPTION",
      `explain: unknown format: expected "f32", "f16" or "u8", got ${describeValue(format)}.`,
    );
  }
  if (clipNorm !== undefined && !(Number.isFinite(clipNorm) && clipNorm > 0)) {
    throw new OptionError(
      "BAD_OPTION",
      `explain: clipNorm is out of range: expected a finite number > 0, got ${describeValue(clipNorm)}.`,
    );
  }
  return { rows, features, classes, format, batchSize, clipped: clipNorm !== undefined };
}

function checkNonzeros({ nonzeros, rows, features, format = "f32" }: ExplainOptions): void {
  const fits = Number.isSafeInteger(nonzeros) && Number(nonzeros) >= 0 && Number(nonzeros) <= rows * features;
  if (fits && format === "f32") return;
  throw new OptionError(
    "BAD_OPTION",
    `explain: nonzeros cannot be used: expected an integer of 0 … ${rows * features} with format "f32", got ` +
      `${describeValue(nonzeros)} with ${describeValue(format)}.`,
  );
}

const GRAM =
  " L-BFGS goes by the Gram matrix of some rows from its ninth iteration on, unless l2 evens the curvature out: it saves more passes than it costs.";

export function explainOn(traits: DeviceTraits, options: ExplainOptions): Explanation {
  const question = questionOf(options);
  const { nonzeros } = options;
  if (nonzeros !== undefined) checkNonzeros(options);
  const plan =
    nonzeros === undefined ? planOfStep(question, traits) : planOfSparseStep({ ...question, nonzeros }, traits);
  const { rows, features: columns, classes } = question;
  const isGram = nonzeros === undefined && gramPays({ rows, columns, classes }, traits);
  const text = `${describePlan(question, plan)}${isGram ? GRAM : ""}`;
  return { device: traits.device, ...plan, preconditioner: isGram ? "gram" : "means", text };
}
