/**
 * A fitted model as JSON: `{ format, version, classes, features, coef, intercept }`, numbers as float32 writes them shortest; and
 * `temperature` where the model is calibrated. A reader that does not know it predicts the same labels, with uncalibrated probabilities.
 * `options` where training goes by others than the defaults.
 */
import { describeValue } from "../data/describe-value.js";
import { FormatError } from "../errors.js";
import { duplicateKey } from "./duplicate-key.js";

/** Options of a model by name, as they are in JSON; of class weights that were a Map the entries. */
export type SavedOptions = Readonly<Record<string, unknown>>;

/** What stands in the file. `coef` is W [features × classes], row by row. */
export interface ModelJson {
  /** Says what the object is. */
  readonly format: "luce/softmax-regression";
  /** Of this layout. */
  readonly version: 1;
  /** Sorted, k of them. */
  readonly classes: readonly (number | string | boolean)[];
  /** d */
  readonly features: number;
  /** W [d×k], row by row. */
  readonly coef: readonly number[];
  /** b [k] */
  readonly intercept: readonly number[];
  /** T > 0: probabilities are softmax(scores / T). 1 where it is missing. */
  readonly temperature?: number;
  /** Those that training goes by, where they are plain data and not the defaults. */
  readonly options?: SavedOptions;
}

/** A model as it is read: W row by row, then b. */
export interface ModelContent {
  readonly classes: readonly (number | string | boolean)[];
  readonly features: number;
  readonly theta: Float32Array;
  readonly temperature?: number;
  /** As the file has them: whoever makes a model looks at what they are. */
  readonly options?: SavedOptions;
}

const FORMAT = "luce/softmax-regression";
const VERSION = 1;

export function writeModelJson({ classes, features, theta, temperature = 1, options = {} }: ModelContent): ModelJson {
  const split = features * classes.length;
  return {
    format: FORMAT,
    version: VERSION,
    classes: [...classes],
    features,
    coef: Array.from(theta.subarray(0, split), shortest),
    intercept: Array.from(theta.subarray(split), shortest),
    ...(temperature === 1 ? {} : { temperature }),
    ...(Object.keys(options).length > 0 && { options }),
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
    throw new FormatError("BAD_JSON", `fromJSON: this is no model: expected an object, got ${describeValue(json)}.`);
  }
  // Own properties only: what a prototype supplies is not in the file.
  const field = (name: string): unknown =>
    Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined;
  if (field("format") !== FORMAT) throw badField("format", JSON.stringify(FORMAT), field("format"));
  if (field("version") !== VERSION) {
    throw new FormatError(
      "BAD_VERSION",
      `fromJSON: unknown version: expected ${VERSION}, got ${describeValue(field("version"))}. Update luce to read a later one.`,
    );
  }
  const classes = field("classes");
  if (!isClassList(classes)) throw badField("classes", "at least two different labels of one type", classes);
  const features = field("features");
  if (!Number.isSafeInteger(features) || (features as number) < 1)
    throw badField("features", "a positive integer", features);
  const count = features as number;
  // Lengths first: a number in a file must not decide how much memory is taken.
  const coef = numbersOf("coef", field("coef"), count * classes.length);
  const intercept = numbersOf("intercept", field("intercept"), classes.length);
  const temperature = field("temperature") ?? 1;
  if (typeof temperature !== "number" || !(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw badField("temperature", "a finite number > 0", temperature);
  }
  const options = field("options");
  if (options !== undefined && !isSavedOptions(options)) throw badField("options", "an object", options);
  const theta = new Float32Array(coef.length + intercept.length);
  theta.set(coef);
  theta.set(intercept, coef.length);
  // A file may say −0; as a class it is 0.
  return {
    classes: classes.map((label) => (label === 0 ? 0 : label)),
    features: count,
    theta,
    ...(temperature === 1 ? {} : { temperature }),
    // A copy, so that what is looked at is what is used.
    ...(options && { options: { ...options } }),
  };
}

export const isSavedOptions = (value: unknown): value is SavedOptions =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parse(text: string): unknown {
  const json = parsed(text);
  const twice = duplicateKey(text);
  if (twice === undefined) return json;
  throw new FormatError(
    "DUPLICATE_KEY",
    `fromJSON: the text is ambiguous: expected each key once in an object, got ${describeValue(twice)} twice.`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError("BAD_JSON", "fromJSON: the text is not JSON.", cause);
  }
}

function isClassList(value: unknown): value is (number | string | boolean)[] {
  if (!Array.isArray(value) || value.length < 2) return false;
  const type = typeof value[0];
  if (type !== "number" && type !== "string" && type !== "boolean") return false;
  // Sorted and each once, as the columns of coef are; an index loop, since `every` would pass over holes.
  for (let i = 0; i < value.length; i++) {
    const label: unknown = value[i];
    if (typeof label !== type || (type === "number" && !Number.isFinite(label))) return false;
    if (i > 0 && !(value[i - 1] < value[i])) return false;
  }
  return true;
}

/** The field's numbers. Throws unless there are `length` of them, each within float32. */
function numbersOf(name: string, value: unknown, length: number): readonly number[] {
  if (!Array.isArray(value) || value.length !== length) throw badField(name, `an array of ${length} numbers`, value);
  // A copy, so that what was checked is what is used.
  const values: unknown[] = Array.from(value);
  for (let i = 0; i < length; i++) {
    const each = values[i];
    if (typeof each !== "number" || !Number.isFinite(Math.fround(each))) {
      throw badField(`${name}[${i}]`, "a number within float32's range", each);
    }
  }
  return values as number[];
}

function badField(name: string, expected: string, got: unknown): FormatError {
  return new FormatError(
    "BAD_FIELD",
    `fromJSON: field \`${name}\` cannot be used: expected ${expected}, got ${describeValue(got)}.`,
  );
}
