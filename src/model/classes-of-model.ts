/**
 * Other classes for a fitted model, without another fit and without touching the classes it has. Functions rather than members of the
 * class, so that a bundler leaves them out of pages that do not call them.
 */
import { isLabel, type Label, listClasses, refuseOneClass, sortLabels, withoutNegativeZero } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { LabelError, OptionError } from "../errors.js";
import type { Fitted } from "./fitted.js";
import { temperatureOf } from "./fitted.js";
import type { ModelState } from "./model-state.js";
import { checkOptions } from "./options.js";
import { SoftmaxRegression } from "./softmax-regression.js";

/** How a class begins; one of the two at most. */
export interface AddClassOptions {
  /** The class to split: the new one gets its weights, and each gets half of its probability. */
  readonly from?: Label;
  /** Without `from`: the probability of the new class where x = 0, in (0, 1). Default 1 / (k + 1), k classes before. */
  readonly prior?: number;
}

const LABEL = { kind: "custom", accepts: isLabel, expected: "a label of the model" } as const;
const ADD_TABLE = {
  from: LABEL,
  prior: { kind: "number", min: 0, max: 1, exclusiveMin: true, exclusiveMax: true },
} as const;

/**
 * Adds a class to a fitted model: a column for it in `coef`, `intercept` and `classes`, which stay sorted. The old columns keep their
 * values, and the old classes their proportions: `P(j | x, not new)` is what `P(j | x)` was.
 *
 * By default `W_new = 0` and `b_new = T · (ln Σ_j exp(b_j / T) + ln(p / (1 − p)))`, so that a row of zeros has probability p = `prior` of being
 * new, T the temperature. With `from`, `W_new = W_from` and both intercepts are T·ln 2 lower than that of `from` was: what had been `from` is now
 * either with half of its probability, and no other class's probability changes. Train on, with `partialFit` or a warm start, to tell
 * the new class apart.
 *
 * @throws NotFittedError, DisposedError, BusyError; OptionError; LabelError BAD_LABEL for a class that there is already, that is of another
 *   type than the others, that is the model's `ignoreLabel`, or a `from` that there is not
 */
export function addClass(model: SoftmaxRegression, label: Label, options: AddClassOptions = {}): void {
  const { state, fitted } = modelToChange(model, "addClass");
  const { from, prior } = checkOptions(options, ADD_TABLE, "addClass");
  if (from !== undefined && prior !== undefined) {
    throw new OptionError(
      "BAD_OPTION",
      "addClass: option `prior` has no meaning beside `from`: expected one of them, since a class that is split has a probability.",
    );
  }
  if (!state.options.fitIntercept) {
    throw new OptionError(
      "BAD_OPTION",
      "addClass: the model has no intercept, which a new class needs: expected `fitIntercept` true, got false. Fit another model with all classes.",
    );
  }
  const added = requireNew(fitted.classes, label, state, "addClass");
  const source = from === undefined ? undefined : columnOf(fitted.classes, from, "addClass");
  const { features } = fitted;
  const temperature = temperatureOf(fitted);
  const columns = columnsOf(fitted);
  const column = columns[source ?? 0].slice();
  if (source === undefined) {
    column.fill(0);
    column[features] =
      temperature * (logSum(columns.map((c) => c[features] / temperature)) + oddsOf(prior ?? 1 / (columns.length + 1)));
  } else {
    column[features] -= temperature * Math.LN2;
    columns[source] = column;
  }
  state.fitted = rebuilt(fitted, [...fitted.classes, added], [...columns, column]);
}

/**
 * Gives a class another label. Nothing else changes but the order of the columns, where the new label sorts elsewhere.
 *
 * @throws NotFittedError, DisposedError, BusyError; LabelError BAD_LABEL for a `label` that is no class, or a `newLabel` that is one, is of
 *   another type than the others, or is the model's `ignoreLabel`
 */
export function renameClass(model: SoftmaxRegression, label: Label, newLabel: Label): void {
  const { state, fitted } = modelToChange(model, "renameClass");
  const column = columnOf(fitted.classes, label, "renameClass");
  const others = fitted.classes.filter((_, j) => j !== column);
  const renamed = requireNew(others, newLabel, state, "renameClass");
  const classes = fitted.classes.map((each, j) => (j === column ? renamed : each));
  const next = rebuilt(fitted, classes, columnsOf(fitted));
  // Columns that stay where they are stay the same memory, by which training on knows them again.
  const moved = next.theta.some((value, e) => value !== fitted.theta[e]);
  state.fitted = moved ? next : { ...next, theta: fitted.theta };
}

/**
 * Takes a class out of a fitted model: its column goes, the others keep their values, and the probabilities of a row are divided by what
 * is left of them. That is what the model would say if it were told that the row is not of this class.
 *
 * @throws NotFittedError, DisposedError, BusyError; LabelError BAD_LABEL for a label that is no class; ONE_CLASS when there are only two
 */
export function removeClass(model: SoftmaxRegression, label: Label): void {
  const { state, fitted } = modelToChange(model, "removeClass");
  const column = columnOf(fitted.classes, label, "removeClass");
  const left = fitted.classes.filter((_, j) => j !== column);
  refuseOneClass(left, "removeClass");
  state.fitted = rebuilt(
    fitted,
    left,
    columnsOf(fitted).filter((_, j) => j !== column),
  );
}

function modelToChange(model: SoftmaxRegression, where: string): { state: ModelState; fitted: Fitted } {
  const state = SoftmaxRegression.stateOf(model);
  state.requireAlive(where);
  state.requireIdle(where);
  return { state, fitted: state.requireFitted(where) };
}

function columnOf(classes: readonly Label[], label: Label, where: string): number {
  const column = classes.indexOf(label);
  if (column >= 0) return column;
  throw new LabelError(
    "BAD_LABEL",
    `${where}: there is no such class: expected one of ${listClasses(classes)}, got ${describeValue(label)}.`,
  );
}

function requireNew(classes: readonly Label[], label: Label, { options }: ModelState, where: string): Label {
  const type = typeof classes[0];
  if (!isLabel(label) || typeof label !== type) {
    throw new LabelError(
      "BAD_LABEL",
      `${where}: the label cannot be a class of this model: expected a ${type} as the others, got ${describeValue(label)}.`,
    );
  }
  if (options.ignoreLabel === label) {
    throw new LabelError(
      "BAD_LABEL",
      `${where}: the label is the option \`ignoreLabel\`, whose rows count for nothing: expected another, got ${describeValue(label)}.`,
    );
  }
  if (!classes.includes(label)) return withoutNegativeZero(label);
  throw new LabelError(
    "BAD_LABEL",
    `${where}: there is such a class already: expected none of ${listClasses(classes)}, got ${describeValue(label)}.`,
  );
}

/** The weights of each class, its intercept last: d + 1 values each. */
function columnsOf({ classes, features, theta }: Fitted): Float64Array[] {
  const k = classes.length;
  return classes.map((_, j) => Float64Array.from({ length: features + 1 }, (_, l) => theta[l * k + j]));
}

/** With these classes and their columns, sorted. */
function rebuilt(fitted: Fitted, classes: readonly Label[], columns: readonly Float64Array[]): Fitted {
  const sorted = sortLabels(classes);
  const k = sorted.length;
  const theta = new Float32Array((fitted.features + 1) * k);
  sorted.forEach((label, j) => {
    columns[classes.indexOf(label)].forEach((value, l) => {
      theta[l * k + j] = value;
    });
  });
  return { ...fitted, classes: sorted, theta };
}

/** ln(p / (1 − p)) */
const oddsOf = (p: number): number => Math.log(p / (1 - p));

function logSum(values: readonly number[]): number {
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, v) => sum + Math.exp(v - largest), 0));
}
