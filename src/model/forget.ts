/**
 * Exact forgetting: the optimum without some rows, from where the model is. A function rather than a member of the class, so that
 * a bundler leaves it out of pages that do not call it.
 */
import { listClasses } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import type { NumericArray } from "../data/matrix.js";
import { isNumericArray, refuseDetached } from "../data/numeric-array.js";
import { inTurns } from "../engine/in-turns.js";
import { LabelError, OptionError } from "../errors.js";
import { ROWS_TABLE } from "./check-options.js";
import { trainModel } from "./fit-model.js";
import type { LabelsLike } from "./labels.js";
import { likeliestClasses } from "./labels.js";
import type { Features, ForgetOptions } from "./model-options.js";
import { checkOptions } from "./options.js";
import type { FitReport } from "./report.js";
import { SoftmaxRegression } from "./softmax-regression.js";
import type { CheckedData } from "./training-data.js";
import { checkData, weighted } from "./training-data.js";
import { warmStartFrom } from "./warm-start.js";

/** Share of what the forgotten rows pulled by that may be left of it. */
const LEFT = 0.01;

/**
 * Makes a fitted model what it would be had it never seen some of its rows: minimises J over all other rows, by L-BFGS whatever the model's
 * solver, from the weights it has, which takes fewer passes than a fit from zero. `x` and `y` are all rows, as
 * they were fitted on; `rows` are the numbers of those to forget, or n truth values, true for those to forget. They get weight 0, which is exactly as if they were not there, also for
 * what `standardize` and `classWeight: "balanced"` count.
 *
 * It ends when max |dJ| is within the model's tolerance and a hundredth of what it was at the start, which is what the forgotten rows
 * had pulled by; or within 1e-7, where float32 sees no more. With `l2` > 0 the optimum is unique and J l2-strongly convex in W, so that
 * weights where it has a gradient g are within ‖g‖/l2 of the optimum. Rows must be left of each class; `removeClass` removes one.
 *
 * @throws NotFittedError, DisposedError, BusyError; OptionError for row numbers that are none, or that leave no rows; LabelError for classes
 *   other than the model's, or of which no row is left; all else that `fit` throws
 */
export async function forget(
  model: SoftmaxRegression,
  x: Features,
  y: LabelsLike,
  rows: readonly number[] | readonly boolean[] | NumericArray,
  forgetOptions: ForgetOptions = {},
): Promise<FitReport> {
  const state = SoftmaxRegression.stateOf(model);
  state.requireAlive("forget");
  state.requireIdle("forget");
  state.requireTrainable("forget");
  const fitted = state.requireFitted("forget");
  const given = checkOptions(forgetOptions, ROWS_TABLE, "forget") as ForgetOptions;
  const leaving = copyOf(rows);
  const options = { ...state.options, solver: "lbfgs" } as const;
  const { advice, ...report } = await trainModel(state, "forget", given.signal, async (throwIfStopped) => {
    const unweighted = { ...options, classes: fitted.classes, classWeight: undefined };
    const all = await inTurns(checkData(x, y, given, unweighted, "forget"), throwIfStopped);
    const left = (all.weights ?? new Float32Array(all.x.rows).fill(1)).slice();
    for (const row of rowNumbers(leaving, all.x.rows)) left[row] = 0;
    requireEachClass(all, left);
    const data = { ...weighted({ ...all, weights: left }, options, "forget"), validation: undefined };
    const start = warmStartFrom(fitted, data, options, "forget");
    return { data, options, fit: { ...given, earlyStopping: undefined }, start, shareOfStart: LEFT };
  });
  // Where float32 sees no more of a pull that the model's own tolerance would not have seen, it is forgotten.
  const forgotten = (report.gradientNorm ?? Number.POSITIVE_INFINITY) <= options.tolerance;
  return { ...report, converged: report.converged || forgotten, ...(forgotten || !advice ? {} : { advice }) };
}

/** A copy, which nothing that the caller does later changes. */
function copyOf(given: readonly number[] | readonly boolean[] | NumericArray): readonly unknown[] {
  if (ArrayBuffer.isView(given)) refuseDetached(given, { where: "forget", name: "rows" });
  if (Array.isArray(given) || isNumericArray(given)) return Array.from(given as ArrayLike<unknown>);
  throw new OptionError(
    "BAD_OPTION",
    `forget: rows are not a list: expected row numbers, or true or false for each row, got ${describeValue(given)}.`,
  );
}

/** The numbers of the rows to forget. */
function rowNumbers(given: readonly unknown[], rows: number): readonly number[] {
  if (typeof given[0] === "boolean") return rowsOfMask(given, rows);
  if (given.length === rows && given.every((value) => value === 0 || value === 1)) {
    // As row numbers it would tell of the first two rows again and again, and forget the wrong ones without a word.
    throw new OptionError(
      "BAD_OPTION",
      `forget: rows are 0 and 1, as many as there are rows: expected row numbers, or true or false for each row, got ${rows} of them. ` +
        "Pass Array.from(rows, Boolean) if 1 marks a row to forget.",
    );
  }
  const wrong = given.findIndex((row) => !(Number.isInteger(row) && (row as number) >= 0 && (row as number) < rows));
  if (wrong < 0) return given as readonly number[];
  throw new OptionError(
    "BAD_OPTION",
    `forget: rows has no row number at ${wrong}: expected an integer in 0 … ${rows - 1}, got ${describeValue(given[wrong])}.`,
  );
}

function rowsOfMask(given: readonly unknown[], rows: number): number[] {
  if (given.length !== rows) {
    throw new OptionError(
      "BAD_OPTION",
      `forget: rows are not one truth value for each row: expected ${rows}, got ${given.length}.`,
    );
  }
  return given.flatMap((leaves, row) => {
    if (typeof leaves === "boolean") return leaves ? [row] : [];
    throw new OptionError(
      "BAD_OPTION",
      `forget: rows has no truth value at ${row}: expected true or false as at 0, got ${describeValue(leaves)}.`,
    );
  });
}

/** Without a row of a class its intercept has no optimum: it would sink for ever. */
function requireEachClass({ y }: CheckedData, weights: Float32Array): void {
  const k = y.classes.length;
  const mass = new Float64Array(k);
  if (y.kind === "labels") {
    likeliestClasses(y).forEach((j, row) => {
      mass[j] += weights[row];
    });
  } else {
    y.targets.forEach((q, e) => {
      mass[e % k] += q * weights[Math.floor(e / k)];
    });
  }
  const gone = y.classes.filter((_, j) => mass[j] === 0);
  if (gone.length === 0) return;
  throw new LabelError(
    "BAD_LABEL",
    `forget: no row is left of ${listClasses(gone)}: expected one at least of each class. Remove the class with removeClass, and fit the others' rows.`,
  );
}
