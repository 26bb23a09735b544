/** Whether a fit may begin where the last one ended. */

import { listClasses } from "../data/classes.js";
import { LabelError, OptionError } from "../errors.js";
import type { Fitted } from "./fitted.js";
import { interceptOf } from "./fitted.js";
import type { ModelOptions } from "./model-options.js";
import { requireFeatures } from "./prediction.js";
import type { CheckedData } from "./training-data.js";

/**
 * W then b of the last fit, row by row.
 * @throws ShapeError, LabelError when it had other features or classes; OptionError when it has an intercept that this one would drop
 */
export function warmStartFrom(
  last: Fitted,
  data: CheckedData,
  { fitIntercept, standardize }: Pick<ModelOptions, "fitIntercept" | "standardize">,
  where = "fit",
): Float32Array {
  requireFeatures(where, data.x, last.features);
  const { classes } = data.y;
  if (classes.length !== last.classes.length || classes.some((label, i) => label !== last.classes[i])) {
    throw new LabelError(
      "BAD_LABEL",
      `${where}: a warm start needs the classes of the last fit: expected ${listClasses(last.classes)}, got ${listClasses(classes)}. ` +
        "Declare `classes` when the rows may lack some, or use a new model.",
    );
  }
  // Scaled columns have one of their own without being asked: −μᵀW, which is made anew of W.
  if (!fitIntercept && standardize === false && interceptOf(last).some((b) => b !== 0)) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`fitIntercept\` is false, and the model that this begins from has an intercept: expected true, or an intercept of zeros. ` +
        "Load it with fitIntercept: true, or begin anew with a new model.",
    );
  }
  return last.theta;
}
