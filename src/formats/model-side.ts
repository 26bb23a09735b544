/** Whether what is to be written to a file is a model. Imports errors, data and types. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import type { FittedModel } from "./fitted-model.js";

/** @throws OptionError BAD_OPTION for what is no model; whatever reading one throws, as a NotFittedError of its own */
export function requireModel(model: FittedModel, where: string): void {
  const given: unknown = model;
  const { coef, intercept, classes }: Partial<FittedModel> = typeof given === "object" && given !== null ? given : {};
  const [d, k] = Array.isArray(coef?.shape) ? coef.shape : [0, 0];
  const sizes = [coef?.data?.length, intercept?.length, Array.isArray(classes) ? classes.length : undefined];
  if (d > 0 && k > 1 && sizes[0] === d * k && sizes[1] === k && sizes[2] === k) return;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: the model is none: expected a SoftmaxRegression that has been fitted, or its coef, intercept and classes, got ${describeValue(given)}.`,
  );
}
