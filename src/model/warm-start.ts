/** Whether a fit may begin where the last one ended. */

import { listClasses } from "../data/classes.js";
import { LabelError } from "../errors.js";
import type { Fitted } from "./fitted.js";
import { requireFeatures } from "./prediction.js";
import type { CheckedData } from "./training-data.js";

/** W then b of the last fit, row by row. @throws ShapeError, LabelError when it had other features or classes */
export function warmStartFrom(last: Fitted, data: CheckedData, where = "fit"): Float32Array {
  requireFeatures(where, data.x, last.features);
  const { classes } = data.y;
  if (classes.length !== last.classes.length || classes.some((label, i) => label !== last.classes[i])) {
    throw new LabelError(
      "BAD_LABEL",
      `${where}: a warm start needs the classes of the last fit: expected ${listClasses(last.classes)}, got ${listClasses(classes)}. ` +
        "Declare `classes` when the rows may lack some, or use a new model.",
    );
  }
  return last.theta;
}
