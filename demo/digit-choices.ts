/** Which test digits the page offers to press: one of each, and those that the model misreads. */
import { type DigitSet, digitClasses, digitPixels } from "./dataset.js";
import type { PickableDigit } from "./digit-strip.js";
import { percentText } from "./number-text.js";
import type { Reading } from "./training.js";

/** The `turn`-th test digit of each class, 0 to 9; starts over when they are used up. */
export function oneOfEach(set: DigitSet, turn: number): PickableDigit[] {
  return Array.from({ length: digitClasses }, (_, digit) => {
    const rows = rowsLabelled(set, digit);
    const row = rows[turn % rows.length] as number;
    return { pixels: digitPixels(set, row), caption: "", description: `Test digit: a ${digit}` };
  });
}

/** The misread digits of which the model is most sure, at most `count`, and how many are misread in all. */
export function mostConfidentlyMisread(
  set: DigitSet,
  reading: Reading,
  count: number,
): { digits: PickableDigit[]; total: number } {
  const misread = Array.from(set.labels.keys()).filter((row) => reading.digits[row] !== set.labels[row]);
  const surest = misread.toSorted((a, b) => (reading.confidence[b] as number) - (reading.confidence[a] as number));
  const digits = surest.slice(0, count).map((row) => {
    const read = reading.digits[row];
    const label = set.labels[row];
    const confidence = percentText(reading.confidence[row] as number, 0);
    return {
      pixels: digitPixels(set, row),
      caption: `${label} → ${read}`,
      description: `A ${label} that is read as ${read}, with ${confidence}`,
    };
  });
  return { digits, total: misread.length };
}

function rowsLabelled(set: DigitSet, digit: number): number[] {
  return Array.from(set.labels.keys()).filter((row) => set.labels[row] === digit);
}
