/** Whether a value is an object of one of several forms, each known by its name, with fields in their ranges. Imports nothing. */

export type Range = (value: unknown) => boolean;

/** What each field may be besides the name, by form. */
export type Forms = Readonly<Record<string, Readonly<Record<string, Range>>>>;

export const positive: Range = (value) => typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY;
export const optional =
  (range: Range): Range =>
  (value) =>
    value === undefined || range(value);
export const oneOf =
  (...values: readonly unknown[]): Range =>
  (value) =>
    values.includes(value);

/** The form's name stands in the field `tag`; no other field is let pass than those of the form. */
export function isTagged(value: unknown, tag: string, forms: Forms): boolean {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Readonly<Record<string, unknown>>;
  const name = given[tag];
  const fields = typeof name === "string" && Object.hasOwn(forms, name) ? forms[name] : undefined;
  if (!fields) return false;
  const known = Object.keys(given).every((field) => field === tag || Object.hasOwn(fields, field));
  return known && Object.entries(fields).every(([field, range]) => range(given[field]));
}
