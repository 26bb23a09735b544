/** Targets in the form that a loss takes: a margin is that of one class. */
import { LabelError } from "../errors.js";
import type { LossChoice } from "../losses/loss-option.js";
import type { EncodedLabels } from "./labels.js";

/**
 * What was given; for a margin labels in place of one-hot targets.
 * @throws LabelError BAD_LABEL for a target between classes and a loss that takes none
 */
export function targetsFor({ name }: LossChoice, y: EncodedLabels, where: string): EncodedLabels {
  if (name !== "margin" || y.kind === "labels") return y;
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
  return { kind: "labels", classes, indices };
}
