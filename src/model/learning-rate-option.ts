/** Whether a value can be the option `learningRate`. Types of the solvers only, which are loaded when a fit needs them. */
import type { LearningRateSchedule } from "../solvers/learning-rate.js";

type Fields = Readonly<Record<string, unknown>>;
type Range = (value: unknown) => boolean;

const positive: Range = (value) => typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY;
const notNegative: Range = (value) => value === 0 || positive(value);

/** What each field of a schedule may be. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  step: {
    initial: positive,
    factor: (value) => positive(value) && (value as number) <= 1,
    every: (value) => Number.isSafeInteger(value) && positive(value),
  },
  cosine: { initial: positive, final: (value) => value === undefined || notNegative(value) },
  "inverse-time": { initial: positive, decay: notNegative },
};

export function isLearningRate(value: unknown): value is number | LearningRateSchedule {
  if (typeof value === "number") return positive(value);
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  const given = value as Fields;
  const name = given.schedule;
  const fields = typeof name === "string" && Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (!fields) return false;
  const known = Object.keys(given).every((field) => field === "schedule" || Object.hasOwn(fields, field));
  return known && Object.entries(fields).every(([field, range]) => range(given[field]));
}
