import { describe, expect, test } from "vitest";
import { DataError, LabelError, OptionError, ShapeError } from "../../../src/errors.js";
import { encodeAgainst, encodeLabels, type Label, type LabelsLike } from "../../../src/model/labels.js";
import { expectFault } from "../data/fault.js";

/** The compiler refuses most of these; a caller without types does not have it. */
const encode = (y: unknown, rows: number, classes?: unknown) =>
  encodeLabels(y as LabelsLike, rows, {
    where: "fit",
    ...(classes === undefined ? {} : { classes: classes as readonly Label[] }),
  });

describe("labels that name no class", () => {
  const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

  test.each([-1, 10, 3.5, Number.NaN, Number.POSITIVE_INFINITY, "3", true, null, undefined, {}])(
    "%s where the digits are declared: row and allowed classes are named",
    (label) => {
      const y = [0, 1, 2, label, 4];
      expectFault(() => encode(y, 5, digits), LabelError, "BAD_LABEL", "fit: y", "row 3", "0, 1, 2, 3", "got ");
      expectFault(
        () => encodeAgainst(digits, y as Label[], 5, { where: "score" }),
        LabelError,
        "BAD_LABEL",
        "score: y",
        "row 3",
      );
    },
  );

  test("the message is whole", () => {
    const error = expectFault(() => encode(["cat", "cow"], 2, ["dog", "cat"]), LabelError, "BAD_LABEL");
    expect(error.message).toBe(
      'fit: y has no usable label at row 1: expected one of the classes "cat", "dog", got the string "cow". Correct or drop the row.',
    );
  });

  test("of many classes ten are listed", () => {
    const many = Array.from({ length: 1000 }, (_, index) => index);
    const error = expectFault(() => encode([1000], 1, many), LabelError, "BAD_LABEL", "9, … (1000 classes)");
    expect(error.message).not.toContain("10,");
  });

  test.each([[Number.NaN], [Number.NEGATIVE_INFINITY], [null], [undefined], [1n], [{}], [[1]], [Symbol("a")]])(
    "no class is taken from %s",
    (label) => {
      expectFault(
        () => encode([0, 1, label], 3),
        LabelError,
        "BAD_LABEL",
        "row 2",
        "a finite number, a string or a boolean",
      );
    },
  );

  test("a gap in the array, and NaN in a typed one", () => {
    const gappy: number[] = [0, 1];
    gappy[3] = 1;
    expectFault(() => encode(gappy, 4), LabelError, "BAD_LABEL", "row 2", "got undefined");
    expectFault(() => encode(Float32Array.of(0, 1, Number.NaN), 3), LabelError, "BAD_LABEL", "row 2", "got NaN");
  });

  test.each([[[1, 2, "1"]], [["a", "b", 1]], [[false, true, 1]], [["a", "b", true]]])(
    "types are not mixed: %j",
    (y) => {
      expectFault(() => encode(y, 3), LabelError, "BAD_LABEL", "row 2", `expected a ${typeof y[0]} as in row 0`);
    },
  );
});

describe("too few classes", () => {
  test.each([[[3, 3, 3]], [["a", "a"]], [[true]]])("only one among the labels: %j", (y) => {
    expectFault(() => encode(y, y.length), LabelError, "ONE_CLASS", "at least two classes", "got only");
  });

  test("only one, or none, declared", () => {
    expectFault(() => encode([1], 1, [1]), LabelError, "ONE_CLASS", "got only 1");
    expectFault(() => encode([1], 1, []), LabelError, "ONE_CLASS", "got none");
  });
});

describe("declared classes that cannot be used", () => {
  test.each([
    ["one twice", ["a", "b", "a"], 'the string "a" twice'],
    ["0 and −0", [0, 1, -0], "-0 twice"],
    ["mixed types", ["a", 1], 'the string "a" and 1'],
    ["NaN", [0, Number.NaN], "got NaN"],
    ["null", [0, null], "got null"],
    ["no array", "ab", 'got the string "ab"'],
    ["a typed array", Int32Array.of(0, 1), "got an Int32Array of length 2"],
  ])("%s", (_, classes, got) => {
    expectFault(() => encode([0, 1], 2, classes), OptionError, "BAD_OPTION", "fit: option `classes`", got);
  });

  test("unsorted ones beside a matrix of targets, whose columns would be mixed up", () => {
    const y = [[1, 0]];
    expectFault(() => encode(y, 1, ["b", "a"]), OptionError, "BAD_OPTION", '"a", "b", got "b", "a"', "Sort");
  });
});

describe("lengths that differ", () => {
  test.each([
    ["labels", ["a", "b"]],
    ["a typed array", Uint8Array.of(1, 2)],
    ["a one-column tensor", { data: [1, 2], shape: [2, 1] }],
    [
      "targets",
      [
        [1, 0],
        [0, 1],
      ],
    ],
  ])("%s: both lengths are named", (_, y) => {
    expectFault(() => encode(y, 3), ShapeError, "SHAPE_MISMATCH", "fit: X and y differ", "3 rows of X", "got 2");
  });

  test("no labels at all", () => {
    expectFault(() => encode([], 3), ShapeError, "SHAPE_MISMATCH", "got 0");
  });

  test("a one-column tensor that does not fill its shape", () => {
    const y = { data: [0, 1, 1], shape: [2, 1] };
    expectFault(() => encode(y, 2), ShapeError, "SHAPE_MISMATCH", "expected 2 labels, got 3");
  });

  test("as many columns as there are classes", () => {
    const y = [[0.5, 0.5, 0]];
    expectFault(
      () => encode(y, 1, ["a", "b"]),
      ShapeError,
      "SHAPE_MISMATCH",
      'expected 2 columns for "a", "b"',
      "got 3",
    );
    expectFault(
      () => encodeAgainst([0, 1, 2, 3], y, 1, { where: "score" }),
      ShapeError,
      "SHAPE_MISMATCH",
      "score: ",
      "got 3",
    );
  });
});

describe("targets that are no distribution", () => {
  test("a negative one", () => {
    const y = [
      [1, 0],
      [1.5, -0.5],
    ];
    expectFault(() => encode(y, 2), LabelError, "BAD_LABEL", "negative probability at row 1, column 1", "got -0.5");
  });

  test.each([[[0.5, 0.4998]], [[0.5, 0.5002]], [[0, 0]], [[1, 1]]])("%j does not add up to 1", (row) => {
    expectFault(() => encode([[1, 0], row], 2), LabelError, "BAD_LABEL", "row 1", "expected 1 within 0.0001");
  });

  test("NaN and ragged rows are the matrix's own faults", () => {
    expectFault(() => encode([[Number.NaN, 1]], 1), DataError, "NON_FINITE_INPUT", "fit: y contains NaN at row 0");
    expectFault(() => encode([[1, 0], [1]], 2), ShapeError, "RAGGED_ROWS", "row 1");
  });

  test("a nested single column says what to do", () => {
    expectFault(() => encode([[0], [1]], 2), ShapeError, "SHAPE_MISMATCH", "one column", "y.flat()");
  });
});

describe("types that hold no labels", () => {
  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a string", "aab"],
    ["a number", 1],
    ["an object", { 0: 1, length: 1 }],
    ["BigInt64Array", BigInt64Array.of(0n)],
    ["data: BigInt64Array", { data: BigInt64Array.of(0n), dims: [1] }],
    ["labels with a scale", { data: [1], shape: [1], scale: 2 }],
    ["a set", new Set([1])],
  ])("%s", (_, y) => {
    expectFault(() => encode(y, 1), DataError, "UNSUPPORTED_TYPE", "fit: ", "y");
  });

  test("a detached buffer", () => {
    const y = Int32Array.of(0, 1);
    structuredClone(y, { transfer: [y.buffer] });
    expectFault(() => encode(y, 2), DataError, "DETACHED_BUFFER", "fit: the buffer of y");
    expectFault(() => encode({ data: y, shape: [2] }, 2), DataError, "DETACHED_BUFFER", "fit: the buffer of y");
  });
});
