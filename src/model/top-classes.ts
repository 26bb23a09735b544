/** The most probable classes of each row, most probable first; equal ones in the order of the classes. */
import { describeValue } from "../data/describe-value.js";
import { OptionError } from "../errors.js";
import type { Label } from "./labels.js";

/** Throws OptionError BAD_OPTION unless `count` is a number of classes to name. */
export function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new OptionError(
    "BAD_OPTION",
    `predictTopK: count is out of range: expected an integer ≥ 1, got ${describeValue(count)}.`,
  );
}

export function topClasses(
  probabilities: Float32Array,
  [rows, columns]: readonly [number, number],
  count: number,
  classes: readonly Label[],
): { label: Label; probability: number }[][] {
  return Array.from({ length: rows }, (_, row) => {
    const own = probabilities.subarray(row * columns, (row + 1) * columns);
    const order = Array.from({ length: columns }, (_, j) => j).sort((a, b) => own[b] - own[a] || a - b);
    return order.slice(0, count).map((j) => ({ label: classes[j], probability: own[j] }));
  });
}
