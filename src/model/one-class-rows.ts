/** Rows for a loss that knows one class a row. */
import { LabelError } from "../errors.js";
import type { CheckedRows } from "./training-data.js";

/**
 * The rows with labels in place of one-hot targets.
 * @throws LabelError BAD_LABEL for a target between classes
 */
export function oneClassRows<Rows extends CheckedRows>(rows: Rows, where: string): Rows {
  const { y } = rows;
  if (y.kind === "labels") return rows;
  const { classes, targets } = y;
  const indices = new Int32Array(targets.length / classes.length).fill(-1);
  targets.forEach((target, e) => {
    const row = Math.floor(e / classes.length);
    if (target === 1) indices[row] = e % classes.length;
    else if (target !== 0) {
      throw new LabelError(
        "BAD_LABEL",
        `${where}: y has no single class at row ${row}: expected targets of 0 and 1 for loss "margin", got ${target}. ` +
          'Give labels, or use loss "cross-entropy".',
      );
    }
  });
  return { ...rows, y: { kind: "labels", classes, indices } };
}
