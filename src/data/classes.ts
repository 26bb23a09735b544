/** Classes: what a label may be, and the order in which labels become indices. Imports errors and its neighbours in this folder. */

import { LabelError, OptionError } from "../errors.js";
import { describeValue } from "./describe-value.js";

/** The name of a class. */
export type Label = number | string | boolean;

/** Whether `value` can name a class. NaN and infinities cannot: they stand for something missing. */
export function isLabel(value: unknown): value is Label {
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}

/** The same label with −0 turned into 0: as keys they are equal, so as classes they must not differ. */
export const withoutNegativeZero = (label: Label): Label => (label === 0 ? 0 : label);

/** A sorted copy of labels of one type: numbers by size, strings by UTF-16 code units, false before true. */
export function sortLabels(labels: readonly Label[]): Label[] {
  return labels.slice().sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** From a class to its index. A Map, so that `__proto__` and `constructor` are classes like any other. */
export function indexOfClasses(classes: readonly Label[]): Map<unknown, number> {
  return new Map(classes.map((label, index) => [label, index]));
}

/**
 * The option `classes`, sorted. Throws OptionError BAD_OPTION unless it lists labels of one type, none of them twice,
 * and LabelError ONE_CLASS for fewer than two.
 */
export function declaredClasses(classes: readonly Label[], where: string): Label[] {
  const given: unknown = classes;
  if (!Array.isArray(given)) throw badClasses(`an array of labels, got ${describeValue(given)}`, where);
  const seen = new Set<unknown>();
  for (const label of given as readonly unknown[]) {
    if (!isLabel(label)) throw badClasses(`numbers, strings or booleans, got ${describeValue(label)}`, where);
    if (typeof label !== typeof given[0]) {
      throw badClasses(`labels of one type, got ${describeValue(given[0])} and ${describeValue(label)}`, where);
    }
    if (seen.has(label)) throw badClasses(`each label once, got ${describeValue(label)} twice`, where);
    seen.add(label);
  }
  refuseOneClass(classes, where);
  return sortLabels(classes.map(withoutNegativeZero));
}

function badClasses(expectedAndGot: string, where: string): OptionError {
  return new OptionError("BAD_OPTION", `${where}: option \`classes\` cannot be used: expected ${expectedAndGot}.`);
}

/** Throws LabelError ONE_CLASS for fewer than two classes: there would be nothing to tell apart. */
export function refuseOneClass(classes: readonly Label[], where: string): void {
  if (classes.length >= 2) return;
  const got = classes.length === 0 ? "none" : `only ${describeValue(classes[0])}`;
  throw new LabelError(
    "ONE_CLASS",
    `${where}: there is nothing to tell apart: expected labels of at least two classes, got ${got}. ` +
      "Add rows of another class, or name all classes in the option `classes`.",
  );
}

/** Throws OptionError BAD_OPTION where the label of rows that count for nothing is a class: none of its rows could be trained or judged on. */
export function refuseIgnoredClass(classes: readonly Label[], ignore: unknown, where: string): void {
  if (ignore === undefined || !classes.includes(ignore as Label)) return;
  throw new OptionError(
    "BAD_OPTION",
    `${where}: option \`ignoreLabel\` is a class: expected none of ${listClasses(classes)}, got ${describeValue(ignore)}.`,
  );
}

const MOST_LISTED = 10;

/** The classes as a message lists them: `0, 1, 2`, and of many the first ten. */
export function listClasses(classes: readonly Label[]): string {
  const listed = classes
    .slice(0, MOST_LISTED)
    .map((label) => (typeof label === "string" ? JSON.stringify(label) : label));
  return classes.length > MOST_LISTED ? `${listed.join(", ")}, … (${classes.length} classes)` : listed.join(", ");
}
