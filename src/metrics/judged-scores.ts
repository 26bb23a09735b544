/** Expected labels beside scores or probabilities [n×k] in float64. Imports errors, known-options, half-float, data. */
import type { Label } from "../data/classes.js";
import { listClasses } from "../data/classes.js";
import { describeValue } from "../data/describe-value.js";
import { HalfElements } from "../data/element-source.js";
import type { MatrixData, MatrixLike, NumericArray, TensorData } from "../data/matrix.js";
import { checkedData, checkedShape } from "../data/matrix-from-data.js";
import { isNumericArray, refuseDetached } from "../data/numeric-array.js";
import { checkExactSampleWeight } from "../data/sample-weight.js";
import { DataError, ShapeError } from "../errors.js";
import { fromHalf } from "../half-float.js";
import { requireKnownOptions } from "../known-options.js";
import { checkedList, classesOf, indicesOf, type JudgeOptions, type LabelList } from "./judged-labels.js";

/**
 * Scores or probabilities: a matrix [n×k] whose columns are the classes, as `predictProba` gives it; for two classes also
 * `[n]`, those of the second class.
 */
export type ScoresLike = MatrixLike | NumericArray | readonly number[];

export interface JudgedScores {
  readonly classes: readonly Label[];
  /** `[n]` class indices. */
  readonly expected: Int32Array;
  /** [n×k] row by row; `[n]`, of the second class, where `single`. */
  readonly scores: Float64Array;
  readonly single: boolean;
  readonly weights: Float64Array | undefined;
}

/** @throws as `judgedLabels` does; ShapeError when the columns are not the classes; DataError NON_FINITE_INPUT for NaN */
export function judgedScores(
  where: string,
  expected: LabelList,
  scores: ScoresLike,
  options: JudgeOptions,
  further: readonly string[] = [],
): JudgedScores {
  requireKnownOptions(options, ["classes", "sampleWeight", ...further], where);
  const truth = checkedList(expected, where, "the expected labels");
  const classes = classesOf(where, options.classes, [truth]);
  const { data, rows, columns } = readScores(where, scores);
  const single = columns === undefined;
  if (rows !== truth.length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: labels and scores differ in length: expected ${truth.length} rows of scores, got ${rows}.`,
    );
  }
  if ((columns ?? 2) !== classes.length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: the columns are not the classes: expected ${classes.length} columns for ${listClasses(classes)}, ` +
        `got ${columns ?? "one score a row"}. Name all classes in the option \`classes\`, in the order of the columns.`,
    );
  }
  const fault = data.findIndex(Number.isNaN);
  if (fault >= 0) {
    const row = Math.floor(fault / (columns ?? 1));
    throw new DataError("NON_FINITE_INPUT", `${where}: the scores contain NaN at row ${row}.`);
  }
  return {
    classes,
    expected: indicesOf(where, truth, classes),
    scores: data,
    single,
    weights: options.sampleWeight && checkExactSampleWeight(options.sampleWeight, rows, where),
  };
}

interface ScoreMatrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number | undefined;
}

function readScores(where: string, scores: ScoresLike): ScoreMatrix {
  const argument = { where, name: "the scores" };
  const given: unknown = scores;
  if (isNumericArray(given)) {
    refuseDetached(given, argument);
    return { data: Float64Array.from(given as ArrayLike<number>), rows: given.length, columns: undefined };
  }
  if (Array.isArray(given)) return readRows(where, given);
  if (typeof given !== "object" || given === null || !("data" in given && ("shape" in given || "dims" in given))) {
    throw new DataError(
      "UNSUPPORTED_TYPE",
      `${where}: the scores have an unsupported type: expected { data, shape } or an array, got ${describeValue(given)}.`,
    );
  }
  const matrix = given as MatrixData | TensorData;
  const shape = checkedShape(matrix, argument);
  const found = checkedData(matrix, argument);
  const values = found instanceof HalfElements ? Float64Array.from(found.bits, fromHalf) : numbersOf(where, found, 0);
  const { scale = 1, offset = 0 } = matrix;
  const data = scale === 1 && offset === 0 ? values : values.map((v) => v * scale + offset);
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  const [rows, columns] = [shape[0], isColumn ? undefined : shape[1]];
  if (shape.length > 2 || rows * (columns ?? 1) !== data.length) {
    throw new ShapeError(
      "SHAPE_MISMATCH",
      `${where}: the scores do not fill their shape: expected [rows, classes], got [${shape.join(", ")}] over ${data.length} values.`,
    );
  }
  return { data, rows, columns };
}

function readRows(where: string, given: readonly unknown[]): ScoreMatrix {
  if (typeof given[0] === "number") return { data: numbersOf(where, given, 0), rows: given.length, columns: undefined };
  const first = given[0] as ArrayLike<unknown> | undefined;
  const columns = first?.length ?? 0;
  const data = new Float64Array(given.length * columns);
  for (let row = 0; row < given.length; row++) {
    const values: unknown = given[row];
    if (!Array.isArray(values) && !isNumericArray(values)) {
      throw new DataError(
        "UNSUPPORTED_TYPE",
        `${where}: the scores of row ${row} have an unsupported type: expected an array of numbers, got ${describeValue(values)}.`,
      );
    }
    if (values.length !== columns) {
      throw new ShapeError(
        "RAGGED_ROWS",
        `${where}: the rows of scores differ in length: expected ${columns} in row ${row}, got ${values.length}.`,
      );
    }
    data.set(numbersOf(where, values, row), row * columns);
  }
  return { data, rows: given.length, columns };
}

/** In float64. `firstRow` is where the values begin, for messages. */
function numbersOf(where: string, values: ArrayLike<unknown>, firstRow: number): Float64Array {
  const data = new Float64Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const value = values[i];
    if (typeof value !== "number") {
      throw new DataError(
        "UNSUPPORTED_TYPE",
        `${where}: the scores hold no number at value ${i} from row ${firstRow} on: expected a number, got ${describeValue(value)}.`,
      );
    }
    data[i] = value;
  }
  return data;
}
