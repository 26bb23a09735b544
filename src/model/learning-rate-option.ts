/** Whether a value can be the option `learningRate`. Types of the solvers only, which are loaded when a fit needs them. */
import type { LearningRateSchedule } from "../solvers/learning-rate.js";
import type { Forms, Range } from "./tagged-option.js";
import { isTagged, optional, positive } from "./tagged-option.js";

const notNegative: Range = (value) => value === 0 || positive(value);

const SCHEDULES: Forms = {
  step: {
    initial: positive,
    factor: (value) => positive(value) && (value as number) <= 1,
    every: (value) => Number.isSafeInteger(value) && positive(value),
  },
  cosine: { initial: positive, final: optional(notNegative) },
  "inverse-time": { initial: positive, decay: notNegative },
};

export function isLearningRate(value: unknown): value is number | LearningRateSchedule {
  if (typeof value === "number") return positive(value);
  return typeof value === "function" || isTagged(value, "schedule", SCHEDULES);
}
