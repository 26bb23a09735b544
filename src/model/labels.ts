/**
 * From the caller's labels to the indices or target probabilities that training works on, and back.
 * Imports errors, data and its neighbours in this folder.
 */

import {
  declaredClasses,
  indexOfClasses,
  isLabel,
  type Label,
  listClasses,
  refuseIgnoredClass,
  refuseOneClass,
  sortLabels,
  withoutNegativeZero,
} from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { readable } from "../data/readable.js";
import { DataError, LabelError, OptionError, ShapeError } from "../errors.js";
import { type LabelForm, type LabelsLike, labelForm } from "./label-form.js";

export type { Label } from "../data/classes.js";
export { checkSampleWeight } from "../data/sample-weight.js";
export type { LabelsLike } from "./label-form.js";

/** One class for each row: `classes[indices[row]]` is the row's label. */
export interface IndexLabels {
  readonly kind: "labels";
  readonly classes: Label[];
  readonly indices: Int32Array;
  /** 1 for each row whose label is to be ignored, whose index means nothing; missing where there is none. */
  readonly ignored?: Uint8Array;
}

/** A distribution over the classes for each row: `targets [n×k]`, row-major, each row adding up to 1. */
export interface SoftLabels {
  readonly kind: "soft";
  readonly classes: Label[];
  readonly targets: Float32Array;
}

export type EncodedLabels = IndexLabels | SoftLabels;

export interface EncodeLabelsOptions {
  /** All classes there are, where the rows may lack some. Taken from the labels unless given. */
  readonly classes?: readonly Label[];
  /** The label of rows that count for nothing. */
  readonly ignore?: Label | null | undefined;
  /** The call named in messages, such as `fit`. */
  readonly where: string;
}

/**
 * The classes, sorted, and for each of `rows` rows its class or its distribution over them. The columns of a matrix of
 * targets are the sorted classes, or 0, 1, …, k − 1 where none are declared.
 *
 * @throws LabelError BAD_LABEL for a label that is none, of another type than the first, or not declared, with its row,
 *   and for targets that are negative or do not add up to 1 within 1e-4; ONE_CLASS when there are fewer than two
 * @throws ShapeError SHAPE_MISMATCH when y has another number of rows than X, or of columns than there are classes
 * @throws DataError for a y that is neither labels nor targets; OptionError BAD_OPTION for `classes` that cannot be used
 */
export function encodeLabels(
  y: LabelsLike,
  rows: number,
  { classes, ignore, where }: EncodeLabelsOptions,
): EncodedLabels {
  const declared = classes === undefined ? undefined : declaredClasses(classes, where);
  return readable({ where, name: "y" }, () => encoded(labelForm(y, rows, where), declared, { classes, ignore, where }));
}

function encoded(
  form: LabelForm,
  declared: readonly Label[] | undefined,
  {
    classes,
    ignore,
    where,
  }: { readonly classes: readonly Label[] | undefined; readonly ignore: unknown; readonly where: string },
): EncodedLabels {
  if (form.kind === "labels") {
    return declared === undefined
      ? collectClasses(form.labels, ignore, where)
      : lookUp(declared, form.labels, ignore, where);
  }
  if (classes !== undefined && declared?.some((label, index) => label !== classes[index])) {
    // Taking the columns in another order than predictProba gives them back would sooner or later mix up classes.
    throw new OptionError(
      "BAD_OPTION",
      `${where}: option \`classes\` is not sorted: expected the order of the columns of y, ${listClasses(declared)}, got ${listClasses(classes)}. ` +
        "Sort the classes and the columns alike.",
    );
  }
  return distributions(declared ?? Array.from({ length: form.columns }, (_, index) => index), form, where);
}

/**
 * The same against the classes of a fitted model, for scoring and validation; `classes` are sorted.
 * Throws as `encodeLabels` does where classes are declared.
 */
export function encodeAgainst(
  classes: readonly Label[],
  y: LabelsLike,
  rows: number,
  { ignore, where }: Omit<EncodeLabelsOptions, "classes">,
): EncodedLabels {
  return readable({ where, name: "y" }, () => {
    const form = labelForm(y, rows, where);
    return form.kind === "labels" ? lookUp(classes, form.labels, ignore, where) : distributions(classes, form, where);
  });
}

/** The labels that class indices stand for, in the order of the indices. */
export function decodeLabels(classes: readonly Label[], indices: ArrayLike<number>): Label[] {
  return Array.from(indices, (index, row) => {
    if (index >= 0 && index < classes.length) return classes[index];
    throw new DataError(
      "NON_FINITE_INPUT",
      `predict: row ${row} has scores that are no numbers: expected X · W + b within float32, got an overflow or NaN. Scale the features.`,
    );
  });
}

/** The class of each row; of a distribution the most probable one, and of equally probable ones the first. */
export function likeliestClasses(encoded: EncodedLabels): Int32Array {
  if (encoded.kind === "labels") return encoded.indices;
  const { targets, classes } = encoded;
  const indices = new Int32Array(targets.length / classes.length);
  for (let row = 0; row < indices.length; row++) {
    const start = row * classes.length;
    let best = 0;
    for (let index = 1; index < classes.length; index++) {
      if (targets[start + index] > targets[start + best]) best = index;
    }
    indices[row] = best;
  }
  return indices;
}

/** Takes note of the rows that have the label to ignore. */
class IgnoredRows {
  readonly #rows: number;
  readonly #label: unknown;
  #found: Uint8Array | undefined;

  constructor(rows: number, label: unknown) {
    this.#rows = rows;
    this.#label = label;
  }

  has(row: number, label: unknown): boolean {
    if (this.#label === undefined || label !== this.#label) return false;
    this.#found ??= new Uint8Array(this.#rows);
    this.#found[row] = 1;
    return true;
  }

  get found(): { readonly ignored?: Uint8Array } {
    return this.#found ? { ignored: this.#found } : {};
  }
}

/** Numbers the classes as they turn up, then renumbers them in sorted order. */
function collectClasses(labels: ArrayLike<unknown>, ignore: unknown, where: string): IndexLabels {
  const indices = new Int32Array(labels.length);
  const ignored = new IgnoredRows(labels.length, ignore);
  let first = -1;
  const arrivals = new Map<Label, number>();
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row];
    if (ignored.has(row, label)) continue;
    if (first < 0) first = row;
    let index = arrivals.get(label as Label);
    if (index === undefined) {
      if (!isLabel(label)) {
        throw badLabel(row, "expected a finite number, a string or a boolean", label, where);
      }
      if (typeof label !== typeof labels[first]) {
        throw badLabel(row, `expected a ${typeof labels[first]} as in row ${first}`, label, where);
      }
      index = arrivals.size;
      arrivals.set(withoutNegativeZero(label), index);
    }
    indices[row] = index;
  }
  const classes = sortLabels([...arrivals.keys()]);
  refuseOneClass(classes, where);
  const sorted = indexOfClasses(classes);
  const renumbered = Int32Array.from(arrivals.keys(), (label) => sorted.get(label) as number);
  for (let row = 0; row < indices.length; row++) indices[row] = renumbered[indices[row]];
  return { kind: "labels", classes, indices, ...ignored.found };
}

function lookUp(classes: readonly Label[], labels: ArrayLike<unknown>, ignore: unknown, where: string): IndexLabels {
  const known = indexOfClasses(classes);
  refuseIgnoredClass(classes, ignore, where);
  const ignored = new IgnoredRows(labels.length, ignore);
  const indices = new Int32Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    if (ignored.has(row, labels[row])) continue;
    const index = known.get(labels[row]);
    if (index === undefined)
      throw badLabel(row, `expected one of the classes ${listClasses(classes)}`, labels[row], where);
    indices[row] = index;
  }
  return { kind: "labels", classes: [...classes], indices, ...ignored.found };
}

function distributions(
  classes: readonly Label[],
  { targets, columns }: Extract<LabelForm, { kind: "soft" }>,
  where: string,
): SoftLabels {
  if (columns === classes.length) return { kind: "soft", classes: [...classes], targets };
  throw new ShapeError(
    "SHAPE_MISMATCH",
    `${where}: the columns of y are not the classes: expected ${classes.length} columns for ${listClasses(classes)}, got ${columns}.`,
  );
}

function badLabel(row: number, expected: string, got: unknown, where: string): LabelError {
  return new LabelError(
    "BAD_LABEL",
    `${where}: y has no usable label at row ${row}: ${expected}, got ${describeValue(got)}. Correct or drop the row.`,
  );
}
