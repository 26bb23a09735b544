/**
 * Models from other libraries' files. Functions of their own rather than members of the class, so that a bundler leaves out
 * the formats that a page does not use.
 */

import { declaredClasses, type Label } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import type { FileBytes } from "../data/file-bytes.js";
import { OptionError, ShapeError } from "../errors.js";
import { readSafetensors } from "../formats/safetensors.js";
import { readSklearn, type SklearnParameters } from "../formats/sklearn.js";
import type { SoftmaxRegressionOptions } from "./model-options.js";
import { SoftmaxRegression } from "./softmax-regression.js";

/** Where in the file the layer is, its classes, and the options of the model. */
export interface FromSafetensorsOptions extends SoftmaxRegressionOptions {
  /** What the names of the layer's two tensors begin with, such as `"classifier."`. Default none: `weight` and `bias`. */
  readonly prefix?: string;
  /** The classes in the order of the rows of `weight`, for a file that does not name them; 0 … k − 1 unless given. */
  readonly classes?: readonly Label[];
}

/**
 * `P = softmax(x · weightᵀ + bias)` from a safetensors file: one that `toSafetensors` wrote, or any with a linear layer `weight` [k×d] and
 * `bias` [k] (zeros where it is missing) in F32, F16, BF16 or F64, as PyTorch saves a `torch.nn.Linear(d, k)`. Other options are the model's, and
 * go before those that the file has.
 *
 * @throws FormatError with a code for each fault of the file, before memory is taken for what it claims to hold; DataError for what is
 *   no file; OptionError; LabelError ONE_CLASS; ShapeError for other classes than rows
 */
export function fromSafetensors(file: FileBytes, options: FromSafetensorsOptions = {}): SoftmaxRegression {
  requireObject(options, "fromSafetensors: options are none");
  const { prefix = "", ...modelOptions } = options;
  if (typeof prefix !== "string") {
    throw new OptionError(
      "BAD_OPTION",
      `fromSafetensors: option \`prefix\` cannot be used: expected a string, got ${describeValue(prefix)}.`,
    );
  }
  const classes = inOrder(modelOptions.classes, "fromSafetensors");
  const layer = { prefix, ...(classes && { classes }) };
  const content = readSafetensors(file, layer, wrongClasses("fromSafetensors", classes));
  return SoftmaxRegression.fromContent(content, modelOptions, "fromSafetensors");
}

/**
 * The model with the same probabilities as scikit-learn's `LogisticRegression` with these `coef_` [k×d], `intercept_` and `classes_`;
 * [1×d] for two classes. In Python: `json.dumps({"coef": m.coef_.tolist(), "intercept": m.intercept_.tolist(),
 * "classes": m.classes_.tolist()})`. More than two classes must have been fitted together (`multi_class="multinomial"`, since
 * scikit-learn 1.5 always), not one against the rest.
 *
 * @throws ShapeError, DataError, OptionError, LabelError ONE_CLASS
 */
export function fromSklearn(parameters: SklearnParameters, options: SoftmaxRegressionOptions = {}): SoftmaxRegression {
  requireObject(parameters, "fromSklearn: parameters are none");
  const classes = inOrder(parameters.classes, "fromSklearn");
  const given = { ...parameters, ...(classes && { classes }) };
  return SoftmaxRegression.fromContent(
    readSklearn(given, wrongClasses("fromSklearn", classes)),
    options,
    "fromSklearn",
  );
}

function requireObject(given: unknown, what: string): void {
  if (typeof given === "object" && given !== null) return;
  throw new OptionError("BAD_OPTION", `${what}: expected an object, got ${describeValue(given)}.`);
}

/** A copy of the classes in their order, which have been checked. Throws OptionError, LabelError. */
function inOrder(classes: readonly Label[] | undefined, where: string): readonly Label[] | undefined {
  if (classes === undefined) return undefined;
  declaredClasses(classes, where);
  return [...classes];
}

const wrongClasses =
  (where: string, classes: readonly Label[] | undefined) =>
  (rows: number): ShapeError =>
    new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: there are not as many classes as the layer has: expected ${rows}, got ${classes?.length ?? 0}.`,
    );
