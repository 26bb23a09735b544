/** A fitted model as JSON: `{ format, version, classes, features, coef, intercept }`, numbers as float32 writes them shortest. */
import { FormatError } from "../errors.js";

/** What stands in the file. `coef` is W [features × classes], row by row. */
export interface ModelJson {
  readonly format: "luce/softmax-regression";
  readonly version: 1;
  readonly classes: readonly (number | string | boolean)[];
  readonly features: number;
  readonly coef: readonly number[];
  readonly intercept: readonly number[];
}

/** A model as it is read: W row by row, then b. */
export interface ModelContent {
  readonly classes: readonly (number | string | boolean)[];
  readonly features: number;
  readonly theta: Float32Array;
}

const FORMAT = "luce/softmax-regression";
const VERSION = 1;

export function writeModelJson({ classes, features, theta }: ModelContent): ModelJson {
  const split = features * classes.length;
  return {
    format: FORMAT,
    version: VERSION,
    classes: [...classes],
    features,
    coef: Array.from(theta.subarray(0, split), shortest),
    intercept: Array.from(theta.subarray(split), shortest),
  };
}

/** The shortest decimal number that float32 rounds to the same value: half the bytes of float64's. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/**
 * Reads what `writeModelJson` wrote, from an object or its text.
 * @throws FormatError BAD_JSON, BAD_VERSION (also for a later version), BAD_FIELD naming the field
 */
export function readModelJson(input: unknown): ModelContent {
  const json = typeof input === "string" ? parse(input) : input;
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new FormatError(
      "BAD_JSON",
      `fromJSON: this is no model: expected an object, got ${Array.isArray(json) ? "an array" : typeof json}.`,
    );
  }
  // Own properties only: what a prototype supplies is not in the file.
  const field = (name: string): unknown =>
    Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined;
  if (field("format") !== FORMAT) throw badField("format", JSON.stringify(FORMAT), field("format"));
  if (field("version") !== VERSION) {
    throw new FormatError(
      "BAD_VERSION",
      `fromJSON: unknown version: expected ${VERSION}, got ${String(field("version"))}. Update luce to read it.`,
    );
  }
  const classes = field("classes");
  if (!isClassList(classes)) throw badField("classes", "at least two different labels of one type", classes);
  const features = field("features");
  if (!Number.isSafeInteger(features) || (features as number) < 1)
    throw badField("features", "a positive integer", features);
  const count = features as number;
  const theta = new Float32Array((count + 1) * classes.length);
  copyNumbers("coef", field("coef"), theta.subarray(0, count * classes.length));
  copyNumbers("intercept", field("intercept"), theta.subarray(count * classes.length));
  return { classes: [...classes], features: count, theta };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError("BAD_JSON", "fromJSON: the text is not JSON.", cause);
  }
}

function isClassList(value: unknown): value is (number | string | boolean)[] {
  if (!Array.isArray(value) || value.length < 2 || new Set(value).size !== value.length) return false;
  const type = typeof value[0];
  if (type !== "number" && type !== "string" && type !== "boolean") return false;
  return value.every((label, i) => typeof label === type && (i === 0 || value[i - 1] < label));
}

function copyNumbers(name: string, value: unknown, to: Float32Array): void {
  if (!Array.isArray(value) || value.length !== to.length) {
    throw badField(name, `an array of ${to.length} numbers`, Array.isArray(value) ? `${value.length} of them` : value);
  }
  value.forEach((each: unknown, i) => {
    if (typeof each !== "number" || !Number.isFinite(Math.fround(each))) {
      throw badField(`${name}[${i}]`, "a number within float32's range", each);
    }
    to[i] = each;
  });
}

function badField(name: string, expected: string, got: unknown): FormatError {
  const shown = typeof got === "object" && got !== null ? "something else" : String(got);
  return new FormatError(
    "BAD_FIELD",
    `fromJSON: field \`${name}\` cannot be used: expected ${expected}, got ${shown.slice(0, 60)}.`,
  );
}
