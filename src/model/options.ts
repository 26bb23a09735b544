/**
 * Checks the options of a call against a table of what each may be. Imports errors, data and its neighbours.
 *
 *     const table = { l2: { kind: "number", min: 0, default: 0 }, solver: { kind: "choice", choices: ["lbfgs", "sgd"] } } as const;
 *     checkOptions({ l2: 0.1 }, table, "fit")   // { l2: 0.1, solver: undefined }
 */
import { describeValue } from "../data/describe-value.js";
import { readable } from "../data/readable.js";
import { OptionError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";

/** A finite number; with kind `integer` a whole one. The bounds belong to the range unless marked exclusive. */
export interface NumberRule {
  readonly kind: "number" | "integer";
  readonly min?: number;
  readonly max?: number;
  readonly exclusiveMin?: boolean;
  readonly exclusiveMax?: boolean;
  readonly default?: number;
}

export interface BooleanRule {
  readonly kind: "boolean";
  readonly default?: boolean;
}

/** One of a few words. */
export interface ChoiceRule<Choice extends string = string> {
  readonly kind: "choice";
  readonly choices: readonly Choice[];
  readonly default?: Choice;
}

/** Anything else: `accepts` tells whether a value will do, `expected` names what will, such as `a function`. */
export interface CustomRule<Value = unknown> {
  readonly kind: "custom";
  readonly accepts: (value: unknown) => value is Value;
  readonly expected: string;
  readonly default?: Value;
}

export type OptionRule = NumberRule | BooleanRule | ChoiceRule | CustomRule;
export type OptionTable = Readonly<Record<string, OptionRule>>;

type ValueOf<Rule> = Rule extends { kind: "number" | "integer" }
  ? number
  : Rule extends { kind: "boolean" }
    ? boolean
    : Rule extends { kind: "choice"; choices: readonly (infer Choice)[] }
      ? Choice
      : Rule extends { kind: "custom"; accepts: (value: unknown) => value is infer Value }
        ? Value
        : never;

/** Every option of the table with its value: given, else the default, else undefined. */
export type FilledOptions<Table extends OptionTable> = {
  readonly [Name in keyof Table]:
    | ValueOf<Table[Name]>
    | (Table[Name] extends { default: ValueOf<Table[Name]> } ? never : undefined);
};

/**
 * The options filled up with their defaults; an option that is undefined counts as not given.
 *
 * @throws OptionError BAD_OPTION with the allowed values and the one that was given; UNKNOWN_OPTION with the nearest name
 */
export function checkOptions<const Table extends OptionTable>(
  given: object | undefined,
  table: Table,
  where: string,
): FilledOptions<Table> {
  const options: unknown = given === undefined ? {} : given;
  const known = Object.keys(table);
  requireKnownOptions(options, known, where);
  const values = known.map((name) => {
    const rule = table[name];
    const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) return [name, rule.default];
    if (!readable({ where, name: `option \`${name}\`` }, () => fits(value, rule))) {
      throw new OptionError(
        "BAD_OPTION",
        `${where}: option \`${name}\` cannot be used: expected ${describeRule(rule)}, got ${describeValue(value)}.`,
      );
    }
    return [name, value];
  });
  return Object.fromEntries(values) as FilledOptions<Table>;
}

/** Whether the value is one that the rule allows. */
export function fits(value: unknown, rule: OptionRule): boolean {
  switch (rule.kind) {
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return typeof value === "string" && rule.choices.includes(value);
    case "custom":
      return rule.accepts(value);
    default:
      return typeof value === "number" && fitsNumber(value, rule);
  }
}

function fitsNumber(value: number, rule: NumberRule): boolean {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = rule;
  if (rule.kind === "integer" ? !Number.isSafeInteger(value) : !Number.isFinite(value)) return false;
  return (rule.exclusiveMin ? value > min : value >= min) && (rule.exclusiveMax ? value < max : value <= max);
}

function describeRule(rule: OptionRule): string {
  switch (rule.kind) {
    case "boolean":
      return "true or false";
    case "choice":
      return `one of ${rule.choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
    case "custom":
      return rule.expected;
    default: {
      const bounds: string[] = [];
      if (rule.min !== undefined) bounds.push(`${rule.exclusiveMin ? ">" : "≥"} ${rule.min}`);
      if (rule.max !== undefined) bounds.push(`${rule.exclusiveMax ? "<" : "≤"} ${rule.max}`);
      return [rule.kind === "integer" ? "an integer" : "a finite number", bounds.join(" and ")].join(" ").trim();
    }
  }
}
