/** Expected and predicted labels as class indices: the door of the metrics. Imports errors, known-options, data. */
import {
  declaredClasses,
  indexOfClasses,
  isLabel,
  type Label,
  listClasses,
  sortLabels,
  withoutNegativeZero,
} from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { isNumericArray, type NumericArray, refuseDetached } from "../data/numeric-array.js";
import { checkExactSampleWeight } from "../data/sample-weight.js";
import { DataError, LabelError, ShapeError } from "../errors.js";
import { requireKnownOptions } from "../known-options.js";

/** One label for each row. */
export type LabelList = readonly Label[] | NumericArray;

/** What all metrics take. */
export interface JudgeOptions {
  /** All classes there are, in the order of columns and results. The labels that occur, sorted, unless given. */
  readonly classes?: readonly Label[];
  /** A weight ≥ 0 for each row: 2 is the same as having it twice, 0 as leaving it out. */
  readonly sampleWeight?: NumericArray | readonly number[];
}

export interface JudgedLabels {
  readonly classes: readonly Label[];
  /** `[n]` class indices. */
  readonly expected: Int32Array;
  readonly predicted: Int32Array;
  readonly weights: Float64Array | undefined;
}

/**
 * @throws LabelError BAD_LABEL with the row; ShapeError when lengths differ; DataError EMPTY_INPUT, UNSUPPORTED_TYPE, BAD_WEIGHTS;
 *   OptionError
 */
export function judgedLabels(
  where: string,
  expected: LabelList,
  predicted: LabelList,
  options: JudgeOptions,
  further: readonly string[] = [],
): JudgedLabels {
  requireKnownOptions(options, ["classes", "sampleWeight", ...further], where);
  const truth = checkedList(expected, where, "the expected labels");
  const guess = checkedList(predicted, where, "the predicted labels");
  if (truth.length !== guess.length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: expected and predicted labels differ in length: expected ${truth.length}, got ${guess.length}.`,
    );
  }
  const classes = classesOf(where, options.classes, [truth, guess]);
  return {
    classes,
    expected: indicesOf(where, truth, classes),
    predicted: indicesOf(where, guess, classes),
    weights: options.sampleWeight && checkExactSampleWeight(options.sampleWeight, truth.length, where),
  };
}

/** Labels in an array that is neither empty nor detached, not yet looked through. */
export function checkedList(labels: LabelList, where: string, name: string): ArrayLike<unknown> {
  const given: unknown = labels;
  if (isNumericArray(given)) refuseDetached(given, { where, name });
  else if (!Array.isArray(given)) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: ${name} have an unsupported type: expected an array of labels or a typed array, got ${describeValue(given)}.`,
    );
  }
  if (labels.length > 0) return labels as ArrayLike<unknown>;
  throw new DataError("EMPTY_INPUT", `${where}: ${name} are empty: expected one for each row, got none.`);
}

/** The declared classes in the order given, or all labels that occur, sorted. */
export function classesOf(
  where: string,
  declared: readonly Label[] | undefined,
  lists: readonly ArrayLike<unknown>[],
): readonly Label[] {
  if (declared !== undefined) {
    declaredClasses(declared, where);
    return declared.map(withoutNegativeZero);
  }
  const found = new Set<Label>();
  for (const labels of lists) {
    for (let row = 0; row < labels.length; row++) {
      const label = labels[row];
      if (found.has(label as Label)) continue;
      if (!isLabel(label) || typeof label !== typeof lists[0][0]) {
        const expected = isLabel(lists[0][0]) ? `a ${typeof lists[0][0]}` : "a finite number, a string or a boolean";
        throw badLabel(where, row, expected, label);
      }
      found.add(withoutNegativeZero(label));
    }
  }
  return sortLabels([...found]);
}

export function indicesOf(where: string, labels: ArrayLike<unknown>, classes: readonly Label[]): Int32Array {
  const known = indexOfClasses(classes);
  const indices = new Int32Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const index = known.get(labels[row]);
    if (index === undefined) throw badLabel(where, row, `one of the classes ${listClasses(classes)}`, labels[row]);
    indices[row] = index;
  }
  return indices;
}

function badLabel(where: string, row: number, expected: string, got: unknown): LabelError {
  const remedy = got === null ? " Leave rejected rows out." : "";
  return new LabelError(
    "BAD_LABEL",
    `${where}: there is no usable label at row ${row}: expected ${expected}, got ${describeValue(got)}.${remedy}`,
  );
}
