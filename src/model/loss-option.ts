/** Whether a value can be the option `loss`. Types of the losses only, which are loaded when a fit needs them. */
import type { LossOption } from "../losses/loss-option.js";
import type { Forms } from "./tagged-option.js";
import { isTagged, oneOf, optional, positive } from "./tagged-option.js";

const LOSSES: Forms = {
  "cross-entropy": {},
  squared: { on: optional(oneOf("scores", "probabilities")) },
  margin: { delta: optional(positive), power: optional(oneOf(1, 2)), form: optional(oneOf("sum", "max")) },
  absolute: {},
};

export const isLoss = (value: unknown): value is LossOption =>
  typeof value === "string" ? Object.hasOwn(LOSSES, value) : isTagged(value, "name", LOSSES);
