/** Refuses options that do not exist, and says what somebody probably meant to type. Imports errors only. */
import { OptionError } from "./errors.js";

/**
 * Throws unless every option has a known name: one that is misspelt must not be taken for one that is not given.
 * @throws OptionError UNKNOWN_OPTION with the nearest name; BAD_OPTION for options that are no object, or that throw when they are read
 */
export function requireKnownOptions(given: unknown, known: readonly string[], where: string): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: options must be an object, got ${given === null ? "null" : Array.isArray(given) ? "an array" : typeof given}.`,
    );
  }
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const question = nearest === undefined ? "" : ` Did you mean \`${nearest}\`?`;
    throw new OptionError(
      "UNKNOWN_OPTION",
      `${where}: unknown option \`${name}\`.${question} Known: ${known.join(", ")}.`,
    );
  }
  for (const name of known) requireReadable(given, name, where);
}

/** A getter of the caller's may throw anything. */
function requireReadable(given: object, name: string, where: string): void {
  try {
    void (given as Readonly<Record<string, unknown>>)[name];
  } catch (cause) {
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`${name}\` cannot be read: expected a value, got an error. \`cause\` is what its getter threw.`,
      cause,
    );
  }
}

/** Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b` (Damerau 1964). */
export function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], twoAbove[j - 2] + 1);
    }
    twoAbove = above;
    above = row;
  }
  return above[b.length];
}

/** The known name that `name` is nearest to, letter case aside, or undefined when more than a third of it would differ. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // The length alone bounds the distance, which spares the work on names of any length.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}
